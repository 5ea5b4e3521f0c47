from __future__ import annotations

import numpy as np

from arena.referee.reservoir import reservoir_places
from arena.seeds import rng


def kept(seed=1, galleries=4, size=50, capacity=60):
    places = reservoir_places(seed, galleries=galleries, size=size, capacity=capacity)
    return {(gallery, int(i)) for gallery, indices in places for i in indices}


def test_holds_the_lowest_ranks():
    ranked = sorted((rng(1, g).random(50)[i], g, i) for g in range(4) for i in range(50))
    assert kept() == {(g, i) for _, g, i in ranked[:60]}


def test_is_full_but_never_fuller():
    assert len(kept()) == 60
    assert kept(capacity=200) == {(g, i) for g in range(4) for i in range(50)}
    assert len(kept(capacity=10_000)) == 200


def test_a_new_gallery_only_pushes_out():
    before, after = kept(galleries=4), kept(galleries=5)
    newcomers = {place for place in after if place[0] == 4}
    assert after - newcomers < before
    assert len(before - after) == len(newcomers) > 0


def test_every_gallery_has_its_share():
    shares = np.bincount([g for seed in range(100) for g, _ in kept(seed)], minlength=4)
    assert np.all(np.abs(shares / shares.sum() - 0.25) < 0.02)


def test_indices_come_sorted_by_gallery():
    places = reservoir_places(1, galleries=4, size=50, capacity=60)
    assert [g for g, _ in places] == sorted({g for g, _ in places})
    assert all(np.all(np.diff(indices) > 0) for _, indices in places)


def test_another_seed_keeps_others():
    assert kept(seed=1) != kept(seed=2)


def test_nothing_comes_of_nothing():
    assert reservoir_places(1, galleries=0, size=50, capacity=60) == []
    assert reservoir_places(1, galleries=3, size=50, capacity=0) == []
