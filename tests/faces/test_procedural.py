"""The procedural renderer: what an image depends on, and that identities are recognisable."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch

from arena.faces.procedural import render
from arena.faces.procedural.draws import Draws
from arena.faces.procedural.fields import Band, Canvas, bump, enlarge, hsv, palette, smoothstep
from arena.faces.procedural.head import Pose, Skull, surface
from arena.faces.procedural.light import Light, shine
from arena.types import ArenaError, Images


def _draw(identities: list[int], shots: list[int], seed: int = 1, size: int = 32) -> Images:
    return render(seed, np.array(identities, np.int64), np.array(shots, np.int64), size)


def test_it_hands_out_images() -> None:
    images = _draw([0, 1, 2], [0, 0, 0])
    assert images.dtype == np.uint8
    assert images.shape == (3, 32, 32, 3)
    assert images.reshape(3, -1).std(1).min() > 10


def test_no_images_are_no_images() -> None:
    assert _draw([], []).shape == (0, 32, 32, 3)


@pytest.mark.parametrize("size", [33, 64])
def test_an_image_does_not_depend_on_its_place_in_the_batch(size: int) -> None:
    rng = np.random.default_rng(0)
    identities, shots = rng.integers(0, 9, 70), rng.integers(0, 5, 70)
    order = rng.permutation(70)
    whole = render(3, identities, shots, size)
    np.testing.assert_array_equal(render(3, identities, shots, size), whole)
    np.testing.assert_array_equal(render(3, identities[order], shots[order], size), whole[order])


def test_an_image_does_not_depend_on_the_size_of_the_batch() -> None:
    # One image in a hundred is off by one bit when small batches are not padded.
    identities, shots = np.arange(210), np.zeros(210, np.int64)
    few = [render(9, identities[i : i + 7], shots[i : i + 7], 16) for i in range(0, 210, 7)]
    np.testing.assert_array_equal(np.concatenate(few), render(9, identities, shots, 16))


def test_an_image_does_not_depend_on_the_threads() -> None:
    alone = _draw([0, 1], [0, 1], size=33)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        np.testing.assert_array_equal(_draw([0, 1], [0, 1], size=33), alone)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_seed_identity_and_shot_each_change_the_image() -> None:
    image = _draw([4], [2])
    for other in (_draw([4], [2], seed=2), _draw([5], [2]), _draw([4], [3])):
        assert np.abs(image.astype(int) - other).mean() > 5


def test_images_of_one_identity_are_closer_than_images_of_two() -> None:
    people, each = 60, 5
    images = render(0, np.repeat(np.arange(people), each), np.tile(np.arange(each), people), 32)
    colours = _hair_and_skin(images).reshape(people, each, -1)
    within = colours.var(1, ddof=1).mean(0)
    between = colours.mean(1).var(0, ddof=1) - within / each
    # Were identities meaningless, the variance between them would be 0 in expectation.
    assert (between > 0.5 * within).all()


def _hair_and_skin(images: Images) -> npt.NDArray[np.float64]:
    """Mean brightness of the crown and of the cheeks, `[N, 2]`."""
    size = images.shape[1]
    crown = images[:, : size // 8, 3 * size // 8 : 5 * size // 8]
    cheeks = images[:, size // 2 : 5 * size // 8, 3 * size // 8 : 5 * size // 8]
    return np.stack([crown.mean((1, 2, 3)), cheeks.mean((1, 2, 3))], 1)


@pytest.mark.parametrize("size", [15, 513])
def test_a_size_that_cannot_be_drawn_is_refused(size: int) -> None:
    with pytest.raises(ArenaError, match="choose a size from 16 to 512"):
        _draw([0], [0], size=size)


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ArenaError, match="2 identities do not match 1 shots"):
        _draw([0, 1], [0])


def test_draws_are_one_stream_per_image() -> None:
    def draws(*seeds: int) -> Draws:
        return Draws([np.random.default_rng(seed) for seed in seeds], size=8)

    both, alone = draws(1, 2), draws(2)
    for _ in range(3):
        torch.testing.assert_close(both.uniform(-1, 1)[1], alone.uniform(-1, 1)[0], rtol=0, atol=0)
        torch.testing.assert_close(both.normal(0, 1)[1], alone.normal(0, 1)[0], rtol=0, atol=0)
    assert both.normal(5, 0.1, limit=0).flatten().tolist() == [5, 5]
    assert both.chance(0).sum() == 0
    assert both.chance(1).sum() == 2


def test_curves_have_their_known_values() -> None:
    x = torch.tensor([-1.0, 0.0, 0.5, 1.0, 2.0])
    assert smoothstep(x, 0, 1).tolist() == [0, 0, 0.5, 1, 1]
    assert smoothstep(x, 1, 0).tolist() == [1, 1, 0.5, 0, 0]
    assert bump(torch.tensor([3.0, 7.0, -5.0]), 3, 2).tolist() == [1, 0, 0]
    assert bump(torch.tensor(5.0), 3, 2).item() == pytest.approx(0.75**4)


def test_a_palette_is_light() -> None:
    assert palette((255, 0, 51)).tolist() == [pytest.approx([1, 0, 0.04])]


def test_hues_go_around_the_wheel() -> None:
    one = torch.ones(3, 1, 1)
    hues = torch.tensor([0.0, 1 / 3, 2 / 3]).view(3, 1, 1)
    torch.testing.assert_close(hsv(hues, one, one).view(3, 3), torch.eye(3))
    torch.testing.assert_close(hsv(hues, 0 * one, 0.5 * one).view(3, 3), torch.full((3, 3), 0.25))


def test_an_edge_covers_half_a_pixel() -> None:
    distance = torch.tensor([-1.0, 0.0, 1.0])
    assert Canvas.of(64).inside(distance).tolist() == [1, 0.5, 0]


def _pose(yaw: float = 0) -> Pose:
    zero = torch.zeros(1, 1, 1)
    return Pose(yaw=zero + yaw, pitch=zero, roll=zero, scale=zero + 1, x=zero, y=zero)


def test_a_plain_head_is_an_ellipsoid() -> None:
    zero = torch.zeros(1, 1, 1)
    skull = Skull(zero + 0.6, zero + 0.9, 0.8, zero + 1, jaw=zero, crown=zero, forehead=zero, asymmetry=zero)
    seen = surface(Canvas.of(64), _pose(), skull)
    assert seen.depth[0, 32, 32].item() == pytest.approx(0.8, abs=1e-3)
    assert seen.visible[0, 32].sum().item() == pytest.approx(0.6 * 64, abs=1)
    turned = surface(Canvas.of(64), _pose(yaw=np.pi / 2), skull)
    assert turned.visible[0, 32].sum().item() == pytest.approx(0.8 * 64, abs=1)
    assert turned.u[0, 32, 32].item() == pytest.approx(-0.6, abs=1e-3)


def test_light_falls_straight_on_a_flat_surface() -> None:
    zero, flat = torch.zeros(1, 1, 1), torch.zeros(1, 16, 16)
    light = Light(x=zero, y=zero, z=zero + 1, hardness=zero + 1, ambient=zero + 0.4, key=zero + 0.9)
    # Ambient light with its fill of three quarters, then the key light.
    expected = 0.4 * (0.55 + 0.45 * 0.75)
    lit = shine(light, _pose(), flat, flat, shadow=flat, oil=flat + 0.1)
    torch.testing.assert_close(lit.shade, flat + expected + 0.9)
    torch.testing.assert_close(lit.gloss, flat + 0.1)
    dark = shine(light, _pose(), flat, flat, shadow=flat + 1, oil=flat + 0.1)
    torch.testing.assert_close(dark.shade, flat + expected)
    assert dark.gloss.max() == 0


def test_enlarging_keeps_a_constant_and_the_order() -> None:
    torch.testing.assert_close(enlarge(torch.ones(1, 4, 4), 16), torch.ones(1, 16, 16))
    ramp = enlarge(torch.arange(4.0).expand(1, 4, 4), 16)[0]
    assert (ramp.diff(dim=1)[:, 2:-2] > 0).all()
    torch.testing.assert_close(ramp[0], ramp[-1])


def test_a_band_takes_and_puts_its_rows() -> None:
    picture = torch.arange(8.0).view(1, 1, 8, 1).repeat(2, 3, 1, 8)
    band = Band.around(torch.tensor([-1.0, 0.0]).view(2, 1, 1), 0.5, 8)
    assert band.take(picture)[:, 0, :, 0].tolist() == [[0, 1], [3, 4]]
    assert band.take(picture[:, 0])[:, :, 0].tolist() == [[0, 1], [3, 4]]
    band.put(picture, band.take(picture) * 0)
    assert picture[:, 2, :, 5].tolist() == [[0, 0, 2, 3, 4, 5, 6, 7], [0, 1, 2, 0, 0, 5, 6, 7]]
