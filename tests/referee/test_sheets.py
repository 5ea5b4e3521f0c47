from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from arena.referee.sheets import captioned, film, sample_sheet


def tiles(n, size=4):
    return np.broadcast_to(np.arange(1, n + 1, dtype=np.uint8)[:, None, None, None], (n, size, size, 3)).copy()


def test_sheet_puts_faces_side_by_side():
    page = sample_sheet(tiles(5), 3)
    assert page.shape == (1, 8, 12, 3)
    assert page[0, ::4, ::4, 0].tolist() == [[1, 2, 3], [4, 5, 0]]


def test_sheet_is_no_wider_than_its_faces():
    assert sample_sheet(tiles(2), 8).shape == (1, 4, 8, 3)


@pytest.mark.parametrize(("n", "columns"), [(0, 3), (2, 0)])
def test_empty_sheet_is_refused(n, columns):
    with pytest.raises(ValueError, match="at least one face and one column"):
        sample_sheet(tiles(n), columns)


@pytest.mark.parametrize("width", [64, 512, 2048])
def test_caption_is_white_on_black_below_the_untouched_page(width):
    page = np.full((1, 32, width, 3), 90, np.uint8)
    page_with = captioned(page, "round 7")
    strip = page_with[0, 32:, :, 0]
    assert np.array_equal(page_with[:, :32], page)
    assert strip.max() > 200
    ink = np.flatnonzero(strip.max(axis=0))
    assert ink[0] > 0
    assert ink[-1] < width - 1  # the text is whole
    assert abs((ink[0] + ink[-1]) / 2 - width / 2) < 4  # and in the middle
    assert strip[[0, -1]].max() == 0


def test_captions_of_rounds_differ():
    page = np.zeros((1, 8, 128, 3), np.uint8)
    assert not np.array_equal(captioned(page, "round 1"), captioned(page, "round 2"))


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_film_shows_the_rounds_in_order(kind):
    pages = {round: np.full((1, 16, 96, 3), 40 * round, np.uint8) for round in (3, 1, 2)}
    with Image.open(io.BytesIO(film(pages, "generated", kind))) as movie:
        shades = [int(np.asarray(frame.convert("RGB"))[8, 48, 0]) for frame in ImageSequence.Iterator(movie)]
    assert np.allclose(shades, [40, 80, 120], atol=6)  # webp is lossy


def test_film_needs_a_page():
    with pytest.raises(ValueError, match="at least one round"):
        film({}, "generated", "gif")
