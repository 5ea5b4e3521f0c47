"""A thin client of the service: the routes as methods, their answers as models, the events as an iterator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeVar

import httpx2 as httpx

from arena.service import models
from arena.types import ArenaError

M = TypeVar("M", bound=models.Model)
MatchFigure = Literal["accuracy", "auroc", "chance", "faces", "losses", "speed"]
CHECK_SECONDS = 240.0
"""For a photo: the service's own limits come first. The first one waits for the judge to start."""
SILENCE = 60.0
"""Seconds without a word after which a stream counts as dead; the service says something every 15."""


@dataclass(frozen=True)
class Event:
    """What happened. `id`: where to go on after a broken connection. `name`: a key of models.EVENTS."""

    id: str
    name: str
    data: models.Model


class Client:
    """A connection to a service. Every method raises ArenaError with the service's own sentence."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        token: str | None = None,
        *,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`token`: needed to change something. `timeout`: seconds. `transport`: another way there than the network."""
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        # Without the environment's proxies: the service is next door.
        self._http = httpx.Client(
            base_url=f"{url.rstrip('/')}/api/", headers=headers, timeout=timeout, transport=transport, trust_env=False
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def health(self) -> models.Health:
        """Whether the service is up and its home can be read."""
        return self._get(models.Health, "health")

    def matches(self, offset: int = 0, limit: int = 50) -> models.MatchPage:
        """A page of matches, the newest first."""
        return self._get(models.MatchPage, "matches", offset=offset, limit=limit)

    def match(self, match: str) -> models.MatchDetail:
        """Everything about a match but its rounds."""
        return self._get(models.MatchDetail, f"matches/{match}")

    def rounds(self, match: str, offset: int = 0, limit: int = 50) -> models.RoundPage:
        """A page of a match's rounds, the opening first."""
        return self._get(models.RoundPage, f"matches/{match}/rounds", offset=offset, limit=limit)

    def round(self, match: str, number: int) -> models.RoundDetail:
        """A round with its curves and clocks."""
        return self._get(models.RoundDetail, f"matches/{match}/rounds/{number}")

    def standings(self, match: str | None = None) -> models.Standings:
        """Who wins how often, over all matches or in one."""
        return self._get(models.Standings, "standings", **({} if match is None else {"match": match}))

    def contenders(self) -> models.Contenders:
        """Who can play, with every option."""
        return self._get(models.Contenders, "contenders")

    def settings(self) -> models.Settings:
        """What a match can be told."""
        return self._get(models.Settings, "settings")

    def start(self, config: Mapping[str, Any] | None = None, name: str | None = None) -> models.Start:
        """Start a match. `config`: settings that differ from the defaults. Needs the token."""
        return self._post(models.Start, "matches", {"name": name, "config": dict(config or {})})

    def starts(self) -> models.Starts:
        """What was started and is not among the matches yet."""
        return self._get(models.Starts, "starts")

    def forget(self, name: str) -> None:
        """Forget a start that failed. Needs the token."""
        with _sentences():
            _checked(self._http.delete(f"starts/{name}"))

    def stop(self, match: str) -> models.Stopping:
        """Stop a match. Needs the token."""
        return self._post(models.Stopping, f"matches/{match}/stop")

    def resume(self, match: str, rounds: int | None = None) -> models.Start:
        """Go on with a match, or play this many rounds more. Needs the token."""
        return self._post(models.Start, f"matches/{match}/resume", {"rounds": rounds})

    def mlflow(self, *matches: str) -> models.Link:
        """Where MLflow shows these matches, or all."""
        with _sentences():
            answer = _checked(self._http.get("mlflow", params=[("match", match) for match in matches]))
        return models.Link.model_validate_json(answer.content)

    def session(self) -> models.Session:
        """Whether this client's token is the right one."""
        return self._get(models.Session, "session")

    def samples(self, match: str, number: int, index: int | None = None) -> bytes:
        """The sample sheet of a round, or one face of it, as PNG."""
        name = "samples.png" if index is None else f"samples/{index}.png"
        return self._fetch(f"matches/{match}/rounds/{number}/{name}").content

    def exam(self, match: str, number: int, most: int = 12) -> models.Exam:
        """What the detector made of a round's exam: its threshold, and the most telling images."""
        return self._get(models.Exam, f"matches/{match}/rounds/{number}/exam", most=most)

    def exam_fake(self, match: str, number: int, index: int) -> bytes:
        """One fake of a round's exam as PNG."""
        return self._fetch(f"matches/{match}/rounds/{number}/exam/{index}.png").content

    def exam_real(self, match: str, number: int, index: int) -> bytes:
        """One real face of a round's exam as PNG, if it may be shown."""
        return self._fetch(f"matches/{match}/rounds/{number}/exam/real/{index}.png").content

    def sample(self, match: str, index: int) -> models.Sample:
        """One face of the sheet over the rounds, and whether it fooled the detector."""
        return self._get(models.Sample, f"matches/{match}/samples/{index}")

    def animation(self, match: str, kind: Literal["gif", "webp"] = "gif") -> bytes:
        """How the same faces changed over the rounds."""
        return self._fetch(f"matches/{match}/animation.{kind}").content

    def walk(self, match: str, number: int) -> bytes:
        """What the generator of a round draws between some latents, as an animated WebP; minutes where one is busy."""
        with _sentences():
            answer = self._http.get(f"matches/{match}/rounds/{number}/walk.webp", timeout=CHECK_SECONDS)
            return _checked(answer).content

    def report(self, match: str) -> bytes:
        """The match as one HTML file to hand on, which needs no server."""
        return self._fetch(f"matches/{match}/report.html").content

    def glossary(self) -> models.Glossary:
        """What the words mean that results are told in."""
        return self._get(models.Glossary, "glossary")

    def exam_figure(self, match: str, number: int, name: Literal["scores", "roc"]) -> models.Figure:
        """A chart of a round's exam, as Plotly takes it."""
        return self._get(models.Figure, f"matches/{match}/rounds/{number}/figures/{name}")

    def match_figure(self, match: str, name: MatchFigure) -> models.Figure:
        """A chart of a match over its rounds, as Plotly takes it."""
        return self._get(models.Figure, f"matches/{match}/figures/{name}")

    def compared_figure(self, matches: Sequence[str], name: Literal["accuracy", "auroc"]) -> models.Figure:
        """Several matches in one chart, as Plotly takes it."""
        return self._get(models.Figure, f"figures/{name}", match=matches)

    def blind_tests(self) -> models.BlindTests:
        """How people and detectors fared on the same images, and whether a blind test can be had."""
        return self._get(models.BlindTests, "blind")

    def new_blind_test(self, match: str | None = None, round: int | None = None) -> models.BlindTest:
        """Draw a blind test from an exam; needs the token."""
        return self._post(models.BlindTest, "blind", {"match": match, "round": round})

    def blind_sheet(self, test: str) -> bytes:
        """All images of a blind test on one sheet, as PNG."""
        return self._fetch(f"blind/{test}/sheet.png").content

    def answer_blind_test(self, test: str, fake: Sequence[bool]) -> models.BlindAnswer:
        """Say which images are fake, row by row, and hear the truth; needs the token."""
        return self._post(models.BlindAnswer, f"blind/{test}", {"fake": list(fake)})

    def detector(self, match: str | None = None, round: int | None = None) -> models.Judge:
        """The detector that judges a photo: by default that of the round which was played last."""
        return self._get(models.Judge, "detector", **_given(match=match, round=round))

    def detect(
        self, photo: bytes | str | Path, match: str | None = None, round: int | None = None, heatmap: bool = False
    ) -> models.Detection:
        """Every face in a photo, PNG, JPEG or WebP, with its verdict. Needs the token.

        `photo`: its bytes, or a file. `match`, `round`: whose detector judges. `heatmap`: also say where it looked.
        """
        content = photo if isinstance(photo, bytes) else _read(Path(photo))
        query = _given(match=match, round=round, heatmap="true" if heatmap else None)
        with _sentences():
            answer = self._http.post("detect", params=query, content=content, timeout=CHECK_SECONDS)
            return models.Detection.model_validate_json(_checked(answer).content)

    def events(self, match: str | None = None, after: str | None = None) -> Iterator[Event]:
        """What happens, in one match or in all, until the service stops.

        `after`: the id of an event or a `cursor`, to hear of everything since; by default of what is to come.
        """
        path = "events" if match is None else f"matches/{match}/events"
        headers = {} if after is None else {"last-event-id": after}
        with _sentences(), self._http.stream("GET", path, headers=headers, timeout=SILENCE) as response:
            if response.is_error:
                response.read()
            yield from read_events(_checked(response).iter_lines())

    def _get(self, model: type[M], path: str, **query: str | int | Sequence[str]) -> M:
        return model.model_validate_json(self._fetch(path, **query).content)

    def _post(self, model: type[M], path: str, body: Mapping[str, Any] | None = None) -> M:
        with _sentences():
            return model.model_validate_json(_checked(self._http.post(path, json=body)).content)

    def _fetch(self, path: str, **query: str | int | Sequence[str]) -> httpx.Response:
        with _sentences():
            return _checked(self._http.get(path, params=query))


def _given(**query: str | int | None) -> dict[str, str | int]:
    return {name: value for name, value in query.items() if value is not None}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArenaError(f"the photo {path} cannot be read: {error.strerror}") from error


def read_events(lines: Iterable[str]) -> Iterator[Event]:
    """The events of a stream's lines. Events of names that this client does not know are left out."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
            continue
        model = models.EVENTS.get(fields.get("event", ""))
        if model is not None:
            yield Event(fields["id"], fields["event"], model.model_validate_json(fields["data"]))
        fields = {}


@contextmanager
def _sentences() -> Iterator[None]:
    """Turn the errors of a connection into one sentence."""
    try:
        yield
    except httpx.HTTPError as error:
        raise ArenaError(f"the arena's service does not answer: {error or type(error).__name__}") from error


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    try:
        detail = str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        detail = f"{response.url} answered with status {response.status_code}"
    raise ArenaError(detail)
