"""What one errand of the outbox adds to a match's MLflow run, derived from the ledger and the round's folder.

The same errand gives the same entry whenever it is shipped: nothing here looks at a clock or at a later round. Only the
charts, which grow with the match, come with its newest errand alone, and replace those before. Fakes that are nearly
photographs of people come only while the home's owner allows that they are shown.
"""

from __future__ import annotations

import io
import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.numpy
from PIL import Image

from arena.images import Artificial, xmp
from arena.referee.exam import ExamRecord
from arena.referee.verdict import Rule, Verdict
from arena.results.animation import animation
from arena.results.chartbook import chart_book
from arena.results.charts import accuracy_figure, auroc_figure, thinned
from arena.store.home import Home, MatchRow
from arena.store.names import EXAM, SAMPLES
from arena.store.outbox import Errand
from arena.store.record import RoundRecord, rounds_of
from arena.store.settings import read_settings
from arena.tracking.champion import Champion, champion
from arena.tracking.data import FaceData, face_data
from arena.tracking.note import ROWS, note
from arena.types import ROLES, ArenaError

EXAM_METRICS = ("accuracy", "auroc", "average_precision", "brier", "eer", "p_value", "threshold")
INTERVALS = ("accuracy_low", "accuracy_high", "auroc_low", "auroc_high")
MOST_SHOWN = 40
"""More rounds than this are thinned out: a frame of 64 faces takes about 0.3 MB and 0.3 s of a core, the charts of an
exam 10 kB."""
THUMBNAIL = 512
"""Longest side in pixels of what the UI shows before one clicks."""


@dataclass(frozen=True)
class Point:
    """One point of a chart. `step`: the round, or the images seen for a training curve."""

    key: str
    value: float
    step: int


@dataclass(frozen=True)
class Entry:
    """What an errand adds to a run. `files`: bytes by their place among the run's artifacts.

    `faces`: what it learns from. `champion`: what came out of it.
    """

    tags: Mapping[str, str]
    params: Mapping[str, str] = field(default_factory=dict)
    points: Sequence[Point] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    faces: FaceData | None = None
    champion: Champion | None = None


@dataclass
class Story:
    """A match so far, as the errands tell it: what an entry needs of all the rounds before, in as many steps as rounds.

    `wins`: clear ones by team. `latest`: the records of the last rounds.
    """

    wins: dict[str, int] = field(default_factory=lambda: {"A": 0, "B": 0})
    numbers: list[int] = field(default_factory=list)
    latest: deque[RoundRecord] = field(default_factory=lambda: deque(maxlen=ROWS))

    @property
    def last(self) -> int:
        """The number of the last round, -1 before the opening."""
        return self.numbers[-1] if self.numbers else -1

    @property
    def undecided(self) -> int:
        """Rounds that neither team has clearly won."""
        return max(self.last, 0) - sum(self.wins.values())

    @property
    def score(self) -> str:
        """How the match stands, in clear wins."""
        undecided = f", {self.undecided} undecided" if self.undecided else ""
        return f"A {self.wins['A']} : {self.wins['B']} B{undecided}"

    def add(self, record: RoundRecord) -> None:
        """One more round."""
        self.numbers.append(record.round)
        self.latest.append(record)
        if record.verdict is not None and record.verdict.clear_winner is not None:
            self.wins[record.verdict.clear_winner] += 1


def entry(home: Home, match: MatchRow, errand: Errand, story: Story, newest: bool = False) -> Entry:
    """The entry of an errand: the start of a match, a round, or the end.

    `story`: as far as this errand. `newest`: no later errand waits, so the charts are worth drawing.
    """
    told = tags(home.root, match, story)
    if errand.kind == "match":
        plan = {"match.json": json.dumps({"config": match.config, "facts": match.facts}, indent=2).encode()}
        data = face_data(match.config["faces"], match.facts["faces"])
        return Entry(told, params(match.config), files=plan, faces=data)
    files = chart_files(home, match, story) if newest and (errand.kind == "end" or _doubled(story.last)) else {}
    shown = _may_be_shown(home, match)
    if errand.kind == "round":
        folder = home.round_folder(match.name, errand.round or 0)
        files |= {} if not shown else round_files(folder, story.last, errand.enqueued_ms, match.fakes_are)
        return Entry(told, points=points(story.latest[-1], story.wins), files=files)
    folders = {number: home.round_folder(match.name, number) for number in story.numbers}
    files |= match_files(folders, match.fakes_are) if shown else {}
    return Entry(told, files=files, champion=champion(home, match.name, story.last))


def _may_be_shown(home: Home, match: MatchRow) -> bool:
    """Whether the fakes of a match may leave its home; settings that are not understood allow nothing."""
    try:
        return not match.fakes_show_people or read_settings(home.root).show_real_faces
    except ArenaError:
        return False


def params(config: Mapping[str, Any]) -> dict[str, str]:
    """All settings of a match, flat; a contender's name under its role, its options below."""
    marked = {**config, "exam": {**config["exam"], "marking": Rule.of(config["exam"]).marking}}
    for role in ROLES:
        marked |= {role: config[role]["name"], f"{role}.": config[role]["options"]}
    return dict(_flat(marked))


