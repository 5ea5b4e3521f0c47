"""How many of the faces in photos are found? Recall of reference boxes at an intersection over union of 0.5.

    python benchmarks/face_recall.py PHOTOS BOXES.json

BOXES.json: {file name: {"faces": [{"box_xyxy": [left, top, right, bottom]}, ...]}}, in pixels of the photo. Bar: 0.95.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from arena.faces.crop.finder import Finder, Found, overlap

SMALLEST = (50.0, 20.0)
"""Sizes in pixels down to which faces are looked for: the default of `arena faces crop`, and MTCNN's own."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("boxes", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    wanted = json.loads(options.boxes.read_text(encoding="utf-8"))
    images = [np.asarray(Image.open(options.photos / name).convert("RGB")) for name in wanted]
    references = [[_reference(face["box_xyxy"]) for face in photo["faces"]] for photo in wanted.values()]
    every = [one for faces in references for one in faces]
    print(f"{len(every)} reference boxes in {len(images)} photos\n")
    print("| looking for | all boxes | boxes of 50 px |\n|---|---|---|")
    for smallest in SMALLEST:
        found = Finder(min_size=smallest).find(images)
        pairs = zip(references, found, strict=True)
        hit = [one for faces, some in pairs for one in faces if any(overlap(one, other) >= 0.5 for other in some)]
        columns = [(hit, every), ([b for b in hit if b.size >= 50], [b for b in every if b.size >= 50])]
        cells = [f"{len(got)} of {len(all_)} ({len(got) / max(len(all_), 1):.3f})" for got, all_ in columns]
        print(f"| {smallest:.0f} px | {' | '.join(cells)} |")


def _reference(box: list[float]) -> Found:
    left, top, right, bottom = box
    return Found((left, top, right, bottom), 1.0, np.zeros((5, 2), np.float32))


if __name__ == "__main__":
    main()
