from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from facefiles import encoded, faces_in, skipped_in

from arena.faces.sources.archives import is_safe
from arena.faces.sources.opening import open_source
from arena.types import ArenaError


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return path


def tarred(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def test_zip_like_a_folder(tmp_path: Path) -> None:
    path = zipped(tmp_path / "faces.bin", {"ann/1.png": encoded(1), "ann/": b"", "2.png": encoded(2)})
    assert faces_in(path) == {"ann/1.png": "ann", "2.png": None}


def test_zip_members_outside_the_zip_are_refused(tmp_path: Path) -> None:
    names = ["/etc/1.png", "../2.png", "a/../../3.png", "C:\\4.png", "..\\5.png"]
    path = zipped(tmp_path / "evil.zip", {name: encoded(i) for i, name in enumerate([*names, "a..b/fine.png"])})
    assert faces_in(path) == {"a..b/fine.png": "a..b"}
    assert skipped_in(path) == dict.fromkeys(names, "unsafe path")
    assert not is_safe("\\\\server\\share\\1.png")


def test_damaged_zip_members_are_skipped(tmp_path: Path) -> None:
    path = zipped(tmp_path / "faces.zip", {"good.png": encoded(1), "bad.png": encoded(2), "empty.png": b""})
    data = path.read_bytes()
    path.write_bytes(data.replace(encoded(2), encoded(2)[:-20] + bytes(20), 1))
    assert faces_in(path) == {"good.png": None}
    assert skipped_in(path) == {"bad.png": "corrupt", "empty.png": "empty"}


def test_zip_fingerprint_is_its_content_not_its_place(tmp_path: Path) -> None:
    one = zipped(tmp_path / "one.zip", {"1.png": encoded(1)})
    two = zipped(tmp_path / "two.zip", {"1.png": encoded(1)})
    other = zipped(tmp_path / "three.zip", {"1.png": encoded(2)})
    keys = [open_source(str(path)).fingerprint() for path in (one, two, other)]
    assert keys[0] == keys[1] != keys[2]


def test_an_empty_or_damaged_zip_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match="has no files in it"):
        open_source(str(zipped(tmp_path / "empty.zip", {})))
    path = zipped(tmp_path / "faces.zip", {"1.png": encoded(1)})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 1] = 0
    path.write_bytes(data)
    with pytest.raises(ArenaError, match="is damaged"):
        open_source(str(path))


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar_like_a_folder(tmp_path: Path, mode: str) -> None:
    path = tarred(tmp_path / "faces.any", {"ann/1.png": encoded(1), "2.png": encoded(2), "x.txt": b"x"}, mode)
    assert faces_in(path) == {"ann/1.png": "ann", "2.png": None}
    assert skipped_in(path) == {"x.txt": "not an image"}


def test_tar_members_that_are_no_files_or_outside_are_refused(tmp_path: Path) -> None:
    path = tarred(tmp_path / "evil.tar", {"/etc/1.png": encoded(1), "../2.png": encoded(2), "3.png": encoded(3)})
    with tarfile.open(path, "a") as archive:
        for name, kind in (("link.png", tarfile.SYMTYPE), ("hard.png", tarfile.LNKTYPE), ("pipe", tarfile.FIFOTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    assert faces_in(path) == {"3.png": None}
    assert skipped_in(path) == {
        "/etc/1.png": "unsafe path",
        "../2.png": "unsafe path",
        "link.png": "not a file",
        "hard.png": "not a file",
        "pipe": "not a file",
    }


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_tar_that_is_cut_off_gives_what_it_has(tmp_path: Path, mode: str) -> None:
    path = tarred(tmp_path / "faces.tar", {f"{i}.png": encoded(i, 200, 200) for i in range(20)}, mode)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    faces, skipped = faces_in(path), skipped_in(path)
    assert 5 <= len(faces) <= 12
    assert list(faces) == [f"{i}.png" for i in range(len(faces))]
    assert set(skipped.values()) == {"truncated"}


def test_tar_fingerprint_changes_with_the_file(tmp_path: Path) -> None:
    path = tarred(tmp_path / "faces.tar", {"1.png": encoded(1)})
    first = open_source(str(path)).fingerprint()
    os.utime(path, ns=(1, 1))
    assert open_source(str(path)).fingerprint() != first


def test_members_that_are_empty_encrypted_or_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arena.faces.sources.archives.LARGEST_FILE", 20_000)
    members = {"good.png": encoded(1), "empty.png": b"", "large.png": bytes(20_001)}
    skipped = {"empty.png": "empty", "large.png": "too large"}
    tar = tarred(tmp_path / "faces.tar", members)
    assert (faces_in(tar), skipped_in(tar)) == ({"good.png": None}, skipped)
    archive = zipped(tmp_path / "faces.zip", members | {"locked.png": encoded(2)})
    data = bytearray(archive.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    assert data[entry + 46 :].startswith(b"locked.png")
    data[entry + 8] |= 1  # the flag of encryption
    archive.write_bytes(data)
    assert (faces_in(archive), skipped_in(archive)) == ({"good.png": None}, skipped | {"locked.png": "encrypted"})
    assert open_source(str(tar)).description == f"the tar {tar}"


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_compression_is_skipped(tmp_path: Path, method: int) -> None:
    path = tmp_path / "faces.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("bad.png", encoded(1, 200, 200))
        archive.writestr("good.png", encoded(2))
    data = bytearray(path.read_bytes())
    data[60:200] = bytes(140)
    path.write_bytes(data)
    assert faces_in(path) == {"good.png": None}
    assert skipped_in(path)["bad.png"] in ("corrupt", "unreadable")
