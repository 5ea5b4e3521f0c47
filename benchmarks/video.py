"""How fast is `arena detect` on a video, and does its memory grow with the clip?

    python benchmarks/video.py [CLIP] [--frames 200] [--detector cnn]

Finding the faces in every frame and judging them, frames a second of processor time on one core, from the file to the
score; the share of it that decoding takes; every fifth frame alone; and how much more memory is in use in the last
quarter of the clip than in the second. Without a clip one of 1280x720 pixels is made of a drawn face that moves. The
detector has not trained, which changes nothing about its speed. Bars: 10 frames/s with every frame looked at, more with
every fifth, no growth beyond 32 MB.
"""

from __future__ import annotations

import argparse
import itertools
import mmap
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from arena import registry
from arena.faces.crop.finder import Finder
from arena.faces.crop.video import Frame, frames
from arena.faces.procedural import render
from arena.networks.training import use_one_thread
from arena.photo.film import judge_film
from arena.photo.judge import RECIPE
from arena.types import Brief

_SIZE, _FACE, _RATE = (720, 1280), 200, 25


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clip", nargs="?", type=Path, help="a video (default: one that is made)")
    parser.add_argument("--frames", type=int, default=200, help="frames that are looked at (default 200)")
    parser.add_argument("--detector", default="cnn", help="who judges (default cnn)")
    options = parser.parse_args()
    use_one_thread()
    with tempfile.TemporaryDirectory() as folder:
        clip = options.clip or drawn_clip(Path(folder) / "clip.mp4", options.frames)
        detector = registry.find("detector", options.detector).team(Brief(64, seed=0))
        finder = Finder("cpu", RECIPE.min_size, quick=True)
        judge_film(itertools.islice(frames(clip), 16), detector, 64, finder)  # what is loaded once

        begin = time.process_time()
        decoded = sum(1 for _ in itertools.islice(frames(clip), options.frames))
        decoding = (time.process_time() - begin) / decoded
        print("| frames | frames/s | faces | decoding | growth of memory |\n|---|---|---|---|---|")
        for every in (1, 5):
            memory: list[int] = []
            looked = options.frames // every
            begin = time.process_time()
            found = judge_film(watched(clip, every, looked, memory), detector, 64, finder)
            seconds = time.process_time() - begin
            share = min(1.0, decoding * min(decoded, found.frames * every) / seconds)
            quarter = len(memory) // 4
            growth = np.median(memory[-quarter:]) - np.median(memory[quarter : 2 * quarter])
            which = "every" if every == 1 else f"every {every}th"
            rate = found.frames * every / seconds
            print(f"| {which} | {rate:.1f} | {found.faces} | {share:.0%} | {growth / 2**20:.0f} MB |")


def watched(clip: Path, every: int, most: int, memory: list[int]) -> Iterator[Frame]:
    """Frames of a clip; notes the memory that is in use before each, in bytes."""
    for frame in frames(clip, every, most):
        memory.append(int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE)
        yield frame


def drawn_clip(path: Path, count: int) -> Path:
    """A video of a drawn face that moves across a grey wall."""
    face = render(20, np.array([0]), np.array([0]), _FACE)[0]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=_RATE)
        (stream.height, stream.width), stream.pix_fmt = _SIZE, "yuv420p"
        for i in range(count):
            image = np.full((*_SIZE, 3), 120, np.uint8)
            left = 4 * i % (_SIZE[1] - _FACE)
            image[100 : 100 + _FACE, left : left + _FACE] = face
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, _RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


if __name__ == "__main__":
    main()
