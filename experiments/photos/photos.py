"""What `arena detect` makes of photos: real ones called fake, and fakes caught, cut by box and brought into likeness.

    python experiments/photos/photos.py SNAPSHOT --real PATH/photos PATH/faces-160.zip [--fakes MATCH/.../gallery.npy]

Every face of every photo counts. By box is how faces were cut before a detector's snapshot knew its training faces'
framing and coding. Fakes are judged as files of their own size, and pasted over the faces of the last set of
real photos: enlarged by Lanczos to the square that the detector would be shown.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from arena.faces.crop.finder import Finder, Found
from arena.faces.decode import Pixels, decode
from arena.networks.training import use_one_thread
from arena.photo.judge import RECIPE, judge
from arena.photo.likeness import Likeness
from arena.referee.metrics import wilson
from arena.snapshot import player, read_snapshot
from arena.types import Snapshot

PICTURES = (".jpg", ".jpeg", ".png")


class Known:
    """A finder that looks at every photo once."""

    def __init__(self) -> None:
        self._finder, self._found = Finder("cpu", RECIPE.min_size), dict[int, tuple[Pixels, list[Found]]]()

    def find(self, images: Sequence[Pixels]) -> list[list[Found]]:
        """See `arena.faces.framing.Finds`."""
        for image in images:
            if id(image) not in self._found:  # kept, so that no other photo takes its id
                self._found[id(image)] = image, self._finder.find([image])[0]
        return [self._found[id(image)][1] for image in images]


def pictures(path: Path, most: int) -> Iterator[Pixels]:
    """At most so many photos of a folder or a zip, evenly spread."""
    archive = zipfile.ZipFile(path) if path.is_file() else None
    names = archive.namelist() if archive else [str(one) for one in path.iterdir()]
    names = sorted(name for name in names if name.lower().endswith(PICTURES))
    for i in np.unique(np.linspace(0, len(names) - 1, min(most, len(names))).round().astype(int)):
        yield decode(io.BytesIO(archive.read(names[i]) if archive else Path(names[i]).read_bytes()))


def pasted(image: Pixels, fake: Pixels, finder: Known, likeness: Likeness) -> Pixels | None:
    """A photo with a fake over its largest face, of the size that the detector would be shown."""
    height, width = image.shape[:2]
    for face in finder.find([image])[0][:1]:
        square = likeness.square_of(face)
        if square is not None and likeness.objection(square, width, height) is None:
            left, top = round(square[0]), round(square[1])
            side = round(square[2] - square[0])
            photo = Image.fromarray(image)
            photo.paste(Image.fromarray(fake).resize((side, side), Image.Resampling.LANCZOS), (left, top))
            return np.asarray(photo)
    return None


def line(what: str, photos: Sequence[Pixels], snapshot: Snapshot, finder: Known) -> None:
    """A row of the table: how many of the faces are called fake, by box and in likeness."""
    detector, cells = player(snapshot), list[str]()
    for origin in ({}, snapshot.origin):
        verdicts = [
            face.verdict
            for photo in photos
            for face in judge(photo, detector, snapshot.image_size, finder, origin=origin).faces
        ]
        judged = [verdict == "fake" for verdict in verdicts if verdict]
        share = float(np.mean(judged)) if judged else 0.0
        low, high = wilson(share, max(len(judged), 1))
        cells += [f"{share:.1%} ({low:.1%} to {high:.1%})", f"{len(judged)}"]
    print(f"| {what} | {' | '.join(cells)} | {len(verdicts) - len(judged)} |", flush=True)


def main() -> None:
    """Read the command line, judge, count."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("snapshots", nargs="+", type=Path)
    parser.add_argument("--real", nargs="+", type=Path, required=True)
    parser.add_argument("--fakes", type=Path, help="a gallery")
    parser.add_argument("--most", type=int, default=300, help="photos of a set that are judged")
    options = parser.parse_args()
    use_one_thread()
    finder, sets = Known(), {path.name: list(pictures(path, options.most)) for path in options.real}
    for path in options.snapshots:
        snapshot = read_snapshot(path)
        print(f"\n**{snapshot.contender}, round {snapshot.round}**\n")
        print("| called fake | by box | faces | in likeness | faces | not judged |\n|---|---|---|---|---|---|")
        for name, photos in sets.items():
            line(f"real: {name}", photos, snapshot, finder)
        if options.fakes:
            fakes = list(np.load(options.fakes)[: options.most])
            line("fakes as files", fakes, snapshot, finder)
            likeness = Likeness.of(snapshot.origin, snapshot.image_size)
            photos = sets[options.real[-1].name]
            faked = (pasted(photo, fake, finder, likeness) for photo, fake in zip(photos, fakes, strict=False))
            line(f"fakes in {options.real[-1].name}", [one for one in faked if one is not None], snapshot, finder)


if __name__ == "__main__":
    main()
