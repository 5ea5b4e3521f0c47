"""How fast do faces get into the arena? Packing, opening, reading, searching for faces, on one core.

    python benchmarks/faces.py [--faces folder-or.zip]

Every line is the median of interleaved runs and a ratio to the plain way of doing the same, taken in the same run:
packing to a loop that decodes and keeps nothing, reading to decoding the same files again, searching in batches to
one image at a time.
Bars: a million images open in under a second; 100,000 images of 64 pixels a second in random batches.
"""

from __future__ import annotations

import argparse
import io
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from arena.faces.coding import LARGEST, Coding, Way
from arena.faces.crop.finder import Finder
from arena.faces.procedural import render
from arena.faces.sets.leaks import near_duplicates
from arena.faces.sets.pack import pack
from arena.faces.sets.packed import FaceSet, Packer, open_packed
from arena.faces.sources.opening import open_source
from arena.types import Images

_BATCH = 64
_MILLION = 1_000_000


def main() -> None:
    options = _arguments()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        place = options.faces or str(_zip_of_drawn_faces(home, options.count))
        faces = pack(open_source(place), home / "warm.arena", 64)
        print(f"{len(faces.images)} faces of {faces.source}\n")
        _packing(place, home, options.runs, len(faces.images))
        _reading(place, faces, options.runs)
        _opening(home, options.runs)
        _leaks(faces, options.runs)
        _coding(faces, options.runs)
        _searching(options.runs, options.device)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", help="folder or archive of images (default: drawn ones, as JPEG in a zip)")
    parser.add_argument("--count", type=int, default=2000, help="drawn faces (default 2000)")
    parser.add_argument("--runs", type=int, default=5, help="runs of everything (default 5)")
    parser.add_argument("--device", default="cpu", help="where faces are searched: cpu, cuda (default cpu)")
    return parser.parse_args()


def _packing(place: str, home: Path, runs: int, n: int) -> None:
    def ours() -> None:
        pack(open_source(place), home / "again.arena", 64)

    _line("packing", n, "a loop that only decodes", _medians(runs, ours, lambda: _decode_all(place)))


def _reading(place: str, faces: FaceSet, runs: int) -> None:
    order = np.random.default_rng(0).permutation(len(faces.images))
    batches = np.array_split(order, len(order) // _BATCH)

    def ours() -> None:
        for batch in batches:
            faces.images[batch]

    _line("reading, random batches", len(order), "decoding again", _medians(runs, ours, lambda: _decode_all(place)))


def _opening(home: Path, runs: int) -> None:
    """A million names and identities; pixels that nobody reads cost no disk."""
    path = home / "million.arena"
    with path.open("wb") as file:
        packer = Packer(file, 64)
        file.truncate(4096 + _MILLION * 64 * 64 * 3)
        file.seek(0, io.SEEK_END)
        packer._names = [f"person{i // 20:05d}/{i:06d}.jpg" for i in range(_MILLION)]
        packer._people = [f"person{i // 20:05d}" for i in range(_MILLION)]
        packer._hashes = {i.to_bytes(16, "big"): None for i in range(_MILLION)}
        packer.finish("a benchmark", False, {})
    (seconds,) = _medians(runs, lambda: open_packed(path))
    print(f"{'opening a million':28}{seconds:.2f} s")
    path.unlink()


def _leaks(faces: FaceSet, runs: int) -> None:
    (seconds,) = _medians(runs, lambda: near_duplicates(faces.images))
    pairs = len(faces.images) ** 2 / 2
    print(f"{'near-duplicates':28}{seconds:.2f} s ({pairs / seconds / 1e6:.0f} million pairs/s)")


def _coding(faces: FaceSet, runs: int) -> None:
    """Fakes coded as the files of the real faces were: at their size, and as if files had been larger."""
    images = np.asarray(faces.images[:500])
    table = {"format": "JPEG", "quality": 91, "sampling": "4:2:0"}
    for side in (64, 160, round(64 * LARGEST)):
        coding = Coding(((Way.from_json(table | {"side": side}), 1.0),), 1)
        (seconds,) = _medians(runs, lambda coding=coding: coding.apply(images, 0))
        print(f"{f'coding, files of {side} px':28}{len(images) / seconds:>9,.0f} /s")


def _searching(runs: int, device: str) -> None:
    finder = Finder(device, min_size=50)
    clock = time.process_time if device == "cpu" else time.perf_counter
    for size, count in ((160, 32), (480, 8)):
        images = list(_photos(count, size))
        finder.find(images[:1])  # load the networks

        def one_by_one(images: list[Images] = images) -> None:
            for image in images:
                finder.find([image])

        def batched(images: list[Images] = images) -> None:
            finder.find(images)

        _line(f"faces found, {size} px", count, "one by one", _medians(runs, batched, one_by_one, clock=clock))


def _photos(count: int, size: int) -> Images:
    """Photos of one drawn face each, which fills a third of them."""
    canvas = np.full((count, size, size, 3), 110, np.uint8)
    face = render(7, np.arange(count), np.zeros(count, np.int64), 128)
    canvas[:, size // 2 - 64 : size // 2 + 64, size // 2 - 64 : size // 2 + 64] = face
    return canvas


def _medians(runs: int, *jobs: Callable[[], object], clock: Callable[[], float] = time.process_time) -> list[float]:
    """Median seconds of each job, in time of one core; the jobs take turns, so that all meet the same machine."""
    seconds: list[list[float]] = [[] for _ in jobs]
    for _ in range(runs):
        for job, times in zip(jobs, seconds, strict=True):
            start = clock()
            job()
            times.append(clock() - start)
    return [statistics.median(times) for times in seconds]


def _line(name: str, n: int, against: str, medians: list[float]) -> None:
    ours, theirs = medians
    print(f"{name:28}{n / ours:>9,.0f} /s   {theirs / ours:>6.2f} x {against}")


def _decode_all(place: str) -> None:
    """What one would write without the arena: open, convert, resize, keep."""
    path = Path(place)
    if path.is_dir():
        for file in sorted(path.rglob("*.*")):
            _decode(file.read_bytes())
    else:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                _decode(archive.read(name))


def _decode(data: bytes) -> Images | None:
    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("RGB").resize((64, 64)))
    except OSError:
        return None


def _zip_of_drawn_faces(home: Path, count: int) -> Path:
    path = home / "drawn.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for i, image in enumerate(render(5, np.arange(count), np.zeros(count, np.int64), 64)):
            buffer = io.BytesIO()
            Image.fromarray(image).save(buffer, "JPEG", quality=90)
            archive.writestr(f"{i}/{i}.jpg", buffer.getvalue())
    return path


if __name__ == "__main__":
    main()
