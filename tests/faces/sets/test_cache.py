from __future__ import annotations

import errno
import hashlib
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from facefiles import people, picture, plain_render, write

from arena.faces.decode import square
from arena.faces.sets import pack
from arena.faces.sets.cache import open_cache, prepare
from arena.faces.source import Face, Skipped
from arena.faces.sources.files import Folder
from arena.locks import hold
from arena.types import ArenaError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return people(tmp_path / "people", 3, 2)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def shown(home: Path) -> list[str]:
    return [path.name for path in home.iterdir() if not path.name.startswith(".")]


def test_images_names_identities_and_digest(folder: Path, home: Path) -> None:
    write(folder / "wide.png", 77, width=60, height=30)
    faces = prepare(str(folder), home, size=32)
    assert faces.images.shape == (7, 32, 32, 3)
    assert faces.names == [*(f"person0{p}/{s}.png" for p in range(3) for s in range(2)), "wide.png"]
    assert faces.people == ["person00", "person01", "person02"]
    assert [faces.person(i) for i in (0, 5, 6)] == ["person00", "person02", None]
    assert faces.identities.tolist() == [0, 0, 1, 1, 2, 2, 3]
    assert faces.identities.dtype == np.int64
    np.testing.assert_array_equal(faces.images[6], square(np.asarray(picture(77, 60, 30)), 32))
    assert faces.digest == hashlib.sha256(np.ascontiguousarray(faces.images)).hexdigest()
    assert not faces.synthetic
    assert str(folder) in faces.source


