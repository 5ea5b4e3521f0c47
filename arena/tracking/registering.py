"""The champion of a match as a logged model and a version of a registered one. Doing it twice is doing it once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from arena import __version__
from arena.faces.sources.drawn import Procedural
from arena.tracking import serving
from arena.tracking.champion import Champion

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel
    from mlflow.tracking import MlflowClient

NEEDED = ("torch", "torchvision", "numpy", "pillow", "safetensors")
"""Packages that a model says it needs. The arena is not among them: no registry of packages is asked for it."""


def register(client: MlflowClient, experiment_id: str, run_id: str, champion: Champion) -> None:
    """Log a model for a run and make it a version of the registered model of its name, unless both are there."""
    model = _logged(client, experiment_id, run_id, champion)
    ours = f"name='{champion.name}'"
    if not client.search_registered_models(ours):
        client.create_registered_model(champion.name, description="The detector of a match of the arena.")
    known = client.search_model_versions(ours)
    if not any(found.run_id == run_id and _is_of(champion, found.tags) for found in known):
        # Its place, not models:/ID, which a database asks the process-wide store for.
        place, said = model.artifact_location, _description(champion, model.model_id)
        client.create_model_version(
            champion.name, place, run_id, champion.tags, description=said, await_creation_for=0, model_id=model.model_id
        )


def _logged(client: MlflowClient, experiment_id: str, run_id: str, champion: Champion) -> LoggedModel:
    """The run's logged model of this round, whole; one that was begun and not finished is written again."""
    from mlflow.entities import LoggedModelOutput

    begun = client.search_logged_models([experiment_id], f"source_run_id='{run_id}'")
    model = next((found for found in begun if _is_of(champion, found.tags)), None)
    if model is None:
        model = client.create_logged_model(experiment_id, champion.name, run_id, champion.tags, model_type="detector")
    if str(model.status) != "READY":
        with tempfile.TemporaryDirectory(prefix="arena-") as folder:
            write(Path(folder, "model"), champion, run_id=run_id, model_id=model.model_id)
            client.log_model_artifacts(model.model_id, str(Path(folder, "model")))
        client.log_outputs(run_id, [LoggedModelOutput(model.model_id, champion.round)])
        client.finalize_logged_model(model.model_id, "READY")
    return model


def _is_of(champion: Champion, tags: Mapping[str, str]) -> bool:
    """Whether these are the tags of a model that its run made of this champion: a longer match has a later one."""
    return tags.get("round") == champion.tags["round"]


def write(folder: Path, champion: Champion, **ids: Any) -> None:
    """Write a champion as an MLflow model of the flavour `python_function`. `ids`: what MLflow calls it and its run.

    Its input example is a face that a renderer drew, so nobody's.
    """
    os.environ.setdefault("MLFLOW_UV_AUTO_DETECT", "false")  # a project in the current folder is none of its business
    import mlflow.pyfunc
    from mlflow.models import Model, ModelSignature
    from mlflow.types.schema import Schema, TensorSpec

    size = champion.image_size
    images, scores = TensorSpec(np.dtype(np.uint8), (-1, size, size, 3)), TensorSpec(np.dtype(np.float64), (-1,))
    drawn = next(Procedural(1).faces(size)).image
    mlflow.pyfunc.save_model(
        folder,
        loader_module=serving.__name__,
        data_path=str(champion.snapshot),
        mlflow_model=Model(**ids),
        signature=ModelSignature(Schema([images]), Schema([scores])),
        input_example=drawn[None],
        pip_requirements=[f"{package}=={version(package)}" for package in ("mlflow", *NEEDED)],
        metadata=dict(champion.card),
    )


def _description(champion: Champion, model_id: str) -> str:
    threshold = champion.card.get("threshold")
    called = "" if threshold is None else f" It calls a face fake from a score of {threshold:.4g} on."
    return (
        f"The detector `{champion.card['contender']}` after round {champion.round}, for faces of "
        f"{champion.image_size} x {champion.image_size} pixels, framed and coded as its metadata say.{called} "
        f"Serve it where arena {__version__} is installed and MLFLOW_TRACKING_URI is the address of this store: "
        f"`mlflow models serve -m models:/{model_id} --env-manager local`. {champion.card['licence']}"
    )
