"""What one errand of the outbox adds to a match's MLflow run, derived from the ledger and the round's folder.

The same errand gives the same entry whenever it is shipped: nothing here looks at a clock or at a later round. Only the
charts, which grow with the match, come with its newest errand alone, and replace those before.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from PIL import Image

from arena.images import xmp
from arena.referee.exam import ExamRecord
from arena.results.animation import animation
from arena.results.chartbook import chart_book
from arena.results.charts import accuracy_figure, auroc_figure
from arena.store.home import Errand, Home, MatchRow
from arena.store.names import EXAM, SAMPLES
from arena.tracking.note import note

EXAM_METRICS = ("accuracy", "auroc", "average_precision", "brier", "eer", "p_value", "threshold", "tnr", "tpr")
INTERVALS = ("accuracy_low", "accuracy_high", "auroc_low", "auroc_high")
SETTINGS = ("faces", "false_alarm_rate", "gallery", "image_size", "knowledge", "reservoir", "rounds", "seed")
"""The settings of a match that are worth a row when matches are compared; contenders and exam come on top."""
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
    """What an errand adds to a run. `files`: bytes by their place among the run's artifacts."""

    tags: Mapping[str, str]
    params: Mapping[str, str] = field(default_factory=dict)
    points: Sequence[Point] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)


def entry(home: Home, errand: Errand, newest: bool = False) -> Entry:
    """The entry of an errand: the start of a match, a round, or the end. `newest`: no later errand waits."""
    match = home.match(errand.match)
    before = {e.round for e in home.errands(errand.match) if e.id <= errand.id and e.kind == "round"}
    records = [record for record in home.records(errand.match) if record["round"] in before]
    told = tags(match, records)
    if errand.kind == "match":
        plan = {"config": match.config, "facts": match.facts}
        return Entry(told, params(match.config), files={"match.json": json.dumps(plan, indent=2).encode()})
    folders = {record["round"]: home.round_folder(errand.match, record["round"]) for record in records}
    files = chart_files(match, folders, records) if newest else {}
    if errand.kind == "round":
        files |= round_files(folders[records[-1]["round"]], records[-1], errand.enqueued_ms)
        return Entry(told, points=points(records), files=files)
    return Entry(told, files=files | match_files(folders))


def params(config: Mapping[str, Any]) -> dict[str, str]:
    """The settings of a match, flat, without what never differs or does not matter to the result."""
    flat = {name: config[name] for name in SETTINGS}
    flat |= {f"exam.{name}": config["exam"][name] for name in ("size", "win_accuracy")}
    for role in ("generator", "detector"):
        flat[role] = config[role]["name"]
        flat |= {f"{role}.{option}": value for option, value in config[role]["options"].items()}
    return {name: str(value) for name, value in flat.items()}


def tags(match: MatchRow, records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What may change from round to round: the score and the note; and what describes a match but is no setting."""
    facts, wins = match.facts, _wins(records)
    leader = "A" if wins["A"] > wins["B"] else "B" if wins["B"] > wins["A"] else "even"
    return {
        "mlflow.note.content": note(match, records, wins),
        "mlflow.source.name": "arena",
        "arena.match": match.name,
        "score": _score(wins),
        "winner": leader,
        "device": facts["device"],
        "precision": facts["precision"],
        "machine": f"{facts['machine']}, Python {facts['python']}",
        "faces.digest": facts["faces"]["digest"],
        "faces.synthetic": str(facts["faces"]["synthetic"]).lower(),
        "versions": ", ".join(f"{package} {found}" for package, found in facts["versions"].items()),
    }


def points(records: Sequence[Mapping[str, Any]]) -> list[Point]:
    """The points of the last of these rounds: the exam and the times by round, the losses by images seen."""
    record = records[-1]
    number = record["round"]
    values = {"time/round_seconds": record["seconds"]}
    for role, training in record["training"].items():
        if training["steps"]:  # a detector has nothing to train on in the opening
            values[f"time/{role}_seconds"] = training["seconds"]
    if "winner" in record:  # the opening has no exam
        wins = _wins(records)
        values |= {f"exam/{name}": record[name] for name in EXAM_METRICS}
        values |= {f"interval/{name}": record[name] for name in INTERVALS}
        values["score/winner_is_b"] = record["winner"] == "B"
        values |= {f"score/wins_{team.lower()}": wins[team] for team in "AB"}
    curves = [
        Point(f"train/{role}/{name}", float(value), point["images"])
        for role, training in record["training"].items()
        for point in training["curve"]
        for name, value in point["losses"].items()
    ]
    return [Point(key, float(value), number) for key, value in values.items()] + curves


def round_files(folder: Path, record: Mapping[str, Any], timestamp_ms: int) -> dict[str, bytes]:
    """The sample sheet of a round, named for the UI's step slider."""
    return slider_files("samples", record["round"], timestamp_ms, (folder / SAMPLES).read_bytes())


def match_files(folders: Mapping[int, Path]) -> dict[str, bytes]:
    """The animation over the rounds. A GIF, as MLflow's UI does not show WebP."""
    return {"samples.gif": animation({number: folders[number] / SAMPLES for number in _thinned(sorted(folders))})}


def chart_files(match: MatchRow, folders: Mapping[int, Path], records: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    """What MLflow's own charts cannot show: intervals and exams; nothing before the first exam."""
    played = {record["round"]: record for record in records if "winner" in record}
    if not played:
        return {}
    win, wins = match.config["exam"]["win_accuracy"], _wins(records)
    over_rounds = [accuracy_figure(records, win), auroc_figure(records)]
    exams = {
        number: (ExamRecord.from_arrays(safetensors.numpy.load_file(folders[number] / EXAM)), played[number])
        for number in _thinned(sorted(played))
    }
    return {"charts.html": chart_book(f"{match.name}: {_score(wins)}", over_rounds, exams).encode()}


def slider_files(key: str, step: int, timestamp_ms: int, png: bytes) -> dict[str, bytes]:
    """An image as two files with the names that `MlflowClient.log_image` gives them, so that the step slider finds it.

    That method is not used because it names files at random, so that a retry would add a second image, and writes the
    PNG anew, without the mark that it is AI-generated.
    """
    stem = f"images/{key}+step+{step}+timestamp+{timestamp_ms}+{key}-{step:04d}"
    small = Image.open(io.BytesIO(png)).convert("RGB")
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=85, xmp=xmp("generated").encode())
    return {f"{stem}.png": png, f"{stem}+compressed.webp": buffer.getvalue()}


def _wins(records: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {team: sum(record.get("winner") == team for record in records) for team in "AB"}


def _score(wins: Mapping[str, int]) -> str:
    return f"A {wins['A']} : {wins['B']} B"


def _thinned(numbers: Sequence[int]) -> list[int]:
    """At most MOST_SHOWN of some rounds, evenly chosen, the first and the last among them."""
    chosen = np.linspace(0, len(numbers) - 1, min(len(numbers), MOST_SHOWN)).round().astype(int)
    return [numbers[i] for i in chosen]
