from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from facefiles import people, picture, write

from arena.faces.sets.cache import prepare
from arena.faces.sets.pack import Packed, pack
from arena.faces.sets.packed import PAGE, FaceSet, Packer, damaged_images, open_packed
from arena.faces.source import Face
from arena.faces.sources.drawn import FRAMING
from arena.faces.sources.opening import open_source
from arena.types import ArenaError


@pytest.fixture
def packed(tmp_path: Path) -> FaceSet:
    folder = people(tmp_path / "people", 2, 3)
    write(folder / "nobody.png", 7)
    return pack(open_source(str(folder)), tmp_path / "faces.arena", 32)


def test_what_is_packed_comes_out(packed: FaceSet) -> None:
    assert packed.images.shape == (7, 32, 32, 3)
    assert packed.people == ["person00", "person01"]
    assert packed.identities.tolist() == [2, 0, 0, 0, 1, 1, 1]
    assert packed.recipe == {"decoded": "square-2"}
    assert open_packed(packed.path).names == packed.names
    assert packed.path.read_bytes()[PAGE:][: packed.images.size] == packed.images.tobytes()


def test_a_packed_file_is_a_source(packed: FaceSet, tmp_path: Path) -> None:
    same = prepare(str(packed.path), tmp_path / "cache", size=32)
    assert same.path == packed.path
    assert not (tmp_path / "cache").exists()
    smaller = prepare(str(packed.path), tmp_path / "cache", size=16)
    assert smaller.images.shape == (7, 16, 16, 3)
    assert (smaller.names, smaller.people, smaller.source) == (packed.names, packed.people, packed.source)
    assert smaller.identities.tolist() == packed.identities.tolist()


def test_coding_and_framing_travel_with_the_file(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    picture(1).save(tmp_path / "f" / "1.jpg", quality=70)
    first = pack(open_source(str(tmp_path / "f")), tmp_path / "first.arena", 32)
    again = pack(open_source(str(first.path)), tmp_path / "again.arena", 16)
    assert first.coding is not None
    assert str(first.coding) == "JPEG (quality 70, 4:2:0, 40 px) 100 %"
    assert again.coding == first.coding
    assert again.framing is None
    drawn = pack(open_source("procedural:2"), tmp_path / "drawn.arena", 32)
    smaller = pack(open_source(str(drawn.path)), tmp_path / "smaller.arena", 16)
    assert smaller.framing == drawn.framing == FRAMING


def test_a_file_of_format_1_is_opened_and_knows_no_coding(packed: FaceSet) -> None:
    data = packed.path.read_bytes()
    trailer = struct.Struct("<QL16s")
    length, _, magic = trailer.unpack(data[-trailer.size :])
    end = len(data) - trailer.size
    footer = json.loads(data[end - length : end])
    text = json.dumps({k: v for k, v in footer.items() if k not in ("coding", "framing")}).encode()
    old = magic.replace(b"2", b"1")
    body = old + data[len(old) : end - length]
    packed.path.write_bytes(body + text + trailer.pack(len(text), zlib.crc32(text), old))
    opened = open_packed(packed.path)
    np.testing.assert_array_equal(opened.images, packed.images)
    assert (opened.names, opened.digest) == (packed.names, packed.digest)
    assert opened.coding is opened.framing is None
    assert isinstance(open_source(str(packed.path)), Packed)
    packed.path.write_bytes(body + text + trailer.pack(len(text), zlib.crc32(text), magic))  # neither old nor new
    with pytest.raises(ArenaError, match="damaged or cut off"):
        open_packed(packed.path)


@pytest.mark.parametrize("where", [0, 3, -1, -20, -60, PAGE + 7 * 32 * 32 * 3 + 1], ids=str)
def test_a_changed_byte_of_index_or_frame_is_found_at_once(packed: FaceSet, where: int) -> None:
    data = bytearray(packed.path.read_bytes())
    data[where] ^= 1
    packed.path.write_bytes(data)
    with pytest.raises(ArenaError, match=r"damaged or cut off|not a packed file"):
        open_packed(packed.path)


@pytest.mark.parametrize("length", [0, 10, PAGE, PAGE + 50, -1, -200])
def test_a_cut_file_is_found_at_once(packed: FaceSet, length: int) -> None:
    packed.path.write_bytes(packed.path.read_bytes()[:length])
    with pytest.raises(ArenaError, match=r"damaged or cut off|not a packed file"):
        open_packed(packed.path)


def test_a_changed_pixel_is_found_and_named(packed: FaceSet) -> None:
    assert damaged_images(packed) == []
    with packed.path.open("r+b") as file:
        file.seek(PAGE + 2 * 32 * 32 * 3 + 5)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 1]))
    assert damaged_images(open_packed(packed.path)) == [packed.names[2]]


def test_names_with_nul_do_not_shift_the_others(tmp_path: Path) -> None:
    with (tmp_path / "faces.arena").open("wb") as file:
        packer = Packer(file, 16)
        for i, name in enumerate(("a\0b", "c")):
            packer.add(Face(np.asarray(picture(i)), name, name))
        packer.finish("a test", False, {})
    faces = open_packed(tmp_path / "faces.arena")
    assert (faces.names, faces.people) == (["a b", "c"], ["a b", "c"])


def test_packing_onto_a_missing_folder_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        pack(open_source(str(people(tmp_path / "people", 1, 1))), tmp_path / "no" / "faces.arena", 32)
