"""Whose files are called fake? Real faces of another source, brought to the detector's size and stored as others do it.

    python experiments/team-b/sources.py SNAPSHOT... --faces PATH/faces-160.zip --fakes GENERATOR.safetensors

Data sets differ in how their faces were shrunk and stored, and no detector has met all ways. A row is a way of
shrinking, a column one of storing: the share of real faces that is called fake, at the threshold for photos, which
`arena detect` uses, and at the one of the match. The last rows are fakes of a generator, which draws in the detector's
size, as they are and shrunk to three quarters and enlarged again.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from robustness import Change, each
from torch.nn.functional import interpolate

from arena.faces.source import Face
from arena.faces.sources.opening import open_source
from arena.networks.training import use_one_thread
from arena.photo.judge import alarm_of
from arena.referee.probes import compressed
from arena.snapshot import player, read_snapshot
from arena.types import Detector, Images

Resampling = Image.Resampling
STORED: Mapping[str, Change] = {
    "PNG": lambda image: image,
    **{f"JPEG {quality}": partial(compressed, quality=quality) for quality in (95, 75, 50)},
}


def resized(by: Resampling, image: Images, side: int) -> Images:
    """An image brought to a side by one of Pillow's filters, which look at as much as they take away."""
    return np.asarray(Image.fromarray(image).resize((side, side), by))


def between_four(image: Images, side: int) -> Images:
    """An image brought to a side by what lies between the nearest four pixels, whatever there is beside them."""
    pixels = torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float()
    found = interpolate(pixels, (side, side), mode="bilinear", align_corners=False)
    return np.asarray(found[0].permute(1, 2, 0).round().clamp(0, 255).numpy(), np.uint8)


def enlarged(image: Images, side: int) -> Images:
    """An image brought to three quarters of a side and enlarged from there."""
    return resized(Resampling.BICUBIC, resized(Resampling.BICUBIC, image, side * 3 // 4), side)


def closer(image: Images, side: int) -> Images:
    """The middle three quarters of an image, brought to a side."""
    edge = image.shape[0] // 8
    return resized(Resampling.LANCZOS, image[edge:-edge, edge:-edge], side)


SHRUNK: Mapping[str, Callable[[Images, int], Images]] = {
    **{by.name.lower(): partial(resized, by) for by in (Resampling.LANCZOS, Resampling.BICUBIC, Resampling.BILINEAR)},
    "box": partial(resized, Resampling.BOX),
    "nearest": partial(resized, Resampling.NEAREST),
    "bilinear, not smoothed": between_four,
    "bicubic, by way of 3/4": enlarged,
    "lanczos, closer": closer,
}


def pictures(spec: str, most: int) -> list[Images]:
    """At most so many square faces of a source, evenly spread, uint8 `[S, S, 3]`."""
    found = [face.image for face in open_source(spec).faces() if isinstance(face, Face)]
    return [found[i] for i in np.unique(np.linspace(0, len(found) - 1, min(most, len(found))).round().astype(int))]


def line(detector: Detector, name: str, images: Images) -> str:
    """A row: the share called fake, stored in each way."""
    cells = []
    for store in STORED.values():
        answer = detector.answer(each(store, images))
        shares = (float((answer.scores >= alarm).mean()) for alarm in (alarm_of(answer), answer.threshold))
        cells.append(" / ".join(f"{100 * share:.1f}" for share in shares))
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Read the command line, count, print a table for each detector."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("snapshots", nargs="+", type=Path)
    parser.add_argument("--faces", required=True, help="square faces of another source, larger than the detector's")
    parser.add_argument("--fakes", type=Path, required=True, help="the snapshot of a generator")
    parser.add_argument("--most", type=int, default=400, help="faces and fakes")
    options = parser.parse_args()
    use_one_thread()
    faces = pictures(options.faces, options.most)
    fakes = player(read_snapshot(options.fakes)).generate(options.most, 5)
    for path in options.snapshots:
        snapshot = read_snapshot(path)
        detector, side = player(snapshot), snapshot.image_size
        print(f"\n**{snapshot.contender}, {path.parent.name}**: % called fake, for photos / in the match\n")
        print(f"| {len(faces)} real faces | {' | '.join(STORED)} |\n|---|{'---:|' * len(STORED)}")
        for name, shrink in SHRUNK.items():
            print(line(detector, name, np.stack([shrink(face, side) for face in faces])), flush=True)
        print(line(detector, f"{len(fakes)} fakes", fakes))
        print(line(detector, "fakes by way of 3/4", each(partial(enlarged, side=side), fakes)), flush=True)


if __name__ == "__main__":
    main()
