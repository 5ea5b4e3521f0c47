from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from tiny import pictures

from arena.detector import changes as module
from arena.detector.changes import CHANGES, TRACES, change, reframe, relight, resize, soften
from arena.networks.training import seeded, to_range

FACES = to_range(torch.from_numpy(pictures(16).copy())).contiguous()


@pytest.fixture(autouse=True)
def _seeded():
    with seeded(0, "cpu"):
        yield


def spots(n=200, size=32):
    """A blurred spot in the middle of each of `n` images, -1 around it."""
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    middle = (size - 1) / 2
    spot = torch.exp(-((y - middle).square() + (x - middle).square()) / (2 * 3.0**2))
    return (2 * spot - 1).expand(n, 3, size, size)


def moments(images):
    """Where the spot of each image is, x and y, and its standard deviation."""
    mass = (images[:, 0].double() + 1).clamp_min(0)
    mass = mass / mass.sum((1, 2), keepdim=True)
    at = torch.arange(images.shape[-1], dtype=torch.float64)
    x, y = (mass.sum(1) * at).sum(1), (mass.sum(2) * at).sum(1)
    spread = (mass.sum(1) * (at - x[:, None]).square()).sum(1).sqrt()
    return x.numpy(), y.numpy(), spread.numpy()


def test_nothing_on_is_nothing_changed():
    assert torch.equal(change(FACES, ()), FACES)


@pytest.mark.parametrize("on", [*((name,) for name in CHANGES), CHANGES], ids="-".join)
def test_a_changed_batch_is_a_batch_of_images(on):
    before = FACES.clone()
    changed = change(FACES, on)
    assert torch.equal(FACES, before)
    assert changed.shape == FACES.shape
    assert changed.dtype == torch.float32
    assert torch.isfinite(changed).all()
    assert changed.abs().max() <= 1
    assert changed.is_contiguous(memory_format=torch.channels_last)
    assert not torch.equal(changed, FACES)


@pytest.mark.parametrize("size", [8, 20, 33, 64])
def test_any_size_can_be_changed(size):
    faces = to_range(torch.from_numpy(pictures(8, size=size).copy()))
    assert torch.isfinite(change(faces, CHANGES)).all()


@pytest.mark.parametrize(
    ("name", "share"), [("mirror", 0.5), ("blur", 0.5), ("jpeg", 0.5), ("noise", 0.25), ("resize", 0.25)]
)
def test_who_is_changed_tells_nothing_of_the_place_in_the_batch(name, share):
    # A detector's batch is real faces first, then the last gallery's fakes, then older ones.
    n, times = 12, 600
    grain = torch.rand(1, 3, 16, 16) * 2 - 1
    batch = grain.expand(n, -1, -1, -1)
    counts = sum((change(batch, (name,)) != grain).flatten(1).any(1).float() for _ in range(times)) / times
    deviation = (share * (1 - share) / times) ** 0.5
    assert (counts - share).abs().max() < 5 * deviation


def test_zoom_is_within_its_limits_and_keeps_the_middle():
    x, y, spread = moments(reframe(spots(), shift=False, shrink=False))
    np.testing.assert_allclose(x, 15.5, atol=0.05)
    np.testing.assert_allclose(y, 15.5, atol=0.05)
    factor = spread / 3
    assert 0.84 < factor.min() < 0.88
    assert 1.20 < factor.max() < 1.26


def test_half_are_shrunk_to_as_little_as_half_among_their_mirror_images():
    ramp = torch.linspace(-1, 1, 32).expand(400, 3, 32, 32)
    row = reframe(ramp, zoom=False, shift=False)[:, 0, 16]
    times = (row[:, 17] - row[:, 15]) / (ramp[0, 0, 0, 17] - ramp[0, 0, 0, 15])
    assert abs((times > 1.001).float().mean() - 0.5) < 0.1
    assert times.min() > 0.999
    assert 1.95 < times.max() < 2.001
    smallest = row[times.argmax()]
    assert smallest.argmin() in (7, 8)
    torch.testing.assert_close(smallest[:8], smallest[8:16].flip(0), atol=0.1, rtol=0)


def test_shift_is_within_its_limits_along_both_axes():
    x, y, spread = moments(reframe(spots(), zoom=False, shrink=False))
    np.testing.assert_allclose(spread, 3, rtol=0.02)
    for along in (x, y):
        assert 2.8 < np.abs(along - 15.5).max() < 3.25
    assert abs(np.corrcoef(x, y)[0, 1]) < 0.2


