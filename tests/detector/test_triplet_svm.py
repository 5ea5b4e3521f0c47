"""Triplets by hand, and that the four arrays are the machine that scikit-learn fitted."""

import numpy as np
import pytest
import torch
from sklearn.calibration import CalibratedClassifierCV
from sklearn.svm import LinearSVC
from tiny import material, pictures, tiny_options, tiny_team
from torch.nn.functional import normalize

from arena import registry
from arena.detector.regression import FRAMINGS, LIGHTS
from arena.detector.triplet_svm import Embedding, fit, triplet_loss
from arena.networks.backbones import Backbone
from arena.types import ArenaError

TRIPLETS = registry.find("detector", "triplet-svm")
REALS, FAKES = pictures(30, seed=2), 255 - pictures(30, seed=3)


def on_circle(*degrees):
    angle = torch.deg2rad(torch.tensor(degrees))
    return torch.stack([angle.cos(), angle.sin()], 1)


def cloud(n=60, size=8):
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 2
    points = rng.normal(0, 0.4, (n, size)) + np.outer(labels, np.eye(size)[0])
    return points / np.linalg.norm(points, axis=1, keepdims=True), labels.astype(np.float32)


def test_the_loss_of_the_only_triplets_by_hand():
    # Squared distances on a circle: 90 degrees 2, 180 degrees 4.
    points, labels = on_circle(0.0, 90.0, 180.0, 180.0), torch.tensor([0.0, 0, 1, 1])
    # 0: 2 - 4 + 1.5 < 0; 90: 2 - 2 + 1.5; both at 180: 0 - 4 or 2 + 1.5, where hard takes 2.
    assert float(triplet_loss(points, labels, 1.5, hard=True)) == pytest.approx(1.5 / 4, abs=1e-5)


def test_hard_takes_the_farthest_kin_and_the_nearest_stranger():
    points, labels = on_circle(0.0, 0.0, 90.0, 90.0, 180.0), torch.tensor([0.0, 0, 0, 1, 1])
    # each image: farthest kin less nearest stranger: 2-2, 2-2, 2-0, 2-0, 2-2
    assert float(triplet_loss(points, labels, 1.0, hard=True)) == pytest.approx((1 + 1 + 3 + 3 + 1) / 5, abs=1e-5)


def test_random_triplets_are_of_the_right_kinds_and_differ():
    torch.manual_seed(0)
    points, labels = normalize(torch.randn(12, 4)), torch.arange(12) % 2
    drawn = {float(triplet_loss(points, labels, 1.0)) for _ in range(8)}
    assert len(drawn) == 8
    assert max(drawn) <= float(triplet_loss(points, labels, 1.0, hard=True))
    apart = on_circle(0.0, 0.0, 0.0, 180.0, 180.0, 180.0)
    assert float(triplet_loss(apart, torch.tensor([0.0, 0, 0, 1, 1, 1]), 1.0)) == 0
    assert float(triplet_loss(apart, torch.tensor([0.0, 0, 1, 0, 1, 1]), 1.0)) > 0


def test_the_arrays_are_the_machine():
    points, labels = cloud()
    machine = CalibratedClassifierCV(LinearSVC(C=2.0, dual=False), ensemble=False, cv=5).fit(points, labels == 1)
    network = Embedding(Backbone("test_efficientnet"), 8, 0.0)
    for name, value in fit(points, labels, 2.0).items():
        network.get_buffer(name).copy_(torch.from_numpy(value))
    network.embed = lambda images: torch.from_numpy(points).float()
    np.testing.assert_allclose(torch.sigmoid(network(None)), machine.predict_proba(points)[:, 1], atol=1e-5)
    assert np.mean((torch.sigmoid(network(None)).numpy() > 0.5) == labels) > 0.9


def test_points_have_length_1_and_before_any_training_every_score_is_a_half():
    team = tiny_team(TRIPLETS)
    with torch.no_grad():
        points = team.trainables["detector"].settle().embed(torch.rand(3, 3, 16, 16))
    assert points.shape == (3, 512)
    torch.testing.assert_close(points.norm(dim=1), torch.ones(3))
    assert np.array_equal(team.score(REALS), np.full(30, 0.5))


def test_the_penalty_is_the_layers_squared_weights():
    torch.manual_seed(0)
    labels = torch.tensor([0.0, 0, 1, 1])
    images = torch.rand(4, 3, 16, 16)
    losses = []
    for penalty in (0.0, 0.5):
        team = tiny_team(TRIPLETS, options={"penalty": penalty, "triplets": "hard", "dropout": 0.0})
        team.network.eval()
        losses.append(float(team.loss(images, labels, 0).detach()))
    squares = float(team.network.dense.weight.square().sum().detach())
    assert losses[1] - losses[0] == pytest.approx(0.5 * squares, rel=1e-4)


@pytest.mark.parametrize("triplets", ["random", "hard"])
def test_it_learns_to_tell_them_apart(triplets):
    options = {"steps": 30, "samples": 64, "average": 0.0, "augment": False, "level": False, "input": "rgb"}
    options |= {"triplets": triplets}
    team = tiny_team(TRIPLETS, options=options)
    team.train(1, material(REALS, FAKES))
    assert team.score(FAKES).min() > team.score(REALS).max()
    assert team.score(FAKES).mean() > 0.8


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"triplets": "easy"}, "random or hard"),
        ({"margin": 0}, "margin"),
        ({"samples": 4}, "samples must be at least 10"),
        ({"embedding": 0}, "embedding"),
    ],
)
def test_impossible_options_are_refused(options, complaint):
    with pytest.raises(ArenaError, match=complaint):
        TRIPLETS.options(tiny_options(TRIPLETS, **options))


def test_the_plane_lies_along_what_framing_moves():
    points, labels = cloud()
    moves = np.eye(8)[[0, 3]] + np.eye(8)[[1, 4]]
    free, bound = (fit(points, labels, 1.0, given)["weight"] for given in (None, moves))
    assert np.abs(moves @ free).max() > 0.1
    np.testing.assert_allclose(moves @ bound, 0, atol=1e-8)
    assert np.abs(bound).max() > 0.1


def test_who_is_steady_is_fitted_to_what_framing_leaves(monkeypatch):
    given = []
    monkeypatch.setattr("arena.detector.triplet_svm.fit", lambda *all: given.append(all[-1]) or fit(*all))
    for steady in (False, True):
        tiny_team(TRIPLETS, options={"steady": steady}).train(1, material(REALS, FAKES))
    assert given[0] is None
    assert given[1].shape == (len(FRAMINGS) + len(LIGHTS), 512)


def test_what_it_sees_depends_on_where_it_starts():
    options = TRIPLETS.options
    assert options({}).input == "high-pass"
    assert options({"pretrained": True}).input == "rgb"
    assert options({"input": "rgb"}).input == "rgb"
    assert options({"pretrained": True, "input": "high-pass"}).input == "high-pass"
    assert options(TRIPLETS.as_stored({"batch": 28})).input == "rgb"  # stored before there was a choice
    with pytest.raises(ArenaError, match="input must be rgb or high-pass"):
        options({"input": "neighbours"})
