"""The referee at work: its exam, and the only hands that take a match's files in and out of the cupboard."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import safetensors.numpy

from arena.faces.coding import coder
from arena.faces.sets.about import points_of
from arena.faces.sets.cache import open_cache
from arena.faces.sets.split import Index
from arena.files import Content, npy_chunks, safetensors_chunks
from arena.images import png
from arena.play.gauge import Gauge
from arena.play.parts import landmark_finder, origin_of, people_of, split_faces
from arena.play.stopwatch import Stopwatch
from arena.quality.result import Quality
from arena.referee import metrics
from arena.referee.exam import Referee
from arena.referee.reservoir import reservoir_places
from arena.referee.sheets import sample_sheet
from arena.referee.verdict import Rule, check_answer, check_fakes, check_sources
from arena.seeds import derive, rng
from arena.snapshot import read_snapshot, to_chunks
from arena.store.disk import Disk, readable_errors, stage
from arena.store.home import Home
from arena.store.names import (
    EXAM,
    FAKES,
    GALLERY,
    SAMPLE_SCORES,
    SAMPLE_SOURCES,
    SAMPLES,
    SNAPSHOT,
    STATE,
    state_folder,
)
from arena.store.record import RoundRecord
from arena.store.secrets import read_secret
from arena.types import (
    LAST,
    OLDER,
    ROLES,
    Answer,
    ArenaError,
    Faces,
    FakeOrder,
    FakesAre,
    HandIn,
    Images,
    Material,
    Pool,
    Role,
    Show,
    Snapshot,
    State,
    Training,
)

SHEET_COLUMNS = 8
SAMPLES_OF_SHEET = 64
"""Images of the sample sheet."""
NO_FACES = Faces(np.empty((0, 0, 0, 3), np.uint8), np.empty(0, np.int64))
"""A team has its own faces at its seat; they do not travel every round."""


@dataclass(frozen=True)
class Staged:
    """A round that is written but not yet acknowledged."""

    record: RoundRecord
    manifest: str
    folder: Path


def pledge_of(match: str, number: int, seed: int) -> str:
    """The pledge for an exam seed, SHA-256 in hexadecimal. One-way: it tells nothing about the seed."""
    return hashlib.sha256(f"arena exam/{match}/{number}/{seed}".encode()).hexdigest()


class Desk:
    """The referee with the match's files. Stateless but for the open exam: a lost desk is simply set up again."""

    def __init__(
        self,
        root: Path,
        match: str,
        config: Mapping[str, Any],
        faces: Path,
        disk: Disk | None = None,
        known: Mapping[str, Any] = MappingProxyType({}),
        fakes_are: FakesAre = "generated",
    ) -> None:
        """`root`: the arena home. `config`: `MatchConfig.dump()`. `faces`: a packed file. `known`: facts about it."""
        self._home, self._match, self._config, self._fakes_are = Home(root, disk), match, config, fakes_are
        self._watch = Stopwatch()
        face_set = open_cache(faces)
        people = people_of(face_set, self._home.faces, known)
        parts = split_faces(people, config)
        points = points_of(face_set, self._home.faces, landmark_finder) if known.get("points") else None
        self._faces = Faces(face_set.images, people, points)
        self._parts: dict[Role, Index] = {"generator": parts.a, "detector": parts.b}
        self._gauge = Gauge(config.get("quality", 0), face_set.images, parts.a)
        self._code = coder(origin_of(config, known))
        exam = config["exam"]
        secret = exam["secret"] == "random"
        seed = derive(read_secret(self._home.match_folder(match)) if secret else config["seed"], "referee")
        own = self._faces[parts.exam]
        self.referee = Referee(own.images, own.identities, seed, exam["size"], Rule.of(exam))

    def pid(self) -> int:
        """The process id of the referee's worker."""
        return os.getpid()

    def rehearse(self) -> None:
        """Load what grading and measuring need: seconds of imports, better spent while the teams train."""
        metrics.load()
        self._gauge.rehearse()

    def faces(self, role: Role) -> Faces:
        """A team's own part of the real faces."""
        return self._faces[self._parts[role]]

    def material(self, role: Role, number: int) -> Material:
        """What a team is given in a round beside its own faces, out of what the rounds before have left behind."""
        if not number:
            return Material(NO_FACES)
        fakes = Pool(LAST, self.gallery(number - 1)), Pool(OLDER, self.reservoir(number - 1))
        if role == "detector":
            return Material(NO_FACES, fakes)
        sees = self._config["knowledge"] == "whitebox"
        return Material(NO_FACES, fakes, (self._snapshot("detector", number - 1),)) if sees else Material(NO_FACES)

    def stand_in(self, number: int, order: FakeOrder) -> Show:
        """What takes the place of a generator that shows nothing: what it published last, else noise."""
        size, gallery = self._config["image_size"], self._config["gallery"]
        draw = rng(order.seed, "stand-in")
        if number:
            last = np.array(self.gallery(number - 1))
        else:
            last = draw.integers(0, 256, (gallery, size, size, 3)).astype(np.uint8)
        fakes, samples = (last[draw.integers(0, len(last), n)] for n in (order.n, SAMPLES_OF_SHEET))
        return Show(fakes, last, samples)

    def gallery(self, number: int) -> Images:
        """The fakes that Team A published after a round."""
        return self._array(number, GALLERY)

    def reservoir(self, number: int) -> Images:
        """A fixed-size sample of the galleries before a round's."""
        config = self._config
        seed = derive(config["seed"], "reservoir")
        places = reservoir_places(seed, galleries=number, size=config["gallery"], capacity=config["reservoir"])
        shape = (0, config["image_size"], config["image_size"], 3)
        picked = [self._array(gallery, GALLERY)[index] for gallery, index in places]
        return np.concatenate([np.empty(shape, np.uint8), *picked])

    def pledge(self, number: int) -> str:
        """The SHA-256 of what a round's exam is drawn from: entered before the round, checked when the exam is over."""
        return pledge_of(self._match, number, self.referee.seed_of(number))

    def order_fakes(self, number: int) -> FakeOrder:
        """What the referee asks of Team A."""
        return self.referee.order_fakes(number)

    def receive(self, number: int, show: Show) -> Show:
        """What Team A shows, coded as the real faces are: no fake reaches a detector or the disk any other way.

        Raises InvalidAnswer for images that are not as ordered.
        """
        config = self._config
        wanted = {"fakes": config["exam"]["size"] // 2, "gallery": config["gallery"], "samples": SAMPLES_OF_SHEET}
        for what, n in wanted.items():
            check_fakes(getattr(show, what), n, config["image_size"])
        check_sources(show.sources, SAMPLES_OF_SHEET, config["image_size"])
        with self._watch("code"):
            coded = {what: self.coded(number, what, getattr(show, what)) for what in wanted}
            return Show(**coded, sources=show.sources)

    def coded(self, number: int, what: str, images: Images) -> Images:
        """Fakes of a round as a detector sees them. The samples are coded alike every round, to be compared."""
        if self._code is None:
            return images
        return self._code(images, derive(self._config["seed"], "coding", what, 0 if what == "samples" else number))

    def set_paper(self, number: int, show: Show) -> Images:
        """The exam of the round, for Team B."""
        with self._watch("set_paper"):
            return self.referee.set_paper(number, show.fakes)

    def samples(self, show: Show) -> Images:
        """What the detector is asked about after its exam: the faces of the same latents every round."""
        return show.samples

    def measure(self, number: int, show: Show) -> Quality | None:
        """How good the gallery of a round is, which decides nothing; None where it is not this round's turn."""
        if not self._gauge.is_due(number):
            return None
        with self._watch("quality"):
            return self._gauge.measure(show.gallery)

    def recall(self, role: Role, number: int) -> State:
        """What a team needs to continue after an acknowledged round."""
        folder, name = self._home.round_folder(self._match, number), STATE.format(role=role)
        places = (state_folder(folder) / name, folder / name)  # the second in rounds of ledger version 0
        path = next((place for place in places if place.exists()), None)
        if path is None:
            raise ArenaError(
                f"{self._match} cannot go on: {name} of its round {number} is gone from {places[0].parent}"
            )
        return dict(safetensors.numpy.load_file(path))

    def close(
        self,
        number: int,
        token: str,
        show: Show,
        training_a: Training,
        training_b: Training,
        hand_in_a: HandIn | None,
        hand_in_b: HandIn | None,
        answer: Answer | None = None,
        opinion: Answer | None = None,
        forfeit: Role | None = None,
        quality: Quality | None = None,
    ) -> Staged:
        """Grade the exam (none in the opening) and write the round to its staging folder.

        A team that hands in nothing is where it was after the round before; a detector that answers nothing has called
        everything alike. `opinion`: the detector's answer to the samples, judged at the threshold of its exam.
        `quality`: what `measure` said.
        """
        trainings: dict[Role, Training] = {"generator": training_a, "detector": training_b}
        hand_ins = {
            "generator": hand_in_a or self._handed_in("generator", number - 1),
            "detector": hand_in_b or self._handed_in("detector", number - 1),
        }
        config = self._config
        states = {STATE.format(role=role): safetensors_chunks(hand_in.state) for role, hand_in in hand_ins.items()}
        files = self._pictures(number, show)
        files |= {SNAPSHOT.format(role=role): to_chunks(hand_in.snapshot) for role, hand_in in hand_ins.items()}
        verdict = None
        if number:
            answer = answer or Answer(np.full(config["exam"]["size"], 0.5), 1.0)
            with self._watch("grade"):
                verdict, exam = self.referee.grade(number, answer, forfeit)
            files |= {EXAM: safetensors_chunks(exam.to_arrays()), FAKES: npy_chunks(show.fakes)}
        if opinion is not None:
            check_answer(opinion, len(show.samples))
            files[SAMPLE_SCORES] = npy_chunks(opinion.scores)
        folder = self._home.staging_folder(self._match, number, token)
        with self._watch("stage"), readable_errors(f"round {number} in {self._home.root}"):
            manifest = stage(folder, files, self._home.disk, states)
        usage = {role: hand_in.usage for role, hand_in in hand_ins.items()} | {"referee": self._watch.usage()}
        timings = {role: hand_in.seconds for role, hand_in in hand_ins.items()} | {"referee": self._watch.read()}
        names = {role: config[role]["name"] for role in ROLES}
        absent = tuple(role for role, given in zip(ROLES, (hand_in_a, hand_in_b), strict=True) if given is None)
        record = RoundRecord(
            self._match,
            number,
            names["generator"],
            names["detector"],
            verdict,
            trainings,
            timings,
            absent=absent,
            quality=quality,
            usage=usage,
        )
        as_stored = json.loads(json.dumps(record.to_json(), allow_nan=False))  # finite, and plain numbers
        return Staged(RoundRecord.from_json(as_stored), manifest, folder)

    def _pictures(self, number: int, show: Show) -> dict[str, Content]:
        """What a round has to show: the gallery, the sheet of samples and, where they are known, their sources."""
        page = sample_sheet(show.samples, SHEET_COLUMNS)
        sheet = png(page, self._fakes_are, f"match {self._match}, round {number}")
        files: dict[str, Content] = {GALLERY: npy_chunks(show.gallery), SAMPLES: sheet}
        if show.sources is not None:
            words = {"words": json.dumps(show.sources.words)}
            files[SAMPLE_SOURCES] = safetensors_chunks(show.sources.images, words)
        return files

    def _handed_in(self, role: Role, number: int) -> HandIn:
        """What a team handed in after an acknowledged round."""
        return HandIn(self.recall(role, number), self._snapshot(role, number), {})

    def _snapshot(self, role: Role, number: int) -> Snapshot:
        return read_snapshot(self._home.round_folder(self._match, number) / SNAPSHOT.format(role=role))

    def _array(self, number: int, name: str) -> Images:
        path = self._home.round_folder(self._match, number) / name
        images: Images = np.load(path, mmap_mode="r", allow_pickle=False)
        return images
