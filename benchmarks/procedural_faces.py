"""How good are the procedural faces? Speed, acceptance by a face detector, diversity next to real faces.

    python benchmarks/procedural_faces.py --reals folder-or.zip

Bars: 500 images/s on one core at 64 pixels; MTCNN finds exactly one face with p >= 0.9 in 97 % and with p >= 0.99 in
80 % of unseen images; mean pairwise distance within 10 % of the real faces', largest principal component's share at
most 0.32, components for 90 % of the variance at least 75 % of the real faces'.
"""

from __future__ import annotations

import argparse
import time
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from arena.faces.procedural import render
from arena.types import Images

_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
_DETECTION_SIZE = 160


def main() -> None:
    options = _arguments()
    torch.set_num_threads(1)
    identities = np.arange(options.count)
    shots = np.zeros(options.count, np.int64)
    render(options.seed, identities[:32], shots[:32], options.size)  # warm up
    start = time.process_time()
    images = render(options.seed, identities, shots, options.size)
    rate = options.count / (time.process_time() - start)
    _table("speed", [("images/s, one core", f"{rate:.0f}", ">= 500 at 64 pixels")])
    _table("acceptance", _acceptance(images))
    reals = _reals(options.reals, options.count, options.size) if options.reals else None
    _table("diversity", _diversity(images, reals))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reals", type=Path, help="folder or zip of real face crops to compare with")
    parser.add_argument("--count", type=int, default=1000, help="images of each kind (default 1000)")
    parser.add_argument("--size", type=int, default=64, help="side in pixels (default 64)")
    parser.add_argument("--seed", type=int, default=20_000, help="seed of the procedural faces (default 20000)")
    return parser.parse_args()


def _acceptance(images: Images) -> list[tuple[str, str, str]]:
    from facenet_pytorch import MTCNN

    detector = MTCNN(keep_all=True)
    best, alone = [], []
    for start in range(0, len(images), 50):
        enlarged = [
            Image.fromarray(image).resize((_DETECTION_SIZE, _DETECTION_SIZE)) for image in images[start : start + 50]
        ]
        boxes, probabilities = detector.detect(enlarged)
        for found, probability in zip(boxes, probabilities, strict=True):
            alone.append(found is not None and len(found) == 1)
            best.append(0.0 if found is None else float(max(probability)))
    one, sure = np.array(alone), np.array(best)
    return [
        ("exactly one face, p >= 0.9", f"{np.mean(one & (sure >= 0.9)):.1%}", ">= 97 %"),
        ("exactly one face, p >= 0.99", f"{np.mean(one & (sure >= 0.99)):.1%}", ">= 80 %"),
        ("no face", f"{np.mean(sure == 0):.1%}", ""),
        ("several", f"{np.mean(~one & (sure > 0)):.1%}", ""),
    ]


def _diversity(images: Images, reals: Images | None) -> list[tuple[str, str, str]]:
    ours = _spread(images)
    if reals is None:
        return [(name, f"{value:.3g}", "no real faces given") for name, value in ours.items()]
    theirs = _spread(reals)
    bars = ("within 10 %", "ours <= 0.32", "ours >= 75 %")
    return [
        (name, f"{ours[name]:.3g} (real {theirs[name]:.3g}, {ours[name] / theirs[name]:.0%})", bar)
        for name, bar in zip(ours, bars, strict=True)
    ]


def _spread(images: Images) -> dict[str, float]:
    """Mean pairwise distance and principal components of the pixels in [0, 1]."""
    pixels = images.reshape(len(images), -1).astype(np.float32) / 255
    pixels -= pixels.mean(0)
    gram = (pixels @ pixels.T).astype(np.float64)
    squared = np.diag(gram)[:, None] + np.diag(gram)[None] - 2 * gram
    distance = np.sqrt(squared.clip(0))[np.triu_indices(len(images), 1)].mean()
    shares: npt.NDArray[np.float64] = np.linalg.eigvalsh(gram)[::-1]
    shares = shares / shares.sum()
    return {
        "mean pairwise L2 distance": float(distance),
        "largest component's share": float(shares[0]),
        "components for 90 % of the variance": float(np.searchsorted(shares.cumsum(), 0.9) + 1),
    }


def _reals(source: Path, count: int, size: int) -> Images:
    """`count` real faces, evenly spread over the sorted names of a folder or a zip."""
    if source.is_dir():
        paths = sorted(path for path in source.rglob("*") if path.suffix.lower() in _SUFFIXES)
        return _read((Image.open(path) for path in _spaced(paths, count)), size)
    with zipfile.ZipFile(source) as archive:
        names = sorted(name for name in archive.namelist() if name.lower().endswith(_SUFFIXES))
        return _read((Image.open(archive.open(name)) for name in _spaced(names, count)), size)


def _spaced(items: list[Any], count: int) -> list[Any]:
    return [items[i] for i in np.linspace(0, len(items) - 1, min(count, len(items))).astype(int)]


def _read(pictures: Iterable[Image.Image], size: int) -> Images:
    return np.stack([np.asarray(picture.convert("RGB").resize((size, size))) for picture in pictures])


def _table(title: str, rows: list[tuple[str, str, str]]) -> None:
    print(f"\n{title}")
    for name, value, bar in rows:
        print(f"  {name:<38}{value:<30}{bar}")


if __name__ == "__main__":
    main()
