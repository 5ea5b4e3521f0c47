"""Charts of exams and matches, as Plotly takes them. Made in threads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated

from fastapi import Depends, Query, Request, Response

from arena.results import charts, magnitudes
from arena.service import models, pictures, views
from arena.service.routes.parameters import Arena, Committed, MatchName, new_router
from arena.service.routes.rounds import shown_rounds
from arena.service.state import State, committed, versioned
from arena.store.follow import CommittedRound
from arena.store.record import RoundRecord

router = new_router()

MOST_MATCHES = 8
"""In one chart: as many as there are colours for."""
JSON = "application/json"

Rounds = Annotated[list[CommittedRound], Depends(shown_rounds)]


@router.get("/matches/{match}/rounds/{number}/figures/scores", response_model=models.Figure)
def scores(request: Request, state: Arena, round: Committed) -> Response:
    """How the exam's scores of real and of fake images spread, and where the detector raised the alarm."""
    folder = state.ledger.home.round_folder(round.match, round.number)
    return committed(request, round, lambda: _json(charts.score_figure(pictures.read_exam(folder, round))), JSON)


@router.get("/matches/{match}/rounds/{number}/figures/roc", response_model=models.Figure)
def roc(request: Request, state: Arena, round: Committed) -> Response:
    """The ROC curve of the exam and the point at the detector's threshold."""
    folder = state.ledger.home.round_folder(round.match, round.number)

    def body() -> bytes:
        return _json(charts.roc_figure(pictures.read_exam(folder, round), round.record.judged))

    return committed(request, round, body, JSON)


@router.get("/matches/{match}/figures/accuracy", response_model=models.Figure)
def accuracy(request: Request, state: Arena, rounds: Rounds) -> Response:
    """Accuracy of each round with its interval and who won."""
    win_accuracy = _of_exams(state, rounds, "win_accuracy", 0.5)
    return _over(request, rounds, lambda records: charts.accuracy_figure(records, win_accuracy))


@router.get("/matches/{match}/figures/auroc", response_model=models.Figure)
def auroc(request: Request, rounds: Rounds) -> Response:
    """AUROC of each round with its interval."""
    return _over(request, rounds, charts.auroc_figure)


@router.get("/matches/{match}/figures/faces", response_model=models.Figure)
def faces(request: Request, rounds: Rounds) -> Response:
    """The share of fakes that look like a face in each round where it was measured."""
    return _over(request, rounds, charts.faces_figure)


@router.get("/matches/{match}/figures/losses", response_model=models.Figure)
def losses(request: Request, state: Arena, match: MatchName, rounds: Rounds) -> Response:
    """Both teams' losses over the images they have seen."""
    home = state.ledger.home
    return committed(request, rounds[-1], lambda: _json(magnitudes.losses_figure(home.records(match))), JSON)


@router.get("/matches/{match}/figures/chance", response_model=models.Figure)
def chance(request: Request, state: Arena, rounds: Rounds) -> Response:
    """The p-value of each round: how well chance alone explains it."""
    significance = _of_exams(state, rounds, "significance", 0.05)
    return _over(request, rounds, lambda records: magnitudes.chance_figure(records, significance))


@router.get("/matches/{match}/figures/speed", response_model=models.Figure)
def speed(request: Request, rounds: Rounds) -> Response:
    """Training images a second of both teams in each round."""
    return _over(request, rounds, magnitudes.speed_figure)


async def chosen_matches(
    state: Arena,
    match: Annotated[
        list[str] | None,
        Query(max_length=MOST_MATCHES, description=f"Which matches; by default the {MOST_MATCHES} newest."),
    ] = None,
) -> dict[str, list[CommittedRound]]:
    """The rounds of some matches."""
    names = list(state.ledger.matches)[-MOST_MATCHES:] if match is None else match
    found = [views.find_match(state.ledger, name).name for name in names]
    return {name: list(state.ledger.rounds.get(name, [])) for name in found}


Chosen = Annotated[dict[str, list[CommittedRound]], Depends(chosen_matches)]


@router.get("/figures/accuracy", response_model=models.Figure)
def compared_accuracy(request: Request, matches: Chosen) -> Response:
    """Accuracy of several matches in one chart."""
    return _compared(request, matches, charts.compared_accuracy_figure)


@router.get("/figures/auroc", response_model=models.Figure)
def compared_auroc(request: Request, matches: Chosen) -> Response:
    """AUROC of several matches in one chart."""
    return _compared(request, matches, charts.compared_auroc_figure)


def _compared(
    request: Request,
    matches: Mapping[str, list[CommittedRound]],
    draw: Callable[[Mapping[str, Iterable[RoundRecord]]], charts.Figure],
) -> Response:
    ends = {name: views.version_of(rounds[-1]) if rounds else None for name, rounds in matches.items()}
    version = hashlib.sha256(json.dumps(ends).encode()).hexdigest()[:32]
    records = {name: [round.record for round in rounds] for name, rounds in matches.items()}
    return versioned(request, version, lambda: _json(draw(records)), JSON)


def _json(figure: charts.Figure) -> bytes:
    return json.dumps(figure, allow_nan=False, separators=(",", ":")).encode()


def _over(
    request: Request, rounds: Sequence[CommittedRound], figure: Callable[[list[RoundRecord]], charts.Figure]
) -> Response:
    """A figure of all rounds of a match, which stays what it is until the next of them."""
    return committed(request, rounds[-1], lambda: _json(figure([round.record for round in rounds])), JSON)


def _of_exams(state: State, rounds: Sequence[CommittedRound], name: str, default: float) -> float:
    """A setting of a match's exams; matches from before there was a choice do not have it."""
    return float(state.ledger.matches[rounds[-1].match].config.get("exam", {}).get(name, default))