def _flat(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in settings.items():
        place = above + name
        if isinstance(value, Mapping):
            yield from _flat(value, place if place.endswith(".") else place + ".")
        else:
            yield place, str(value)


def tags(home: Path, match: MatchRow, story: Story) -> dict[str, str]:
    """What may change from round to round: the score and the note; and what describes a match but is no setting.

    `home`: its folder.
    """
    facts, wins = match.facts, story.wins
    return {
        "mlflow.note.content": note(home, match, story.latest, wins, max(story.last, 0)),
        "mlflow.source.name": "arena",
        "arena.match": match.name,
        "score": story.score,
        "winner": "A" if wins["A"] > wins["B"] else "B" if wins["B"] > wins["A"] else "even",
        **_standing(story),
        "device": facts["device"],
        "precision": facts["precision"],
        "machine": f"{facts['machine']}, Python {facts['python']}",
        "faces.digest": facts["faces"]["digest"],
        "faces.synthetic": str(facts["faces"]["synthetic"]).lower(),
        "versions": ", ".join(f"{package} {found}" for package, found in facts["versions"].items()),
    }


def _standing(story: Story) -> dict[str, str]:
    """What makes a column where runs are listed: how each team stands, and how the last exam went."""
    standing = {f"clear_wins_{team.lower()}": str(wins) for team, wins in story.wins.items()}
    last = story.latest[-1].verdict if story.latest else None
    return standing if last is None else standing | {"last_accuracy": f"{last.accuracy:.3f}"}


def points(record: RoundRecord, wins: Mapping[str, int]) -> list[Point]:
    """The points of a round: the exam and the times by round, the losses by images seen. `wins`: with this round."""
    values = {"time/round_seconds": record.seconds}
    for role, training in record.training.items():
        if training.steps:  # a detector has nothing to train on in the opening
            values[f"time/{role}_seconds"] = training.seconds
    values |= {f"system/{who}/{name}": used for who, taken in record.usage.items() for name, used in taken.items()}
    if record.quality is not None:
        values |= {f"quality/{name}": estimate.value for name, estimate in record.quality.estimates.items()}
    if record.verdict is not None:  # the opening has no exam
        values |= _judged(record.verdict, wins)
    curves = [
        Point(f"train/{role}/{'loss' if name == role else name}", float(value), point.images)
        for role, training in record.training.items()
        for point in training.curve
        for name, value in point.losses.items()
    ]
    return [Point(key, float(value), record.round) for key, value in values.items()] + curves


def _judged(verdict: Verdict, wins: Mapping[str, int]) -> dict[str, float]:
    """A round's verdict, what the detector is good for in use, and how the match stands after it."""
    values = {f"exam/{name}": getattr(verdict, name) for name in EXAM_METRICS}
    values |= {f"exam/{name}": getattr(verdict, name) for name in ("people", "resolution")}
    values |= {"in_use/fakes_caught": verdict.tpr, "in_use/false_alarm_rate": verdict.false_alarm_rate}
    values |= {f"interval/{name}": getattr(verdict, name) for name in INTERVALS}
    values |= {"score/winner_is_b": verdict.winner == "B"}
    values |= {f"score/clear_wins_{team.lower()}": wins[team] for team in "AB"}
    return {name: value for name, value in values.items() if value is not None}


def round_files(folder: Path, number: int, timestamp_ms: int, origin: Artificial) -> dict[str, bytes]:
    """The sample sheet of a round, named for the UI's step slider."""
    return slider_files("samples", number, timestamp_ms, (folder / SAMPLES).read_bytes(), origin)


def match_files(folders: Mapping[int, Path], origin: Artificial) -> dict[str, bytes]:
    """The animation over the rounds. A GIF, as MLflow's UI does not show WebP."""
    sheets = {number: folders[number] / SAMPLES for number in thinned(sorted(folders), MOST_SHOWN)}
    return {"samples.gif": animation(sheets, origin)}


def chart_files(home: Home, match: MatchRow, story: Story) -> dict[str, bytes]:
    """What MLflow's own charts cannot show, intervals and exams; nothing before the first exam.

    They hold the whole match, so they are drawn at its end and whenever it is twice as long as when they were last.
    """
    records = home.records(match.name, most=len(story.numbers))
    judged = {record.round: record.judged for record in rounds_of(records)}
    if not judged:
        return {}
    win = match.config["exam"]["win_accuracy"]
    over_rounds = [accuracy_figure(records, win), auroc_figure(records)]
    exams = {
        number: (ExamRecord.from_arrays(safetensors.numpy.load_file(path)), judged[number])
        for number in thinned(sorted(judged), MOST_SHOWN)
        if (path := home.round_folder(match.name, number) / EXAM).exists()
    }
    return {"charts.html": chart_book(f"{match.name}: {story.score}", over_rounds, exams).encode()}


def _doubled(number: int) -> bool:
    """Whether a match is twice as long as when this was so before."""
    return number > 0 and not number & (number - 1)


def slider_files(key: str, step: int, timestamp_ms: int, png: bytes, origin: Artificial) -> dict[str, bytes]:
    """An image as two files with the names that `MlflowClient.log_image` gives them, so that the step slider finds it.

    That method is not used because it names files at random, so that a retry would add a second image, and writes the
    PNG anew, without the mark that says what it is.
    """
    stem = f"images/{key}+step+{step}+timestamp+{timestamp_ms}+{key}-{step:04d}"
    small = Image.open(io.BytesIO(png)).convert("RGB")
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=85, xmp=xmp(origin).encode())
    return {f"{stem}.png": png, f"{stem}+compressed.webp": buffer.getvalue()}
