from __future__ import annotations

import io
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from arena.images import animation, check_images, png, sheet, xmp

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
RED, GREEN, BLUE = (np.full((2, 3, 3), colour, np.uint8) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255)))


def opened(data):
    return Image.open(io.BytesIO(data))


def test_images_pass_unchanged():
    images = np.zeros((2, 4, 4, 3), np.uint8)
    assert check_images(images, "the paper") is images


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ([[1]], r"the paper must be a NumPy array, not list"),
        (np.zeros((2, 4, 4, 3)), r"the paper must be uint8 \[N, H, W, 3\], not float64 \[2, 4, 4, 3\]"),
        (np.zeros((4, 4, 3), np.uint8), r"not uint8 \[4, 4, 3\]"),
        (np.zeros((2, 3, 4, 4), np.uint8), r"not uint8 \[2, 3, 4, 4\]"),
    ],
)
def test_what_is_no_image_array_is_named(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        check_images(wrong, "the paper")


def test_a_sheet_is_filled_row_by_row():
    page = sheet(np.stack([RED, GREEN, BLUE]), columns=2)
    black = np.zeros_like(RED)
    expected = np.vstack([np.hstack([RED, GREEN]), np.hstack([BLUE, black])])
    assert np.array_equal(page, expected[None])


def test_a_gap_lies_between_tiles_only():
    page = sheet(np.stack([RED, GREEN, BLUE, RED]), columns=2, gap=1)
    assert page.shape == (1, 5, 7, 3)
    assert np.array_equal(page[0, :2, :3], RED)
    assert np.array_equal(page[0, 3:, 4:], RED)
    assert not page[0, 2].any()
    assert not page[0, :, 3].any()


@pytest.mark.parametrize(
    ("origin", "kind", "word"),
    [
        ("composite", "compositeSynthetic", "Manipulated:"),
        ("unknown", "compositeSynthetic", "Manipulated or AI-generated"),
        ("generated", "trainedAlgorithmicMedia", "AI-generated"),
        ("synthetic", "algorithmicMedia", "Synthetic"),
        ("mixed", "compositeSynthetic", "Contains AI-generated faces"),
    ],
)
def test_a_png_keeps_its_pixels_and_says_what_it_is(origin, kind, word):
    image = opened(png(RED[None], origin, note="round 3"))
    assert np.array_equal(np.asarray(image), RED)
    assert image.text["Description"].startswith(word)
    assert image.text["Software"].startswith("arena ")
    assert image.text["Comment"] == "round 3"
    (description,) = ElementTree.fromstring(image.text["XML:com.adobe.xmp"]).iter(f"{RDF}Description")
    (value,) = (value for name, value in description.items() if name.endswith("DigitalSourceType"))
    assert value == f"http://cv.iptc.org/newscodes/digitalsourcetype/{kind}"


def test_a_photograph_is_not_called_generated():
    assert set(opened(png(RED[None], "real")).text) == {"Software"}


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_an_animation_shows_every_frame_for_ever(kind):
    image = opened(animation([RED[None], GREEN[None], BLUE[None]], "generated", kind, seconds_per_frame=0.25))
    assert (image.n_frames, image.info["loop"]) == (3, 0)
    for frame, colour in enumerate((RED, GREEN, BLUE)):
        image.seek(frame)
        assert np.abs(np.asarray(image.convert("RGB")).astype(int) - colour).max() < 40
        image.load()
        assert image.info["duration"] == 250


def after_sub_blocks(data):
    """What comes after an extension of a GIF: each sub-block begins with its length, and one of none ends it."""
    while data[0]:
        data = data[1 + data[0] :]
    return data[1:]


def test_an_animation_says_that_it_is_generated():
    frames = [RED[None], BLUE[None]]
    for origin, sentence in (("generated", b"AI-generated"), ("composite", b"Manipulated")):
        gif = animation(frames, origin, "gif")
        assert opened(gif).info["comment"].startswith(sentence)
        block = gif[gif.index(b"\x21\xff\x0bXMP DataXMP") + 14 :]
        assert block.startswith(xmp(origin).encode())
        assert after_sub_blocks(block) == b";"  # who reads no XMP finds the end of it all the same
        assert opened(animation(frames, origin, "webp")).info["xmp"] == xmp(origin).encode()
