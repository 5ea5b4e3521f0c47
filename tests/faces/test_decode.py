from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from arena.faces.decode import Unusable, decode, square

RED, GREEN, BLUE, WHITE = [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> io.BytesIO:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    buffer.seek(0)
    return buffer


def halves(left: object, right: object, dtype: type = np.uint8) -> np.ndarray:
    """20x20 pixels, the left half of one value, the right half of another."""
    image = np.empty((20, 20, *np.shape(left)), dtype)
    image[:, :10], image[:, 10:] = left, right
    return image


def test_colours_arrive_as_they_are() -> None:
    image = decode(saved(Image.fromarray(halves(RED, GREEN))))
    assert image.dtype == np.uint8
    assert image.shape == (20, 20, 3)
    assert image[0, 0].tolist() == RED
    assert image[0, 19].tolist() == GREEN


def test_grey_becomes_three_equal_channels() -> None:
    image = decode(saved(Image.fromarray(halves(10, 200))))
    assert image[5, 5].tolist() == [10, 10, 10]
    assert image[5, 15].tolist() == [200, 200, 200]


def test_sixteen_bits_keep_their_upper_byte() -> None:
    image = decode(saved(Image.fromarray(halves(0x1234, 0xFFFF, np.uint16))))
    assert image[5, 5].tolist() == [0x12] * 3
    assert image[5, 15].tolist() == WHITE


@pytest.mark.parametrize("scale", [1.0, 255.0])
def test_float_tiff_in_either_range(scale: float) -> None:
    image = decode(saved(Image.fromarray(halves(0.0, scale, np.float32)), "TIFF"))
    assert image[5, 5].tolist() == [0, 0, 0]
    assert image[5, 15].tolist() == WHITE


def test_transparent_pixels_turn_white() -> None:
    image = decode(saved(Image.fromarray(halves([255, 0, 0, 255], [0, 0, 255, 0]))))
    assert image[5, 5].tolist() == RED
    assert image[5, 15].tolist() == WHITE


def test_palette_with_a_transparent_colour() -> None:
    picture = Image.fromarray(halves(RED, BLUE)).quantize(2)
    hidden = picture.getpixel((15, 5))
    image = decode(saved(picture, transparency=hidden))
    assert image[5, 5].tolist() == RED
    assert image[5, 15].tolist() == WHITE


def test_cmyk_is_converted_and_not_inverted() -> None:
    image = decode(saved(Image.fromarray(halves(RED, WHITE)).convert("CMYK"), "JPEG", quality=100))
    np.testing.assert_allclose(image[10, 3].astype(int), RED, atol=6)
    np.testing.assert_allclose(image[10, 16].astype(int), WHITE, atol=6)


def test_orientation_tag_is_obeyed() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise to look at it
    image = decode(saved(Image.fromarray(halves(RED, BLUE)), "PNG", exif=exif))
    assert image[0, 10].tolist() == RED
    assert image[19, 10].tolist() == BLUE


def test_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    assert decode(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))[0, 0].tolist() == RED


def test_large_jpeg_is_decoded_at_a_fraction_but_no_less_than_three_times_the_size() -> None:
    photo = saved(Image.new("RGB", (1606, 1205)), "JPEG")
    assert decode(photo, 64).shape == (301, 401, 3)
    photo.seek(0)
    assert decode(photo).shape == (1205, 1606, 3)


def test_the_fraction_looks_like_the_whole() -> None:
    coarse = np.random.default_rng(0).integers(0, 256, (12, 15, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = saved(Image.fromarray(coarse).resize((1505, 1205), Image.Resampling.BICUBIC), "JPEG", quality=95, exif=exif)
    small = square(decode(photo, 64), 64).astype(float)
    photo.seek(0)
    whole = square(decode(photo), 64).astype(float)
    assert np.abs(small - whole).mean() < 1.0


def claims(width: int, height: int) -> bytes:
    """A PNG that claims more pixels than it has."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def noise(kind: str) -> bytes:
    return saved(Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)), kind).getvalue()


def truncated(kind: str) -> bytes:
    return noise(kind)[:2000]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"no image at all", "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n", "not an image"),
        (claims(60_000, 60_000), "too large"),
        (claims(12_000, 10_001), "too large"),
        (claims(11_648, 8_736), "truncated"),  # as large as cameras get: it is read, and found to be short
        (saved(Image.new("RGB", (100, 15))).getvalue(), "too small"),
        (truncated("JPEG"), "truncated"),
        (truncated("PNG"), "truncated"),
        (noise("PNG")[:5000] + bytes(100) + noise("PNG")[5100:], "corrupt"),
    ],
    ids=["text", "postscript", "bomb", "too-large", "camera", "tiny", "half-jpeg", "half-png", "damaged-png"],
)
def test_what_cannot_be_used_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(Unusable) as caught:
        decode(io.BytesIO(data))
    assert caught.value.reason == reason


def test_square_is_the_centre() -> None:
    image = np.zeros((20, 60, 3), np.uint8)
    image[:, 20:40] = 255
    assert (square(image, 20) == 255).all()
    assert square(image, 64).shape == (64, 64, 3)
    assert square(image.transpose(1, 0, 2), 20).min() == 255


def test_square_averages_instead_of_picking() -> None:
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    inner = square(stripes, 32)[4:-4, 4:-4]
    assert 120 <= inner.min() <= inner.max() <= 135
