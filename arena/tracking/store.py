"""An MLflow tracking store, reduced to what the arena does with it."""

from __future__ import annotations

import json
import os
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from arena.commandline import command
from arena.store.home import MatchRow
from arena.store.outbox import Errand
from arena.tracking import view
from arena.types import ArenaError

if TYPE_CHECKING:  # an entry needs what draws figures, which who only asks for an address does not
    from mlflow.tracking import MlflowClient

    from arena.tracking.data import FaceData
    from arena.tracking.entry import Entry, Point

EXPERIMENT = "arena"
IDENTITY, PROGRESS = "arena.id", "arena.errand"
"""Tags of a run: which match it is, and the last errand that it has been told whole."""
MOST_POINTS = 1000
"""MLflow's limit for one batch of metrics."""
_SERVERS = ("http", "https")
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
_PLEASE = "give a server like http://127.0.0.1:5000 or a database like sqlite:////folder/mlflow.db"


def default_uri(root: Path) -> str:
    """The store inside a home."""
    return f"sqlite:///{root.resolve() / 'mlflow.db'}"


def check_uri(uri: str) -> str:
    """A tracking URI that MLflow can use, relative SQLite files made absolute. Raises ArenaError for anything else."""
    try:
        parts = urlsplit(uri)
        hostname, _ = parts.hostname, parts.port  # raises for a port that is no number
    except ValueError as error:
        raise ArenaError(f"{uri!r} is no address of an MLflow store ({error}): {_PLEASE}") from None
    scheme = parts.scheme.partition("+")[0]
    if scheme in _SERVERS and hostname:
        return uri.rstrip("/")
    if scheme == "sqlite" and uri.startswith("sqlite:///") and len(uri) > len("sqlite:///"):
        path = Path(uri.removeprefix("sqlite:///")).absolute()
        if not path.parent.is_dir():
            raise ArenaError(f"{uri!r} cannot hold an MLflow store: there is no folder {path.parent}")
        return f"sqlite:///{path}"
    if scheme in _DATABASES and scheme != "sqlite" and hostname:
        return uri
    raise ArenaError(f"{uri!r} is no address of an MLflow store: {_PLEASE}")


def is_server(uri: str) -> bool:
    """Whether the store is an MLflow server, which then has its own UI."""
    return urlsplit(uri).scheme in _SERVERS


def shown(uri: str) -> str:
    """The URI without its password."""
    password = urlsplit(uri).password
    return uri if password is None else uri.replace(f":{password}@", ":***@", 1)


def catching_up(root: Path, uri: str) -> str:
    """The command that tells a store of MLflow what it has not been told of a home."""
    is_usual = uri in (default_uri(root), os.environ.get("MLFLOW_TRACKING_URI"))
    return command("mlflow", *([] if is_usual else ["--mlflow", shown(uri)]), home=root)


def artifact_folder(root: Path, uri: str) -> Path | None:
    """Where the files of runs go: beside a database, in the home for one elsewhere; a server knows for itself."""
    if is_server(uri):
        return None
    beside = Path(uri.removeprefix("sqlite:///")).parent if uri.startswith("sqlite:") else root.resolve()
    return beside / "mlartifacts"


