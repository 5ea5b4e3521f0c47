"""Does a detector know fakes that were drawn larger and shrunk? Shrinking takes away the finest traces of drawing.

    python experiments/team-b/shrunk.py SNAPSHOT... --faces PATH/faces-160.zip --drawn 128 \\
        --families resgan:20000 dcgan:20000 flow:20000 reconstructor:20000 --kept OUT128/generators

Generators train on `--faces` at `--drawn` pixels. Their fakes, and real faces of people that neither a generator nor a
detector of these faces saw, are coded as the files of these faces were, brought to each detector's size in one Lanczos
resampling, and coded as its own training faces. A row is a detector, a member of one, or "little gradient", asked about
each family: AUROC with its 95 % interval; last come the detector's false alarms on the real faces, at its threshold for
photos.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from arena.faces.coding import Coding
from arena.faces.decode import square
from arena.networks.training import use_one_thread
from arena.photo.judge import alarm_of
from arena.play.config import load_config
from arena.referee.baseline import little_gradient
from arena.referee.metrics import clustered_wilson
from arena.seeds import derive
from arena.snapshot import player, read_snapshot
from arena.store.home import Home
from arena.training.course import measured
from arena.training.ground import JUDGING, Ground, Machine, Wanted, larger_ground, prepare_ground
from arena.training.judging import LITTLE_GRADIENT
from arena.training.words import Workshop, read_words
from arena.types import Answer, Faces, Images, Snapshot


def brought(images: Images, snapshot: Snapshot, seed: int) -> Images:
    """Images, uint8 `[N, S, S, 3]`, of a detector's size and coded as its training faces."""
    small = np.stack([square(image, snapshot.image_size) for image in images])
    coding = snapshot.origin.get("coding")
    return Coding.from_json(coding).apply(small, seed) if coding else small


def row(name: str, numbers: list[dict[str, float]], alarms: str) -> str:
    """A line of the table."""
    cells = [f"{one['auroc']:.3f} ({one['low']:.3f}-{one['high']:.3f})" for one in numbers]
    mean = np.mean([one["auroc"] for one in numbers])
    return f"| {name} | **{mean:.3f}** | {' | '.join(cells)} | {alarms} |"


def by_size(paths: Sequence[Path]) -> dict[int, dict[str, Snapshot]]:
    """Detectors, and their members, by the size of the images that they see and by what a row calls them."""
    found: dict[int, dict[str, Snapshot]] = {}
    for path in paths:
        whole, of = read_snapshot(path), path.parent.name
        rows = found.setdefault(whole.image_size, {})
        rows |= {f"{whole.contender}, {of}": whole, **{f"its {name}, {of}": part for name, part in whole.parts.items()}}
    return found


def ground_at(home: Home, faces: str, drawn: int, size: int, points: bool) -> Ground:
    """The faces at the size that is drawn, in the parts that they have at the size of a detector."""
    config = load_config(None, [], faces=faces, seed=0, image_size=min(size, drawn))
    ground = prepare_ground(home, config, Wanted(True, True, points), Machine.here())
    return larger_ground(home, ground, drawn)


def judged(name: str, snapshot: Snapshot, ground: Ground, fakes: list[Images]) -> list[str]:
    """The rows of a detector and of "little gradient", which is asked about the same images."""
    team = player(snapshot)
    parts = [ground.parts[JUDGING].images, *fakes]
    real, *of_families = (brought(part, snapshot, derive(0, "coding", i)) for i, part in enumerate(parts))
    people = ground.parts[JUDGING].identities
    faces, answer = Faces(real, people), team.answer(real)
    called = (answer.scores >= alarm_of(answer)).astype(np.float64)
    low, high = clustered_wilson(called, people)
    ours = [measured(faces, answer, team.answer(kind)) for kind in of_families]
    plain = Answer(little_gradient(real), np.inf)
    theirs = [measured(faces, plain, Answer(little_gradient(kind), np.inf)) for kind in of_families]
    told = f"{called.mean():.1%} ({low:.1%}-{high:.1%})"
    return [row(name, ours, told), row(LITTLE_GRADIENT, theirs, "")]


def main() -> None:
    """Read the command line, train what is missing, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("snapshots", nargs="+", type=Path)
    parser.add_argument("--faces", required=True)
    parser.add_argument("--drawn", type=int, default=128, help="side of what the generators draw, in pixels")
    parser.add_argument("--families", nargs="+", required=True, help="as --against of `arena train` takes them")
    parser.add_argument("--kept", type=Path, help="where their generators are, and are kept")
    parser.add_argument("--asked", type=int, default=400, help="fakes of each family")
    options = parser.parse_args()
    use_one_thread()
    with tempfile.TemporaryDirectory() as folder:
        home = Home.create(Path(folder) / "home")
        words = read_words(options.families, home)
        print(f"| | mean | {' | '.join(word.text for word in words)} | real called fake |")
        print(f"|---|{'---:|' * (len(words) + 2)}")
        for size, snapshots in by_size(options.snapshots).items():
            ground = ground_at(home, options.faces, options.drawn, size, any(word.needs_points for word in words))
            families = Workshop(ground, home, options.kept or Path(folder)).open(words)
            fakes = [family.unseen(options.asked, derive(0, "judging", family.name)) for family in families]
            lines = (line for name, one in snapshots.items() for line in judged(name, one, ground, fakes))
            for line in dict.fromkeys(lines):
                print(line, flush=True)


if __name__ == "__main__":
    main()
