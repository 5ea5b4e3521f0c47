"""The margin by which Team A evades its opponent: more after a round that it lost, less after one that it won."""

from __future__ import annotations

import numpy as np
import pytest
from tiny import SIZE, equal_states, material, pictures, tiny_team

from arena import registry
from arena.generator import team as gan
from arena.snapshot import player
from arena.types import Answer

DCGAN = registry.find("generator", "dcgan")
CNN = registry.find("detector", "cnn")
WHITE = np.full((6, SIZE, SIZE, 3), 255, np.uint8)


class Brightness:
    """An opponent that finds bright images suspicious (sign 1) or dark ones (sign -1)."""

    contender = "brightness"

    def __init__(self, sign):
        self.sign = sign

    def critic(self):
        return lambda images: self.sign * images.mean((1, 2, 3))

    def answer(self, paper):
        return Answer(0.5 + self.sign * (paper.mean((1, 2, 3), dtype=float) / 255 - 0.5), 0.5)


class Broken(Brightness):
    def answer(self, paper):
        raise RuntimeError("out of order")


def met(team, monkeypatch, opponent, gallery=WHITE, number=1):
    """The margin after a round's look at an opponent; anticipation is not what is asked about."""
    monkeypatch.setattr(gan, "player", lambda *_: opponent)
    team.train(number, material(pictures(30), gallery, None, tiny_team(CNN).snapshot(0)))
    return team.margin


def adaptive(**options):
    return tiny_team(DCGAN, options={"margin": 2.0, "margin_growth": 2.0, "anticipate": 0, **options})


def test_it_grows_while_fakes_are_caught_and_falls_to_a_third_when_they_pass(monkeypatch):
    team = adaptive()
    assert met(team, monkeypatch, Brightness(1)) == 4.0
    assert met(team, monkeypatch, Brightness(1), number=2) == 8.0
    assert met(team, monkeypatch, Brightness(-1), number=3) == pytest.approx(8 / 3)


def test_it_stays_within_eight_times_the_option(monkeypatch):
    most, least = adaptive(), adaptive()
    for number in range(1, 9):
        met(most, monkeypatch, Brightness(1), number=number)
        met(least, monkeypatch, Brightness(-1), number=number)
    assert (most.margin, least.margin) == (16.0, 0.25)


@pytest.mark.parametrize(
    ("options", "opponent", "gallery"),
    [
        ({"margin_growth": 1.0}, Brightness(1), WHITE),
        ({}, Brightness(1), WHITE[:0]),
        ({}, Broken(1), WHITE),
    ],
    ids=["growth of one", "nothing published yet", "an opponent that does not answer"],
)
def test_it_stays_as_it_is_with_nothing_to_learn_from(monkeypatch, options, opponent, gallery):
    assert met(adaptive(**options), monkeypatch, opponent, gallery) == 2.0


def test_it_is_what_the_opponent_is_evaded_by(monkeypatch):
    one, other = adaptive(), adaptive(margin=4.0, margin_growth=1.0)
    assert met(one, monkeypatch, Brightness(1)) == met(other, monkeypatch, Brightness(1)) == 4.0
    weights = [{n: a for n, a in team.state().items() if n != "margin"} for team in (one, other)]
    assert equal_states(*weights)


def test_it_goes_on_where_a_state_left_it(monkeypatch):
    one, two = adaptive(), adaptive()
    met(one, monkeypatch, Brightness(1))
    two.restore(one.state())
    assert [met(team, monkeypatch, Brightness(1), number=2) for team in (one, two)] == [8.0, 8.0]
    assert equal_states(one.state(), two.state())


def test_a_snapshot_tells_it_and_only_where_it_moves():
    assert adaptive().snapshot(1).extra == {"margin": 2.0}
    assert adaptive(margin_growth=1.0).snapshot(1).extra == {}
    assert player(adaptive().snapshot(1), "cpu", "fp32").margin == 2.0
