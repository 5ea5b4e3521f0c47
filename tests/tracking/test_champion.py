"""The detector of a match as a model of MLflow."""

from __future__ import annotations

import json

import numpy as np
import pytest
from matchfiles import detector_file, new_home, play
from tiny import SIZE, pictures

from arena.faces.sources.drawn import Procedural
from arena.snapshot import player, read_snapshot
from arena.tracking.champion import champion
from arena.tracking.registering import write

pytestmark = pytest.mark.filterwarnings("ignore")  # those of MLflow and what it imports


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """The champion of a match of one round."""
    home = new_home(tmp_path_factory.mktemp("champion") / "home", rounds=1)
    play(home, 0)
    play(home, 1, last=True, detector=detector_file())
    yield champion(home, "duel", 1)
    home.close()


@pytest.fixture(scope="module")
def model(found, tmp_path_factory):
    """Its folder as MLflow keeps it."""
    folder = tmp_path_factory.mktemp("model") / "model"
    write(folder, found)
    return folder


def loaded(model):
    """The model as MLflow loads it. Warnings of what it imports are its own affair, so it is imported here."""
    from mlflow.pyfunc import load_model

    return load_model(model)


def test_what_is_told_of_it(found):
    extra = read_snapshot(found.snapshot).extra
    assert (found.name, found.round, found.image_size) == ("duel-detector", 1, SIZE)
    assert found.card["threshold"] == extra["threshold"]
    assert found.card["verdict"]["accuracy"] == 1.0
    assert "input" not in found.card
    told = {"detector": "cnn", "image_size": str(SIZE), "round": "1", "exam_accuracy": "1"}
    assert told.items() <= found.tags.items()
    assert float(found.tags["threshold"]) == pytest.approx(extra["threshold"], rel=1e-5)


def test_a_match_whose_weights_are_gone_or_unreadable_has_none(tmp_path):
    home = new_home(tmp_path / "home", rounds=1)
    play(home, 0)
    play(home, 1, last=True, detector=b"no snapshot")
    assert [champion(home, "duel", number) for number in (0, 1)] == [None, None]
    home.close()


def test_mlflow_loads_it_and_it_answers_as_in_the_arena(found, model):
    images = pictures(5, seed=2)
    scores = loaded(model).predict(images)
    assert scores.dtype == np.float64
    assert np.array_equal(scores, player(read_snapshot(found.snapshot)).answer(images).scores)


def test_images_of_another_size_are_refused(model):
    served = loaded(model)
    with pytest.raises(Exception, match=r"does not match expected shape \(-1, 16, 16, 3\)"):
        served.predict(pictures(5, size=SIZE + 1))


def test_the_example_is_a_drawn_face_and_no_file_is_a_pickle(model):
    example = np.array(json.loads((model / "serving_input_example.json").read_text())["inputs"], np.uint8)
    assert np.array_equal(example, next(Procedural(1).faces(SIZE)).image[None])
    assert {path.suffix for path in model.rglob("*") if path.is_file()} == {
        "", ".json", ".safetensors", ".txt", ".yaml"
    }  # fmt: skip


def test_it_names_no_place_of_this_machine_and_asks_no_one_for_the_arena(found, model):
    assert str(found.snapshot.parents[3]) not in (model / "MLmodel").read_text()
    needed = [line.partition("==")[0] for line in (model / "requirements.txt").read_text().splitlines()]
    assert "torch" in needed
    assert "arena" not in needed
