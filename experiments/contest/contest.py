"""Play the default match over seeds and count who wins clearly, and how often the lead changes.

    python experiments/contest/contest.py HOME --faces procedural:6000 PATH/faces-64.zip [--seeds 0 1 2 3 4 5]

One process, one thread, nothing goes to MLflow. Matches that are in HOME are gone on with, or only counted, so several
processes may share the seeds of one HOME, and whoever comes last prints the table. `--set` changes a setting, as for
`arena run`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from arena.play.config import MatchConfig, load_config, with_absolute_faces
from arena.play.match import new_match, open_match, play, prepare_faces
from arena.play.table import LocalTable
from arena.store.home import Home
from arena.store.record import rounds_of
from arena.training.ground import Machine

SETTINGS = Path(__file__).with_name("contest.yaml")


def play_match(home: Home, config: MatchConfig, name: str) -> None:
    """Play a match to its end; go on with it where it was left."""
    if not home.has_match(name):
        faces = prepare_faces(home, config)
        new_match(home, config, name, faces, "cpu", Machine.here().precision)
    with home.lock(name):
        play(open_match(home, name), LocalTable)


@dataclass(frozen=True)
class Tale:
    """What a match was like. `letters`: A or B for a clear win of a round, a dot where it is too close.

    `accuracies`: by round. `alarms`: mean share of an exam's real faces that the detector would call fake in use.
    `seconds`: median of a round's training, A's and B's; `opening`: of A's warm-up.
    """

    name: str
    letters: str
    accuracies: tuple[float, ...]
    alarms: float
    seconds: tuple[float, float]
    opening: float

    @property
    def leads(self) -> int:
        """How often the lead by clear wins passes from one team to the other; a draw in between is no change."""
        score = np.cumsum([{"A": 1, "B": -1, ".": 0}[letter] for letter in self.letters])
        return int((np.diff(np.sign(score[score != 0])) != 0).sum())

    @property
    def swings(self) -> int:
        """How often a team's clear win is followed by the other's."""
        return len(re.findall(r"(?=AB|BA)", self.letters.replace(".", "")))


def tale(home: Home, name: str) -> Tale:
    """What the records of a match say."""
    opening, *records = home.records(name)
    verdicts = [record.judged for record in rounds_of(records)]
    a, b = (float(np.median([r.training[role].seconds for r in records])) for role in ("generator", "detector"))
    letters = "".join(verdict.clear_winner or "." for verdict in verdicts)
    accuracies = tuple(verdict.accuracy for verdict in verdicts)
    alarms = float(np.mean([verdict.false_alarm_rate for verdict in verdicts]))
    return Tale(name, letters, accuracies, alarms, (a, b), opening.training["generator"].seconds)


def report(title: str, tales: Sequence[Tale]) -> None:
    """Print the table of a set of faces."""
    print(f"\n**{title}**\n")
    print("| match | rounds | A | B | too close | swings | lead changes | accuracy by round | alarms | A, B s |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for t in tales:
        path = " ".join(f"{accuracy:.2f}" for accuracy in t.accuracies)
        counts = " | ".join(str(t.letters.count(letter)) for letter in "AB.")
        spent = f"{t.opening:.0f} + {t.seconds[0]:.1f}, {t.seconds[1]:.1f}"
        print(f"| {t.name} | {t.letters} | {counts} | {t.swings} | {t.leads} | {path} | {t.alarms:.1%} | {spent} |")
    letters = "".join(t.letters for t in tales)
    a, b = letters.count("A"), letters.count("B")
    led = sum(t.leads > 0 for t in tales)
    print(f"\nA {a}, B {b}: A has {100 * a / max(a + b, 1):.0f} % of the clear wins; ", end="")
    print(f"too close {letters.count('.')}; the lead changes in {led} of {len(tales)} matches; ", end="")
    print(f"false alarms {np.mean([t.alarms for t in tales]):.1%}", flush=True)


def main() -> None:
    """Read the command line, play what is missing, count."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("--faces", nargs="+", default=["procedural:6000"])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(6)))
    parser.add_argument("--set", nargs="*", default=[], dest="settings")
    options = parser.parse_args()
    home = Home.create(options.home)
    for faces in options.faces:
        word = Path(faces).stem.replace(":", "-")
        names = []
        for seed in options.seeds:
            config = load_config(SETTINGS, options.settings, faces=faces, seed=seed)
            names.append(f"{word}-{seed}")
            play_match(home, with_absolute_faces(config), names[-1])
        report(word, [tale(home, name) for name in names])


if __name__ == "__main__":
    main()
