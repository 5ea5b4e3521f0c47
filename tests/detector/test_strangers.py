from __future__ import annotations

import numpy as np
from tiny import pictures

from arena.detector import strangers as module
from arena.detector.changes import CHANGES
from arena.detector.strangers import as_strangers
from arena.faces.coding import Coding, Way, tables_of

FACES = pictures(30, size=32)
CODING = Coding(((Way("JPEG", 32, tables_of(40), "4:2:0"), 1.0),), 10)


def test_every_face_is_changed_in_its_own_way():
    copies = FACES[:1].repeat(30, 0)
    found = as_strangers(copies, {}, 1)
    assert found.shape == copies.shape
    assert found.dtype == np.uint8
    assert len({image.tobytes() for image in found}) == 30


def test_the_seed_decides():
    assert np.array_equal(as_strangers(FACES, {}, 1), as_strangers(FACES, {}, 1))
    assert not np.array_equal(as_strangers(FACES, {}, 1), as_strangers(FACES, {}, 2))


def test_all_changes_but_shrinking_act_whatever_a_training_had(monkeypatch):
    calls = []
    monkeypatch.setattr(module, "change", lambda images, on: calls.append(tuple(on)) or images)
    assert np.array_equal(as_strangers(FACES, {}, 1), FACES)
    assert calls == [tuple(name for name in CHANGES if name != "shrink")]


def test_then_it_is_coded_as_the_training_faces(monkeypatch):
    monkeypatch.setattr(module, "change", lambda images, on: images)
    origin = {"coding": CODING.to_json(), "coded": False}
    assert np.array_equal(as_strangers(FACES, origin, 1), CODING.apply(FACES, 0))


def test_batches_make_no_difference_in_number(monkeypatch):
    monkeypatch.setattr(module, "_BATCH", 7)
    assert as_strangers(FACES, {}, 1).shape == FACES.shape
