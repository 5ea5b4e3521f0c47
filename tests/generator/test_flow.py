from __future__ import annotations

import math

import pytest
import torch
from tiny import SIZE, material, pictures, tiny_team

from arena import registry
from arena.generator.flow import FlowOptions, UNet, mixed, velocity
from arena.networks.training import as_pool, to_range

FLOW = registry.find("generator", "flow")


def team(**options):
    return tiny_team(FLOW, options=options)


def test_a_line_leads_from_noise_to_a_face():
    noise, faces = torch.full((3, 3, 2, 2), -2.0), torch.full((3, 3, 2, 2), 1.0)
    points = mixed(noise, faces, torch.tensor([0.0, 0.25, 1.0]))
    assert points[:, 0, 0, 0].tolist() == [-2.0, -1.25, 1.0]


def test_the_target_is_the_face_less_the_noise():
    torch.manual_seed(0)
    noise, faces, times = torch.randn(4, 3, 5, 5), torch.rand(4, 3, 5, 5), torch.tensor([0.0, 0.3, 0.7, 0.94])
    target = velocity(faces, mixed(noise, faces, times), times)
    torch.testing.assert_close(target, faces - noise, rtol=1e-3, atol=1e-4)


def test_near_the_end_nothing_is_divided_by_nothing():
    faces = torch.ones(1, 3, 2, 2)
    assert torch.isfinite(velocity(faces, faces - 0.01, torch.ones(1))).all()


@pytest.mark.parametrize("size", [8, 16, 64])
def test_the_network_fits_every_power_of_two_and_sees_the_time(size):
    torch.manual_seed(0)
    network, images = UNet(4, size), torch.randn(2, 3, size, size)
    early, late = (network(images, torch.full((2,), time)) for time in (0.1, 0.9))
    assert early.shape == (2, 3, size, size)
    assert not torch.allclose(early, late, atol=1e-4)


@pytest.mark.parametrize("solver", ["euler", "midpoint"])
@pytest.mark.parametrize("steps", [1, 4])
def test_who_knows_the_face_arrives_at_it(solver, steps):
    face = torch.rand(1, 3, SIZE, SIZE)
    walked = team(solver=solver, sampling_steps=steps).render(lambda images, times: face, torch.randn(2, 3, SIZE, SIZE))
    torch.testing.assert_close(walked, face.expand(2, -1, -1, -1))


@pytest.mark.parametrize(("solver", "grown"), [("euler", (1 + 1 / 4) ** 4), ("midpoint", (1 + 1 / 4 + 1 / 32) ** 4)])
def test_the_solvers_by_hand(solver, grown):
    """Where the velocity is the image itself, a walk of four steps multiplies it as the solver's textbook says."""

    def end(images, times):
        return images + (1 - times.view(-1, 1, 1, 1)) * images

    start = torch.full((1, 3, SIZE, SIZE), 0.5)
    walked = team(solver=solver, sampling_steps=4).render(end, start)
    torch.testing.assert_close(walked, start * grown)
    assert abs(grown - math.e) < 0.28


def test_the_loss_is_the_error_of_the_velocity(monkeypatch):
    flow, grey = team(), as_pool(pictures(1)[:, :1, :1].repeat(SIZE, 1).repeat(SIZE, 2), "cpu")
    face, losses = to_range(grey), []
    monkeypatch.setattr(flow, "descend", lambda loss, fake, critic: [losses.append((loss, fake)) or loss])
    for off in (0.0, 0.5):
        monkeypatch.setattr(flow, "_estimate", lambda network, images, times, off=off: face + off + 0 * images)
        monkeypatch.setattr(torch, "randn", lambda *shape, **how: torch.zeros(*shape))
        flow.step(grey, None)
    assert losses[0][0].item() == 0
    # Every time is the logistic of the middle, so the error of the end is that of the velocity over the time left.
    left = 1 - torch.sigmoid(torch.tensor(FlowOptions().middle))
    assert losses[1][0].item() == pytest.approx((0.5 / left.item()) ** 2, rel=1e-4)
    assert losses[1][1].amax() <= 1


def test_it_learns():
    curve = team(steps=60, learning_rate=4e-3).train(1, material(pictures(30))).curve
    assert curve[-1].losses["flow"] < 0.7 * curve[0].losses["flow"]


def test_more_steps_walk_elsewhere():
    short, long = team(sampling_steps=1), team(sampling_steps=8)
    long.load(short.snapshot(0))
    assert (short.generate(2, 1) != long.generate(2, 1)).any()


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"solver": "heun"}, "solver must be one of euler, midpoint, not 'heun'"),
        ({"sampling_steps": 0}, "sampling_steps must be at least 1"),
        ({"width": 0}, "must be at least 1"),
        ({"spread": 0.0}, "spread positive"),
        ({"middle": float("inf")}, "middle must be a number"),
    ],
)
def test_wrong_options_are_one_sentence(wrong, word):
    with pytest.raises(ValueError, match=word):
        FlowOptions(**wrong)
