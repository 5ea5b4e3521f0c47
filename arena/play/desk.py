"""The referee at work: its exam, and the only hands that take a match's files in and out of the cupboard."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors.numpy

from arena.faces.sets.cache import open_cache
from arena.faces.sets.split import Split, split_by_identity
from arena.images import png
from arena.play.stopwatch import Stopwatch
from arena.referee import metrics
from arena.referee.exam import Referee
from arena.referee.reservoir import reservoir_places
from arena.referee.sheets import sample_sheet
from arena.referee.verdict import Rule, check_answer
from arena.seeds import derive
from arena.snapshot import to_bytes
from arena.store.disk import Disk, readable_errors, stage
from arena.store.home import Home
from arena.store.names import EXAM, FAKES, GALLERY, SAMPLE_SCORES, SAMPLES, SNAPSHOT, STATE
from arena.store.record import RoundRecord
from arena.types import ROLES, Answer, ArenaError, FakeOrder, HandIn, Images, Role, Show, State, Training

SHEET_COLUMNS = 8
FEWEST = 50
"""Faces that each part of a split must have at least."""


@dataclass(frozen=True)
class Staged:
    """A round that is written but not yet acknowledged."""

    record: RoundRecord
    manifest: str
    folder: Path


def split_faces(identities: Any, config: Mapping[str, Any]) -> Split:
    """The three parts of the faces of a match; ArenaError when they are too few to train on or for its exam."""
    split = split_by_identity(identities, derive(config["seed"], "split"), tuple(config["parts"]), FEWEST)
    size, found = config["exam"]["size"], len(split.exam)
    if found < size // 2:
        raise ArenaError(
            f"too few faces: an exam of {size} images needs {size // 2} real ones, but of {len(identities)} faces the "
            f"referee's part gets {found}; bring more faces or make the exam smaller with --set exam.size={2 * found}"
        )
    return split


class Desk:
    """The referee with the match's files. Stateless but for the open exam: a lost desk is simply set up again."""

    def __init__(
        self, root: Path, match: str, config: Mapping[str, Any], faces: Path, disk: Disk | None = None
    ) -> None:
        """`root`: the arena home. `config`: `MatchConfig.dump()`. `faces`: a packed file of faces."""
        self._home, self._match, self._config = Home(root, disk), match, config
        self._watch = Stopwatch()
        face_set = open_cache(faces)
        parts = split_faces(face_set.identities, config)
        self._faces, self._parts = face_set.images, {"generator": parts.a, "detector": parts.b}
        seed, exam = derive(config["seed"], "referee"), config["exam"]
        identities = face_set.identities[parts.exam]
        self.referee = Referee(self._faces[parts.exam], identities, seed, exam["size"], Rule.of(exam))

    def pid(self) -> int:
        """The process id of the referee's worker."""
        return os.getpid()

    def rehearse(self) -> None:
        """Load what grading needs: seconds of imports, better spent while Team A warms up."""
        metrics.load()

    def reals(self, role: Role) -> Images:
        """A team's own part of the real faces."""
        return self._faces[self._parts[role]]

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

    def order_fakes(self, number: int) -> FakeOrder:
        """What the referee asks of Team A."""
        return self.referee.order_fakes(number)

    def set_paper(self, number: int, show: Show) -> Images:
        """The exam of the round, for Team B."""
        with self._watch("set_paper"):
            return self.referee.set_paper(number, show.fakes)

    def samples(self, show: Show) -> Images:
        """What the detector is asked about after its exam: the faces of the same latents every round."""
        return show.samples

    def recall(self, role: Role, number: int) -> State:
        """What a team needs to continue after an acknowledged round."""
        path = self._home.round_folder(self._match, number) / STATE.format(role=role)
        return dict(safetensors.numpy.load_file(path))

    def close(
        self,
        number: int,
        token: str,
        show: Show,
        training_a: Training,
        training_b: Training,
        hand_in_a: HandIn,
        hand_in_b: HandIn,
        answer: Answer | None = None,
        opinion: Answer | None = None,
        forfeit: Role | None = None,
    ) -> Staged:
        """Grade the exam (none in the opening) and write the round to its staging folder.

        `opinion`: the detector's answer to the samples, judged at the threshold of its exam.
        """
        trainings: dict[Role, Training] = {"generator": training_a, "detector": training_b}
        hand_ins = {"generator": hand_in_a, "detector": hand_in_b}
        config = self._config
        files = {GALLERY: _npy(show.gallery), SAMPLES: _sample_sheet(show, self._match, number)}
        for role, hand_in in hand_ins.items():
            files[STATE.format(role=role)] = safetensors.numpy.save(hand_in.state)
            files[SNAPSHOT.format(role=role)] = to_bytes(hand_in.snapshot)
        verdict = None
        if answer is not None:
            with self._watch("grade"):
                verdict, exam = self.referee.grade(number, answer, forfeit)
            files |= {EXAM: safetensors.numpy.save(exam.to_arrays()), FAKES: _npy(show.fakes)}
        if opinion is not None:
            check_answer(opinion, len(show.samples))
            files[SAMPLE_SCORES] = _npy(opinion.scores)
        folder = self._home.staging_folder(self._match, number, token)
        with self._watch("stage"), readable_errors(f"round {number} in {self._home.root}"):
            manifest = stage(folder, files, self._home.disk)
        timings = {role: hand_in.seconds for role, hand_in in hand_ins.items()} | {"referee": self._watch.read()}
        names = {role: config[role]["name"] for role in ROLES}
        record = RoundRecord(self._match, number, names["generator"], names["detector"], verdict, trainings, timings)
        as_stored = json.loads(json.dumps(record.to_json(), allow_nan=False))  # finite, and plain numbers
        return Staged(RoundRecord.from_json(as_stored), manifest, folder)

    def _array(self, number: int, name: str) -> Images:
        path = self._home.round_folder(self._match, number) / name
        images: Images = np.load(path, mmap_mode="r", allow_pickle=False)
        return images


def _npy(array: npt.NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _sample_sheet(show: Show, match: str, number: int) -> bytes:
    return png(sample_sheet(show.samples, SHEET_COLUMNS), "generated", f"match {match}, round {number}")
