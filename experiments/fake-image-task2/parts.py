"""How well does `face-parts` see swaps in faces of people it never met, part by part?

    python experiments/fake-image-task2/parts.py --faces PATH/faces-160.zip --cache PATH

Trains the contender on swaps that it makes of four fifths of the people, without any gallery, one filter for each part
and edge. Then the other people's faces are swapped among themselves. A row has the AUROC of their real faces against
such swaps: by the row's own filter, and by all filters together under two rules; as they are, and after both real and
fake were shrunk to 64 pixels and enlarged again. The last row has every kind of swap alike. Nothing is coded as JPEG
after the swap: what is outside the mask is in real and fake the same to the bit.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from arena import registry
from arena.detector.face_parts import FaceParts, combined
from arena.faces.crop.finder import Finder
from arena.faces.parts.paste import EDGES, Swap
from arena.faces.parts.shapes import PARTS
from arena.faces.parts.swaps import swapped, usable
from arena.faces.sets.about import points_of
from arena.faces.sets.cache import prepare
from arena.faces.sets.split import deal
from arena.networks.training import use_one_thread
from arena.referee.metrics import auroc, auroc_interval
from arena.seeds import rng
from arena.types import Brief, Faces, Images, Material, Scores

LOW = 64
SHARES = (4, 1)
"""Of the people, those who are trained on and those who are not."""


def main() -> None:
    """Train, then print the table."""
    options = arguments()
    use_one_thread()
    with tempfile.TemporaryDirectory() as folder:
        cache = options.cache or Path(folder)
        found = prepare(options.faces, cache, options.size)
        images = np.array(found.images)  # the cache may go
        faces = Faces(images, np.array(found.identities), points_of(found, cache, lambda: Finder(options.device)))
    known, unseen = (faces[index] for index in deal(faces.identities, options.seed, SHARES))
    people = [len(np.unique(part.identities)) for part in (known, unseen)]
    team = trained(known, options)
    print(f"\n{len(known)} faces of {people[0]} people, {options.rounds} rounds of {options.steps} steps; judged on")
    print(f"{len(usable(unseen))} faces of {people[1]} others, {options.test} swaps of each kind.\n")
    table(team, unseen, options)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--faces", required=True, help="real faces: a folder or a zip, each person's in a folder")
    parser.add_argument("--cache", type=Path, help="where decoded faces and landmarks are kept (default: nowhere)")
    parser.add_argument("--size", type=int, default=128, help="side of the images in pixels (default 128)")
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=list(PARTS), help="default: all")
    parser.add_argument("--edges", nargs="+", default=list(EDGES), choices=EDGES, help="default: both")
    parser.add_argument("--rounds", type=int, default=10, help="each with swaps of its own (default 10)")
    parser.add_argument("--steps", type=int, default=100, help="of a round (default 100)")
    parser.add_argument("--batch", type=int, default=32, help="images of a filter and step (default 32)")
    parser.add_argument("--swaps", type=int, default=400, help="of each kind and round (default 400)")
    parser.add_argument("--width", type=int, default=16, help="feature maps of the first stage (default 16)")
    parser.add_argument("--plain", action="store_true", help="train without any change of the images")
    parser.add_argument("--colour", action="store_true", help="match the colours of the part to the face's")
    parser.add_argument("--test", type=int, default=400, help="swaps of each kind to be judged (default 400)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    return parser.parse_args()


def trained(faces: Faces, options: argparse.Namespace) -> FaceParts:
    """A filter for each part and edge, taught by its own swaps alone."""
    given = {
        "filters": [f"{part}_{edge}" for part, edge in product(options.parts, options.edges)],
        "own": 1.0,
        "augment": not options.plain,
        **{name: getattr(options, name) for name in ("steps", "batch", "swaps", "width", "colour")},
    }
    brief = Brief(options.size, options.seed, options.device)
    team: FaceParts = registry.find("detector", "face-parts").team(brief, given)
    team.check(faces)
    for number in range(1, options.rounds + 1):
        begin = time.perf_counter()
        losses = team.train(number, Material(faces)).losses
        print(f"round {number}: loss {losses['detector']:.4f}, {time.perf_counter() - begin:.0f} s", flush=True)
    return team


def table(team: FaceParts, faces: Faces, options: argparse.Namespace) -> None:
    """Print the AUROCs on faces that the team never saw."""
    reals = usable(faces).images
    ways = team.options.ways()
    fakes = [swapped(way, faces, options.test, rng(options.seed, "test", way.part, way.edge)) for way in ways]
    by_size = [opinions(team, reals, fakes, change) for change in (lambda images: images, down_up)]
    print(f"| part | edge | own filter | first-or-surer | maximum | own filter, {LOW} px | maximum, {LOW} px |")
    print("|---|---|---|---|---|---|---|")
    for i, way in enumerate(ways):
        print(row(way, [of_kind(found, i) for found in by_size]))
    print(row(None, [of_all(found) for found in by_size]))


Judged = tuple[Scores, list[Scores]]
"""What every filter makes of the real faces, and of the fakes of each kind: probabilities `[F, N]`."""


def opinions(team: FaceParts, reals: Images, fakes: list[Images], change: Callable[[Images], Images]) -> Judged:
    """What the filters make of real faces and of each kind of fakes, both changed alike."""
    return team.opinions(change(reals)), [team.opinions(change(kind)) for kind in fakes]


def of_kind(judged: Judged, i: int) -> list[str]:
    """AUROCs on one kind of swap: by its own filter, and by all under both rules."""
    reals, fakes = judged[0], judged[1][i]
    return [area(reals[i], fakes[i]), *rules(reals, fakes)]


def of_all(judged: Judged) -> list[str]:
    """AUROCs on every kind of swap alike; no filter is its own."""
    return ["", *rules(judged[0], np.concatenate(judged[1], 1))]


def rules(reals: Scores, fakes: Scores) -> list[str]:
    """AUROCs of all filters together, `[F, N]` of real faces and of fakes, under both rules."""
    return [area(together(reals, rule), together(fakes, rule)) for rule in ("original", "max")]


def together(found: Scores, rule: str) -> Scores:
    """One logit `[N]` from the filters' probabilities `[F, N]`; 0.99 is sure enough for each."""
    logits = torch.logit(torch.from_numpy(found), eps=1e-9)
    bounds = torch.full((len(logits),), float(np.log(0.99 / 0.01)), dtype=torch.float64)
    scores: Scores = combined(logits, bounds, rule).numpy()
    return scores


def area(reals: Scores, fakes: Scores) -> str:
    """AUROC of scores `[N]` of real faces and of fakes, with its 95 % interval."""
    labels = np.repeat(np.array([0, 1], np.int8), (len(reals), len(fakes)))
    scores = np.concatenate([reals, fakes])
    low, high = auroc_interval(labels, scores)
    return f"{auroc(labels, scores):.3f} ({low:.3f}-{high:.3f})"


def row(way: Swap | None, found: list[list[str]]) -> str:
    """A line of the table; `found`: as they are, and after the shrinking."""
    (own, original, most), (own_low, _, most_low) = found
    part, edge = (way.part, way.edge) if way else ("all", "both")
    return f"| {part} | {edge} | {own} | {original} | {most} | {own_low} | {most_low} |"


def down_up(images: Images) -> Images:
    """Shrunk to 64 pixels and enlarged to their size again."""
    size = images.shape[1]
    small = (Image.fromarray(image).resize((LOW, LOW), Image.Resampling.LANCZOS) for image in images)
    return np.stack([np.asarray(image.resize((size, size), Image.Resampling.BICUBIC)) for image in small])


if __name__ == "__main__":
    main()
