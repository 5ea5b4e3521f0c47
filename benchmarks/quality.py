"""What it costs to measure fakes: images/s of each part on one thread, and the seconds and memory of a round's share.

python benchmarks/quality.py --faces faces.zip
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from arena.faces.sets.cache import prepare
from arena.quality.distances import Cloud, diversity, frechet_distance, kernel_distance, nearness
from arena.quality.measure import face_finder, measure, one_face, refer
from arena.quality.spectrum import radial_profiles
from arena.types import Images

REPEATS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", default="procedural:1000", help="images to measure (default procedural:1000)")
    parser.add_argument("--count", type=int, default=500, help="fakes and reals (default 500, as in a round)")
    parser.add_argument("--search", type=int, default=64, help="fakes searched for faces (default 64, as in a round)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with TemporaryDirectory() as folder:
        images = np.array(prepare(options.faces, Path(folder)).images[: 2 * options.count])
    _report(images[::2], images[1::2], options.search)


def _report(fakes: Images, reals: Images, search: int) -> None:
    before = _resident()
    finder = face_finder()
    assert finder is not None, "facenet-pytorch is not installed"
    reference = refer(reals, finder)
    assert reference.cloud is not None
    clouds = Cloud(finder.features(fakes)), reference.cloud
    print(f"| {len(fakes)} fakes, {len(reals)} reals, {fakes.shape[1]} px | seconds | images/s |\n|---|---|---|")
    parts: dict[str, tuple[Callable[[], Any], int]] = {
        f"faces found in {search}": (lambda: one_face(fakes, finder, search), search),
        "ONet features": (lambda: finder.features(fakes), len(fakes)),
        "spectra": (lambda: radial_profiles(fakes), len(fakes)),
        "kernel distance": (lambda: kernel_distance(*map(_fresh, clouds)), 0),
        "Frechet distance": (lambda: frechet_distance(*map(_fresh, clouds)), 0),
        "diversity": (lambda: diversity(*map(_fresh, clouds)), 0),
        "nearest": (lambda: nearness(*map(_fresh, clouds)), 0),
        "**all of a round**": (lambda: measure(fakes, reference, finder, search=search), 0),
    }
    for name, (work, count) in parts.items():
        seconds = min(_seconds(work) for _ in range(REPEATS))
        print(f"| {name} | {seconds:.3f} | {f'{count / seconds:.0f}' if count else ''} |")
    print(f"\nmemory: {_resident() - before:.0f} MB more than torch alone at the highest")


def _fresh(cloud: Cloud) -> Cloud:
    """With nothing found out yet."""
    return Cloud(cloud.features)


def _seconds(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _resident() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
