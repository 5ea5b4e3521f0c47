"""Fakes to train on and fakes to be judged on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PIL import Image
from tiny import pictures

from arena import registry
from arena.generator.bank import FaceBank
from arena.training.families import Made, Stock, folder_of_fakes, mixed, with_other_bank
from arena.training.ground import MAKERS, MAKERS_HELD
from arena.types import ArenaError, Material


def keys(images):
    return {image.tobytes() for image in images}


@pytest.fixture
def blend(ground):
    return Made("blend", "blend", ground, registry.find("generator", "blend"))


def test_a_gallery_is_divided(ground):
    stock = Stock.divided("a gallery", pictures(40))
    seen, unseen = stock.fakes(200, 1), stock.unseen(200, 1)
    assert len(seen) == 200
    assert len(unseen) == len(keys(unseen)) == 6  # none comes twice, or intervals were too narrow
    assert keys(seen) | keys(unseen) == keys(stock.images)
    assert not keys(seen) & keys(unseen)


def test_of_a_gallery_that_nobody_trains_on_all_is_unseen():
    stock = Stock.divided("a gallery", pictures(40))
    assert keys(stock.untouched().unseen(200, 1)) == keys(stock.images)


def test_one_fake_cannot_be_divided():
    with pytest.raises(ArenaError, match="at least two"):
        Stock.divided("a gallery", pictures(1))


def test_a_contender_makes_fakes_of_other_people_for_later(ground, blend, monkeypatch):
    asked, choose = [], FaceBank.choose

    def watched(faces, *rest, **more):
        asked.append(faces)
        return choose(faces, *rest, **more)

    monkeypatch.setattr(FaceBank, "choose", watched)
    assert blend.fakes(5, 1).shape == (5, 16, 16, 3)
    blend.unseen(5, 1)
    assert [set(faces.identities) for faces in asked] == [
        set(ground.parts[part].identities) for part in (MAKERS, MAKERS_HELD)
    ]


def test_every_epoch_has_others_and_each_the_same_again(blend):
    first, second = blend.fakes(6, 1), blend.fakes(6, 2)
    assert not keys(first) & keys(second)
    assert np.array_equal(first, blend.fakes(6, 1))


def test_fakes_are_coded_as_the_real_faces_are(ground, blend):
    way = {"format": "JPEG", "quality": 30, "sampling": "4:2:0", "side": 16, "share": 1.0}
    coded = dataclasses.replace(ground, origin={"coded": True, "coding": {"files": 1, "ways": [way]}})
    plain, jpeg = blend.fakes(4, 1), dataclasses.replace(blend, ground=coded).fakes(4, 1)
    assert plain.shape == jpeg.shape
    assert not keys(plain) & keys(jpeg)


def test_a_trained_generator_rebuilds_other_faces_too(ground):
    team = registry.find("generator", "blend").team(ground.brief("generator"), {"bank": 30})
    team.train(1, Material(ground.parts[MAKERS]))
    snapshot = team.snapshot(1)
    other = with_other_bank(snapshot, ground.parts[MAKERS_HELD], 1)
    held = set(ground.parts[MAKERS_HELD].identities)
    assert set(other.weights["bank/identities"]) <= held
    assert not set(snapshot.weights["bank/identities"]) & held


def test_a_snapshot_without_a_bank_stays(ground):
    noise = registry.find("generator", "noise").team(ground.brief("generator")).snapshot(1)
    assert with_other_bank(noise, ground.parts[MAKERS], 1) is noise


def test_a_folder_of_fakes_is_divided_by_file(ground, tmp_path):
    for i, image in enumerate(pictures(30, seed=9)):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
    stock = folder_of_fakes(ground, str(tmp_path))
    seen, unseen = keys(stock.fakes(60, 1)), keys(stock.unseen(60, 1))
    assert len(seen | unseen) == 30
    assert unseen
    assert not seen & unseen


def test_real_faces_are_no_fakes(ground, tmp_path):
    for i, image in enumerate(ground.parts[MAKERS].images[:3]):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
    with pytest.raises(ArenaError, match="are real faces"):
        folder_of_fakes(ground, str(tmp_path))


def test_a_mixture_is_even():
    families = [Stock.divided(f"{i}", np.full((20, 16, 16, 3), i, np.uint8)) for i in range(3)]
    assert np.bincount(mixed(families, 8, 1)[:, 0, 0, 0]).tolist() == [3, 3, 2]
    assert np.bincount(mixed(families, 6, 1, unseen=True)[:, 0, 0, 0]).tolist() == [2, 2, 2]
