from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.fft import dctn, idctn
from tiny import pictures

from arena.detector import augment as module
from arena.detector.augment import augment, blur, brightness, jpeg_like, noise
from arena.networks.training import seeded, to_range

FACES = to_range(torch.from_numpy(pictures(16).copy())).contiguous()


@pytest.fixture(autouse=True)
def _seeded():
    with seeded(0, "cpu"):
        yield


def test_the_table_is_that_of_real_jpeg_files_at_quality_50():
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, "JPEG", quality=50)
    assert sum(module._JPEG_TABLE, ()) == tuple(Image.open(buffer).quantization[0])


def test_the_transform_is_the_orthonormal_dct():
    matrix = module._dct(torch.device("cpu"))
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(8))
    block = np.random.default_rng(0).normal(size=(8, 8)).astype(np.float32)
    expected = dctn(block, norm="ortho")
    np.testing.assert_allclose((matrix @ torch.from_numpy(block) @ matrix.T).numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("strength", [0.05, 1.0])
def test_jpeg_by_its_definition(strength):
    step = strength * np.array(module._JPEG_TABLE)
    images = torch.rand(2, 3, 16, 16) * 2 - 1
    expected = np.empty(images.shape)
    for place in np.ndindex(2, 3, 2, 2):
        n, c, y, x = place
        block = np.s_[n, c, 8 * y : 8 * y + 8, 8 * x : 8 * x + 8]
        coefficients = dctn(images[block].double().numpy() * 127.5, norm="ortho")
        expected[block] = idctn(np.round(coefficients / step) * step, norm="ortho") / 127.5
    found = jpeg_like(images, strength, strength).numpy()
    close = np.isclose(found, expected, atol=1e-4)
    # A coefficient that lies between two steps may fall either way in float32.
    assert close.mean() > 0.97


def test_jpeg_of_a_flat_block_by_hand():
    # 0.1 is 12.75 grey levels, its DC coefficient 8 * 12.75 = 102 = 6.375 steps of 16; 6 steps are 12 levels.
    flat = torch.full((1, 3, 8, 8), 0.1)
    torch.testing.assert_close(jpeg_like(flat, 1.0, 1.0), torch.full_like(flat, 12 / 127.5))


def test_stronger_jpeg_destroys_more():
    errors = [(jpeg_like(FACES, s, s) - FACES).abs().mean() for s in (0.05, 0.2, 1.0)]
    assert 0 < errors[0] < errors[1] < errors[2]


def test_every_image_gets_its_own_jpeg_strength():
    same_image = FACES[:1].expand(8, -1, -1, -1)
    assert len({image.numpy().tobytes() for image in jpeg_like(same_image)}) == 8


def test_blur_takes_fine_detail_and_leaves_the_mean():
    y, x = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    checks = ((y + x) % 2 * 2.0 - 1).expand(4, 3, 16, 16)
    blurred = blur(checks)
    contrast = blurred.abs().amax((1, 2, 3))
    torch.testing.assert_close(blurred, checks * contrast.view(4, 1, 1, 1))
    assert len(set(contrast.tolist())) == 4
    assert contrast.max() < 1
    flat = torch.full((2, 3, 16, 16), 0.3)
    torch.testing.assert_close(blur(flat), flat)


def test_noise_has_the_deviation_it_was_drawn():
    grey = torch.zeros(200, 3, 16, 16)
    noisy = noise(grey, most=0.08)
    deviations = noisy.std((1, 2, 3))
    assert noisy.mean().item() == pytest.approx(0, abs=1e-3)
    assert deviations.mean().item() == pytest.approx(0.04, rel=0.1)
    assert deviations.min() < 0.008
    assert 0.072 < deviations.max() < 0.084
    assert len({(image / image.std()).numpy().round(3).tobytes() for image in noisy}) == 200
    assert torch.corrcoef(noisy[:2].flatten(1))[0, 1].abs() < 0.2


def test_brightness_is_one_line_per_image_within_its_limits():
    shift = brightness(torch.zeros(500, 3, 8, 8))[:, 0, 0, 0]
    gain = brightness(torch.ones(500, 3, 8, 8))[:, 0, 0, 0]
    assert shift.abs().max() <= 0.1
    assert shift.min() < -0.09 < 0.09 < shift.max()
    assert 0.7 <= gain.min() < 0.85 < 1.15 < gain.max() <= 1.3
    changed = brightness(FACES)
    for before, after in zip(FACES, changed, strict=True):
        slope, offset = np.polyfit(before.flatten().numpy(), after.flatten().numpy(), 1)
        np.testing.assert_allclose(slope * before + offset, after, atol=1e-5)


def test_an_augmented_batch_is_a_batch_of_images():
    before = FACES.clone()
    changed = augment(FACES)
    assert torch.equal(FACES, before)
    assert changed.shape == FACES.shape
    assert changed.dtype == torch.float32
    assert changed.abs().max() <= 1
    assert all((c != b).any() for c, b in zip(changed, before, strict=True))


@pytest.fixture
def marks(monkeypatch):
    """`augment` only marks: 0.5 for compressed, 0.25 for blurred."""
    monkeypatch.setattr(module, "noise", lambda images: images)
    monkeypatch.setattr(module, "brightness", lambda images: images)
    monkeypatch.setattr(module, "jpeg_like", lambda images: images * 0.5)
    monkeypatch.setattr(module, "blur", lambda images: images * 0.25)
    return lambda n: augment(torch.ones(n, 3, 8, 8))[:, 0, 0, 0]


def test_a_quarter_is_compressed_and_a_quarter_blurred(marks):
    assert sorted(marks(16).tolist()) == [0.25] * 4 + [0.5] * 4 + [1.0] * 8


@pytest.mark.parametrize("n", [4, 6, 10, 12, 20, 64])
def test_who_is_compressed_or_blurred_tells_nothing_of_the_place_in_the_batch(marks, n):
    # A detector's batch is real faces first, then the last gallery's fakes, then older ones.
    drawn = torch.stack([marks(n) for _ in range(1000)])
    for mark, share in ((0.5, -(-n // 4) / n), (0.25, -(-(n - 1) // 4) / n)):
        counts = (drawn == mark).float().mean(0)
        deviation = (share * (1 - share) / len(drawn)) ** 0.5
        assert (counts - share).abs().max() < 5 * deviation


def test_the_seed_decides():
    torch.manual_seed(4)
    one = augment(FACES)
    torch.manual_seed(4)
    assert torch.equal(augment(FACES), one)
    assert not torch.equal(augment(FACES), one)