def identity(match: MatchRow) -> str:
    """The same for a match wherever its home is moved or copied to, different for any two matches."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"arena {match.name} {match.created!r}").hex


@dataclass(frozen=True)
class Run:
    """A run in the store. `told`: the last errand it has been told. `deleted`: somebody removed it in the UI.

    `params`: names of those it has; MLflow lets nobody change one, not even `rounds` of a match that was prolonged.
    """

    id: str
    told: int
    deleted: bool = False
    params: frozenset[str] = frozenset()


class Store(Protocol):
    """What a shipper needs. Every method may raise anything when the store is out of reach."""

    def find(self, match: MatchRow) -> Run | None:
        """The run of a match."""
        ...

    def create(self, match: MatchRow, started_ms: int) -> Run:
        """A new run for a match."""
        ...

    def tell(self, run: Run, errand: Errand, entry: Entry, reopened: bool) -> None:
        """Add an entry to a run. Telling the same twice leaves the store as telling it once."""
        ...


class MlflowStore:
    """A store reached through MLflow's client. Seconds of imports, and of database creation when it is new."""

    def __init__(self, uri: str, root: Path, experiment: str = EXPERIMENT) -> None:
        """`uri`: checked. `root`: the home. Raises ArenaError for a store that cannot take runs."""
        self._client = _client(uri)
        self.experiment_id = _experiment(self._client, uri, root, experiment)
        if experiment == EXPERIMENT:
            self._client.set_experiment_tag(self.experiment_id, view.TAG, view.shared_view())

    def find(self, match: MatchRow) -> Run | None:
        """The run of a match, also one that was deleted in the UI."""
        return self._find(identity(match))

    def _find(self, mark: str) -> Run | None:
        from mlflow.entities import ViewType

        query = f"tags.`{IDENTITY}` = '{mark}'"
        order = ["attributes.start_time ASC"]
        found = self._client.search_runs([self.experiment_id], query, ViewType.ALL, max_results=1, order_by=order)
        if not found:
            return None
        run = found[0]
        told, deleted = int(run.data.tags.get(PROGRESS, 0)), run.info.lifecycle_stage == "deleted"
        return Run(run.info.run_id, told, deleted, frozenset(run.data.params))

    def create(self, match: MatchRow, started_ms: int) -> Run:
        """A new run for a match."""
        tags = {IDENTITY: identity(match)}
        run = self._client.create_run(self.experiment_id, started_ms, tags, match.name)
        return Run(run.info.run_id, 0)

    def tell(self, run: Run, errand: Errand, entry: Entry, reopened: bool) -> None:
        """Files first, then points, the status, the champion, and last the tag that says that all of it is told.

        The timestamp of a point is the errand's: it is part of a metric's key in MLflow, which drops exact repetitions.
        """
        self._add(run, entry, errand.enqueued_ms)
        if reopened:
            self._client.update_run(run.id, status="RUNNING")
        if errand.kind == "end":
            self._client.set_terminated(run.id, "FINISHED", errand.enqueued_ms)
        if entry.champion is not None:
            from arena.tracking.registering import register

            self._client.log_batch(run.id, tags=_tags(entry))  # the run is whole, also where no model can be registered
            register(self._client, self.experiment_id, run.id, entry.champion)
        params = {name: value for name, value in entry.params.items() if name not in run.params}
        self._client.log_batch(run.id, params=_params(params), tags=[*_tags(entry), _progress(errand.id)])

    def record(self, name: str, mark: str, entry: Entry, ended_ms: int) -> None:
        """A run that is told whole at once. Of one with the same mark that is there already, nothing is told again."""
        run = self._find(mark)
        if run is None:
            made = self._client.create_run(self.experiment_id, ended_ms, {IDENTITY: mark}, name)
            run = Run(made.info.run_id, 0)
        if run.told or run.deleted:
            return
        self._add(run, entry, ended_ms)
        self._client.set_terminated(run.id, "FINISHED", ended_ms)
        params = {name: value for name, value in entry.params.items() if name not in run.params}
        self._client.log_batch(run.id, params=_params(params), tags=[*_tags(entry), _progress(1)])

    def _add(self, run: Run, entry: Entry, timestamp_ms: int) -> None:
        """The faces, the files and the points of an entry."""
        if entry.faces is not None:
            self._client.log_inputs(run.id, [_dataset(entry.faces)])
        if entry.files:
            with _folder_of(entry.files) as folder:
                self._client.log_artifacts(run.id, str(folder))
        for start in range(0, len(entry.points), MOST_POINTS):
            metrics = _metrics(entry.points[start : start + MOST_POINTS], timestamp_ms)
            self._client.log_batch(run.id, metrics=metrics)


def _metrics(points: Sequence[Point], timestamp_ms: int) -> list[Any]:
    from mlflow.entities import Metric

    return [Metric(point.key, point.value, timestamp_ms, point.step) for point in points]


def _params(params: Mapping[str, str]) -> list[Any]:
    from mlflow.entities import Param

    return [Param(name, value) for name, value in params.items()]


def _dataset(faces: FaceData) -> Any:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    told = json.dumps({"faces": faces.source}), None, json.dumps(faces.profile)
    return DatasetInput(
        Dataset(faces.name, faces.digest, "arena", *told), [InputTag("mlflow.data.context", "training")]
    )


def _progress(told: int) -> Any:
    from mlflow.entities import RunTag

    return RunTag(PROGRESS, str(told))


def _tags(entry: Entry) -> list[Any]:
    from mlflow.entities import RunTag

    tags = dict(entry.tags)
    if any(name.startswith("images/") for name in entry.files):
        tags["mlflow.loggedImages"] = "True"  # without it the UI looks for no images
    return [RunTag(name, value) for name, value in tags.items()]


@contextmanager
def _folder_of(files: Mapping[str, bytes]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="arena-") as folder:
        for name, data in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        yield Path(folder)


def _client(uri: str) -> MlflowClient:
    """MLflow made quiet and impatient: its defaults wait for a dead server for four minutes."""
    environment = {
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_LOGGING_LEVEL": "ERROR",
    }
    for name, value in environment.items():
        os.environ.setdefault(name, value)
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"  # stdout belongs to the command
    from mlflow.tracking import MlflowClient

    return MlflowClient(uri, registry_uri=uri)


def _experiment(client: MlflowClient, uri: str, root: Path, name: str) -> str:
    folder = artifact_folder(root, uri)
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        location = None if folder is None else folder.as_uri()
        return str(client.create_experiment(name, artifact_location=location))
    if experiment.lifecycle_stage == "deleted":
        raise ArenaError(
            f"the experiment {name} was deleted in MLflow; bring it back with: "
            f"mlflow experiments restore --experiment-id {experiment.experiment_id}"
        )
    if uri == default_uri(root) and folder is not None and experiment.artifact_location != folder.as_uri():
        raise ArenaError(
            f"the home {root} was moved since MLflow's store in it was made; "
            f"delete its mlflow.db and mlartifacts and make both anew from the ledger with: {catching_up(root, uri)}"
        )
    return str(experiment.experiment_id)
