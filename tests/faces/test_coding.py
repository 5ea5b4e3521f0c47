from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from facefiles import picture
from PIL import Image

from arena.faces.coding import LARGEST, MOST_WAYS, Coding, Way, coder, tally, way_of
from arena.faces.sets.pack import pack
from arena.faces.sources.opening import open_source

ODD = ([9] * 64, [17] * 64)
"""Tables of no quality."""


def jpeg(image: np.ndarray, **how: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", **how)
    return buffer.getvalue()


def pictures(n: int, size: int = 64) -> np.ndarray:
    noise = np.random.default_rng(1).integers(-20, 20, (n, size, size, 3))
    plain = np.stack([np.asarray(picture(seed, size, size)) for seed in range(n)])
    return np.clip(plain + noise, 0, 255).astype(np.uint8)


def coding_of(folder: Path, size: int = 64) -> Coding | None:
    return pack(open_source(str(folder)), folder.with_suffix(".arena"), size).coding


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(("sampling", "number"), [("4:4:4", 0), ("4:2:2", 1), ("4:2:0", 2)])
@pytest.mark.parametrize("how", [{"quality": 37}, {"quality": 92}, {"qtables": ODD}], ids=str)
def test_what_is_measured_is_what_was_used_and_can_be_repeated(
    tmp_path: Path, sampling: str, number: int, how: dict[str, object]
) -> None:
    folder, images = tmp_path / "jpegs", pictures(6)
    folder.mkdir()
    files = [jpeg(image, subsampling=number, **how) for image in images]
    for i, data in enumerate(files):
        (folder / f"{i}.jpg").write_bytes(data)
    coding = coding_of(folder)
    tables = tuple(tuple(table) for table in opened(files[0]).quantization.values())
    assert coding == Coding(((Way("JPEG", 64, tables, sampling), 1.0),), 6)
    assert coding.is_lossy
    np.testing.assert_array_equal(coding.apply(images, 1), np.stack([np.asarray(opened(data)) for data in files]))
    assert Coding.from_json(json.loads(json.dumps(coding.to_json()))) == coding
    assert ("quality" in coding.to_json()["ways"][0]) == ("quality" in how)


def test_a_mixed_set_codes_fakes_in_proportion(tmp_path: Path) -> None:
    folder, images = tmp_path / "mixed", pictures(400, 16)
    folder.mkdir()
    for i, image in enumerate(images[:40]):
        (folder / f"{i}.jpg").write_bytes(jpeg(image, quality=30)) if i % 4 else Image.fromarray(image).save(
            folder / f"{i}.png"
        )
    coding = coding_of(folder, 16)
    assert coding is not None
    assert {way.format: share for way, share in coding.ways} == {"JPEG": 0.75, "PNG": 0.25}
    assert str(coding) == "JPEG (quality 30, 4:2:0, 16 px) 75 %, PNG 25 %"
    coded = coding.apply(images, 5)
    untouched = np.mean([np.array_equal(one, other) for one, other in zip(coded, images, strict=True)])
    assert abs(untouched - 0.25) < 0.08
    np.testing.assert_array_equal(coded, coding.apply(images, 5))
    assert not np.array_equal(coded, coding.apply(images, 6))


def test_sets_without_lossy_files_leave_fakes_alone(tmp_path: Path) -> None:
    folder, images = tmp_path / "pngs", pictures(2, 32)
    folder.mkdir()
    Image.fromarray(images[0]).save(folder / "a.png")
    coding = coding_of(folder, 32)
    assert coding == Coding(((Way("PNG"), 1.0),), 1)
    assert not coding.is_lossy
    assert str(coding) == "PNG 100 %"
    np.testing.assert_array_equal(coding.apply(images, 0), images)
    drawn = pack(open_source("procedural:2"), tmp_path / "drawn.arena", 32)
    assert drawn.coding is None


def test_larger_files_leave_what_coding_changed_and_no_more() -> None:
    images = pictures(20, 32)
    small, large, largest = (
        np.abs(of_side(side).apply(images, 0).astype(int) - images).mean() for side in (32, 96, round(LARGEST * 32))
    )
    assert small > large > largest > 0
    np.testing.assert_array_equal(of_side(round(LARGEST * 32) + 1).apply(images, 0), images)
    np.testing.assert_array_equal(of_side(33).apply(images, 0, largest=1.0), images)
    assert not np.array_equal(of_side(32).apply(images, 0, largest=1.0), images)
    # Coding that changes nothing changes nothing at any size, though enlarging and shrinking would.
    lossless = Coding(((Way("JPEG", 96, ((1,) * 64,) * 2, "4:4:4"), 1.0),), 1)
    assert np.abs(lossless.apply(images, 0).astype(int) - images).max() <= 2


def of_side(side: int) -> Coding:
    (way,) = {way_of(opened(jpeg(pictures(1, side)[0], quality=60)))}
    assert way.side == side
    return Coding(((way, 1.0),), 1)


def test_blocks_lie_where_they_lay_in_the_file() -> None:
    """Of a wide file the centred square is kept; its blocks begin at the file's corner, not at the square's."""
    wide = np.asarray(picture(3, 64, 32))
    data = jpeg(wide, quality=20, subsampling=0)
    assert way_of(opened(data)).corner == (0, 0)
    assert way_of(opened(jpeg(wide[:, :52], quality=20))).corner == (10, 0)
    assert way_of(opened(jpeg(wide[:, :52], quality=20))).within(3, 20, 24).corner == (3, 4)
    padded = np.pad(wide[:, :32], ((0, 0), (10, 0), (0, 0)), mode="edge")
    way = Way("JPEG", 32, way_of(opened(data)).tables, "4:4:4", (10, 0))
    expected = np.asarray(opened(jpeg(padded, quality=20, subsampling=0)))[:, 10:]
    np.testing.assert_array_equal(way.code(np.ascontiguousarray(wide[:, :32])), expected)


def test_of_too_many_ways_an_even_choice_is_kept() -> None:
    counted = Counter({Way("JPEG", side, ((1,) * 64,), "4:4:4"): 1 + (side == 50) * 99 for side in range(1, 101)})
    coding = tally(counted)
    assert coding is not None
    assert len(coding.ways) < MOST_WAYS
    assert coding.files == 199
    assert sum(share for _, share in coding.ways) == pytest.approx(1)
    assert {way.side: share for way, share in coding.ways}[50] == pytest.approx(0.5, abs=0.04)
    assert tally({}) is None


def test_a_grey_file_and_a_nearest_quality() -> None:
    grey = way_of(opened(jpeg(np.asarray(picture(1).convert("L")), quality=80)))
    assert (grey.sampling, grey.quality, len(grey.tables)) == ("grey", 80, 1)
    assert Way.from_json(grey.to_json()) == grey
    assert grey.code(pictures(1, 40)[0]).shape == (40, 40, 3)


def test_fakes_are_coded_where_the_origin_says_so() -> None:
    images, coding = pictures(3, 32), of_side(32)
    assert coder({}) is None
    assert coder({"coding": coding.to_json(), "coded": False}) is None
    code = coder({"coding": coding.to_json(), "coded": True})
    assert code is not None
    np.testing.assert_array_equal(code(images, 4), coding.apply(images, 4))
