"""Parts that share nobody."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from arena.faces.sets.split import split_by_identity
from arena.play.config import load_config
from arena.seeds import derive
from arena.training.ground import MAKERS, MAKERS_HELD, TRAINING, VALIDATION, Machine, Wanted, deal_out, prepare_ground
from arena.types import ArenaError

PEOPLE = np.repeat(np.arange(100), 3)


def test_no_two_parts_share_a_person(ground):
    people = {name: set(part.identities.tolist()) for name, part in ground.parts.items()}
    assert len(people) == 5
    for one, other in combinations(people.values(), 2):
        assert not one & other


def test_the_parts_are_those_of_a_match(settings):
    parts = deal_out(PEOPLE, settings, Wanted(makers=True, judging=True))
    split = split_by_identity(PEOPLE, derive(settings.seed, "split"), settings.parts)
    assert sorted([*parts[MAKERS], *parts[MAKERS_HELD]]) == split.a.tolist()
    assert sorted([*parts[TRAINING], *parts[VALIDATION]]) == split.b.tolist()
    assert parts["judging"].tolist() == split.exam.tolist()


def test_what_nobody_wants_is_trained_on(settings):
    parts = deal_out(PEOPLE, settings, Wanted())
    assert set(parts) == {TRAINING, VALIDATION}
    assert len(parts[TRAINING]) + len(parts[VALIDATION]) == len(PEOPLE)


def test_every_team_has_a_seed_of_its_own(ground):
    seeds = {ground.brief("detector").seed, ground.brief("generator").seed, ground.brief("generator", "blend").seed}
    assert len(seeds) == 3


@pytest.mark.parametrize(
    ("faces", "size", "sentence"),
    [
        ("procedural:60", 16, "too few real faces: .* `arena faces crop` first"),
        ("procedural:60", 8, "between 16 and 1024"),
    ],
)
def test_what_does_not_suffice_is_said(home, faces, size, sentence):
    config = load_config(None, [], faces=faces, seed=3, image_size=size)
    with pytest.raises(ArenaError, match=sentence):
        prepare_ground(home, config, Wanted(makers=True, judging=True), Machine())


def test_one_person_cannot_be_divided(settings):
    with pytest.raises(ArenaError, match="of 1 identities cannot be split"):
        deal_out(np.zeros(90, np.int64), settings, Wanted(judging=True))