def test_images_are_a_read_only_memory_map(folder: Path, home: Path) -> None:
    images = prepare(str(folder), home).images
    assert isinstance(images, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        images[0] = 0


def test_the_second_time_nothing_is_decoded(folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepare(str(folder), home)

    def forbidden(self: Folder, size: int | None = None) -> Iterator[Face | Skipped]:
        raise AssertionError("decoded again")

    monkeypatch.setattr(Folder, "faces", forbidden)
    second = prepare(str(folder), home)
    assert (second.path, second.digest, second.names) == (first.path, first.digest, first.names)
    with pytest.raises(AssertionError, match="decoded again"):
        prepare(str(folder), home, size=32)


def test_changed_content_is_decoded_again(folder: Path, home: Path) -> None:
    first = prepare(str(folder), home)
    write(folder / "person00" / "new.png", 5000)
    second = prepare(str(folder), home)
    assert len(second.images) == len(first.images) + 1
    assert second.digest != first.digest
    assert len(shown(home)) == 2


def test_skipped_files_are_named_by_reason(folder: Path, home: Path) -> None:
    (folder / "a.txt").write_text("a")
    (folder / "b.txt").write_text("b")
    (folder / "person00" / "copy.png").write_bytes((folder / "person01" / "0.png").read_bytes())
    faces = prepare(str(folder), home)
    assert faces.skipped == {"not an image": ["a.txt", "b.txt"], "duplicate": ["person01/0.png"]}
    assert len(faces.images) == 6
    assert open_cache(faces.path).skipped == faces.skipped


def test_strange_names_survive(tmp_path: Path, home: Path) -> None:
    names = sorted(["two\nlines/é😀.png", os.fsdecode(b"\xff/1.png"), '"quoted"/1.png'])
    for seed, name in enumerate(names):
        write(tmp_path / "f" / name, seed)
    assert prepare(str(tmp_path / "f"), home).names == names


def test_progress_counts_every_file(tmp_path: Path, home: Path) -> None:
    folder = people(tmp_path / "many", 10, 7)
    (folder / "a.txt").write_text("a")
    calls: list[tuple[int, int | None]] = []
    prepare(str(folder), home, on_progress=lambda done, total: calls.append((done, total)))
    assert calls == [(64, 71), (71, 71)]


def test_no_usable_image_leaves_nothing(tmp_path: Path, home: Path) -> None:
    folder = tmp_path / "f"
    write(folder / "tiny.png", 0, 9, 9)
    (folder / "x.txt").write_text("x")
    with pytest.raises(ArenaError, match=r"not one face in .* can be used: 1 too small, 1 not an image"):
        prepare(str(folder), home)
    assert shown(home) == []


def test_videos_alone_are_told_to_be_cropped(tmp_path: Path, home: Path) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    for name in ("a.mp4", "b.MOV", "c.txt"):
        (folder / name).write_bytes(b"\0\0\0\x18ftypmp42")
    with pytest.raises(ArenaError, match=r"can be used: 2 video, 1 not an image; whole .* `arena faces crop` first$"):
        prepare(str(folder), home)


@pytest.mark.parametrize("size", [0, -1, 15, 1025])
def test_impossible_sizes(folder: Path, home: Path, size: int) -> None:
    with pytest.raises(ArenaError, match="between 16 and 1024"):
        prepare(str(folder), home, size=size)


class Crash(BaseException):
    """Stands for the machine stopping."""


@pytest.mark.parametrize("moment", ["Packer", "sync", "sync_folder"])
def test_a_crash_while_writing_shows_nothing_half_done(
    folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def crash(*arguments: object) -> None:
        raise Crash

    with monkeypatch.context() as broken:
        broken.setattr(pack, moment, crash)
        broken.setattr(Path, "unlink", lambda *a, **k: None)  # a killed process tidies nothing up
        with pytest.raises(Crash):
            prepare(str(folder), home)
    assert all(open_cache(home / name) for name in shown(home))
    assert len(prepare(str(folder), home).images) == 6
    assert [path for path in home.iterdir() if path.name.endswith(".partial")] == []


def test_what_killed_processes_left_is_swept_away(folder: Path, home: Path) -> None:
    home.mkdir()
    (home / ".faces-dead.arena.partial").write_bytes(bytes(1000))
    (home / ".faces-busy.arena.partial").write_bytes(bytes(1000))
    with hold(home / ".busy.lock"):
        prepare(str(folder), home)
    assert not (home / ".faces-dead.arena.partial").exists()
    assert (home / ".faces-busy.arena.partial").exists()


def test_two_processes_build_once(folder: Path, home: Path) -> None:
    code = "import sys; from pathlib import Path; from arena.faces.sets.cache import prepare;"
    code += (
        "calls = []; prepare(sys.argv[1], Path(sys.argv[2]), on_progress=lambda *n: calls.append(n)); print(len(calls))"
    )
    words = [sys.executable, "-c", code, str(folder), str(home)]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    built = sorted(process.communicate(timeout=60)[0].strip() for process in both)
    assert built == ["0", "1"]


def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pack, "sync", full)
    with pytest.raises(ArenaError, match=r"cannot be cached in .*No space left on device"):
        prepare(str(folder), home)
    assert shown(home) == []
    assert [path for path in home.iterdir() if path.name.endswith(".partial")] == []


def test_a_disk_that_fills_in_the_middle_leaves_nothing(folder: Path, home: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096 + 30_000, hard))  # room for two of six images
    try:
        with pytest.raises(ArenaError, match="cannot be cached in"):
            prepare(str(folder), home)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path for path in home.iterdir() if path.suffix != ".lock"] == []
    assert len(prepare(str(folder), home).images) == 6


def test_a_damaged_cache_is_found_and_built_again(folder: Path, home: Path) -> None:
    faces = prepare(str(folder), home)
    faces.path.write_bytes(faces.path.read_bytes()[:-100])
    with pytest.raises(ArenaError, match="damaged or cut off"):
        open_cache(faces.path)
    assert prepare(str(folder), home).digest == faces.digest
    with pytest.raises(ArenaError, match="No such file"):
        open_cache(home / "nothing")


def test_a_file_in_the_way_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("")
    with pytest.raises(ArenaError, match="cannot be cached in"):
        prepare(str(folder), tmp_path / "blocked")


def test_the_embedded_faces_call_themselves_synthetic(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "arena.faces.procedural", SimpleNamespace(render=plain_render))
    faces = prepare("procedural:8", home, size=16)
    assert faces.synthetic
    assert faces.identities.tolist() == [0, 0, 0, 0, 0, 0, 1, 1]