def test_beyond_the_edge_lies_the_mirror_image(monkeypatch):
    monkeypatch.setattr(module, "between", lambda images, low, high: torch.full((len(images), 1, 1, 1), float(high)))
    ramp = torch.arange(20.0).expand(1, 3, 20, 20) / 20
    moved = reframe(ramp, zoom=False, shrink=False)[0, 0, 0]
    torch.testing.assert_close(moved, torch.tensor([*range(2, 20), 19, 18]) / 20)


def test_shrinking_is_that_of_pillow(monkeypatch):
    monkeypatch.setattr(module, "between", lambda images, low, high: torch.full((len(images), 1, 1, 1), 2.0))
    image = torch.rand(1, 3, 16, 16)
    plane = Image.fromarray(image[0, 0].numpy())
    twice = plane.resize((8, 8), Image.Resampling.BICUBIC).resize((16, 16), Image.Resampling.BICUBIC)
    np.testing.assert_allclose(resize(image)[0, 0].numpy(), np.asarray(twice), atol=1e-5)


def test_resizing_takes_fine_detail_and_leaves_the_rest():
    flat = torch.full((20, 3, 16, 16), 0.3)
    torch.testing.assert_close(resize(flat), flat)
    grain = torch.randn(1, 3, 16, 16).expand(50, -1, -1, -1)
    left = resize(grain).std((1, 2, 3)) / grain[0].std()
    assert left.max() <= 1.0 + 1e-4
    assert left.min() < 0.45


def test_some_are_blurred_and_some_sharpened():
    flat = torch.full((4, 3, 16, 16), 0.3)
    torch.testing.assert_close(soften(flat), flat)
    grain = torch.randn(1, 3, 16, 16).expand(200, -1, -1, -1)
    gains = soften(grain).std((1, 2, 3)) / grain[0].std()
    assert 0.3 < (gains > 1).float().mean() < 0.5
    assert gains.min() < 0.4
    assert gains.max() > 1.6


@pytest.mark.parametrize(
    ("name", "slopes", "offset"), [("contrast", (0.7, 1.3), 0.0), ("brightness", (1.0, 1.0), 0.25)]
)
def test_light_is_one_line_per_image_within_its_limits(name, slopes, offset):
    faces = FACES.repeat(20, 1, 1, 1)
    lit = relight(faces, (name,))
    fits = np.array([np.polyfit(b.flatten(), a.flatten(), 1) for b, a in zip(faces, lit, strict=True)])
    assert slopes[0] - 1e-4 <= fits[:, 0].min() < slopes[0] + 0.02
    assert slopes[1] - 0.02 < fits[:, 0].max() <= slopes[1] + 1e-4
    assert offset * 0.95 <= np.abs(fits[:, 1]).max() <= offset + 1e-4


def test_colour_leaves_grey_nearly_grey_and_changes_saturation():
    grey = relight(torch.full((200, 3, 4, 4), 0.5), ("colour",))
    assert 0.0 < (grey - 0.5).abs().max() < 0.08
    red = torch.tensor([0.5, 0.0, 0.0]).view(1, 3, 1, 1).expand(200, -1, 4, 4)
    range_of = relight(red, ("colour",))[:, :, 0, 0]
    saturation = (range_of[:, 0] - range_of[:, 1]) / 0.5
    assert 0.55 < saturation.min() < 0.7
    assert 1.2 < saturation.max() < 1.41


def test_noise_has_the_deviation_it_was_drawn():
    noisy = change(torch.zeros(400, 3, 16, 16), ("noise",))
    deviations = noisy.std((1, 2, 3)).sort().values[-100:]
    assert (noisy.flatten(1) == 0).all(1).sum() == 300
    assert deviations.max().item() == pytest.approx(0.05, rel=0.1)
    assert deviations.mean().item() == pytest.approx(0.025, rel=0.2)


def test_traces_are_the_last_of_the_changes():
    assert set(TRACES) < set(CHANGES)


def test_the_seed_decides():
    torch.manual_seed(4)
    one = change(FACES, CHANGES)
    torch.manual_seed(4)
    assert torch.equal(change(FACES, CHANGES), one)
    assert not torch.equal(change(FACES, CHANGES), one)


@pytest.mark.parametrize(
    ("zoom", "down", "right"), [(1.0, 0.0, 0.0), (1.2, 0.0, 0.0), (0.85, 0.1, 0.0), (1.0, 0.0, -0.1)]
)
def test_moved_is_zoomed_and_shifted_all_alike(zoom, down, right):
    plain, found = moments(spots(3)), moments(module.moved(spots(3), zoom, down, right))
    np.testing.assert_allclose(found[2], plain[2] * zoom, rtol=0.01)
    np.testing.assert_allclose(found[0], plain[0] - 32 * right * zoom, atol=0.05)
    np.testing.assert_allclose(found[1], plain[1] - 32 * down * zoom, atol=0.05)
