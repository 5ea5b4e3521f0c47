"""The referee at work: its exam, and the only hands that take a match's files in and out of the cupboard."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors.numpy

from arena.faces.coding import Coding, coder
from arena.faces.sets.about import joined_identities
from arena.faces.sets.cache import FaceSet, open_cache
from arena.faces.sets.split import Index, Split, split_by_identity
from arena.images import png
from arena.play import seats
from arena.play.stopwatch import Stopwatch
from arena.referee import metrics
from arena.referee.exam import Referee
from arena.referee.reservoir import reservoir_places
from arena.referee.sheets import sample_sheet
from arena.referee.verdict import Rule, check_answer, check_fakes
from arena.seeds import derive
from arena.snapshot import to_bytes
from arena.store.disk import Disk, readable_errors, stage
from arena.store.home import Home
from arena.store.names import EXAM, FAKES, GALLERY, SAMPLE_SCORES, SAMPLES, SNAPSHOT, STATE
from arena.types import ROLES, Answer, ArenaError, FakeOrder, HandIn, Images, Role, Show, State, Training

SHEET_COLUMNS = 8
FEWEST = 50
"""Faces that each part of a split must have at least."""


@dataclass(frozen=True)
class Staged:
    """A round that is written but not yet acknowledged."""

    record: dict[str, Any]
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


def split_match(faces: FaceSet, folder: Path, config: Mapping[str, Any], known: Mapping[str, Any]) -> Split:
    """The three parts of the faces of a match, the same wherever it is asked for.

    `folder`: where what is known about faces is kept. `known`: the match's facts about its faces; those of matches
    that were played before people who share a photo were joined have no `joined`, and keep their split.
    """
    if not known.get("joined"):
        return split_faces(faces.identities, config)
    identities = joined_identities(faces, folder)
    if digest_of(identities) != known["joined"]:
        raise ArenaError(f"who shares a photo in the faces of {faces.source} is no longer what it was found to be")
    return split_faces(identities, config)


def digest_of(identities: Index) -> str:
    """SHA-256 of who each face shows."""
    return hashlib.sha256(identities.astype("<i8").tobytes()).hexdigest()


def origin_of(config: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """What teams are told about the real faces, see `types.Brief`, from the settings and facts of a match."""
    told = {name: known.get(name) for name in ("synthetic", "coding", "framing")}
    lossy = told["coding"] is not None and Coding.from_json(told["coding"]).is_lossy
    return told | {"coded": lossy and config["exam"].get("coding") == "as-faces"}


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
    ) -> None:
        """`root`: the arena home. `config`: `MatchConfig.dump()`. `faces`: a packed file. `known`: facts about it."""
        self._home, self._match, self._config = Home(root, disk), match, config
        self._watch = Stopwatch()
        face_set = open_cache(faces)
        parts = split_match(face_set, self._home.faces, config, known)
        self._code = coder(origin_of(config, known))
        self._faces, self._parts = face_set.images, {"generator": parts.a, "detector": parts.b}
        rule = Rule(config["exam"]["win_accuracy"], config["exam"]["significance"])
        seed = derive(config["seed"], "referee")
        self.referee = Referee(self._faces[parts.exam], seed, config["exam"]["size"], rule)

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

    def receive(self, number: int, show: Show) -> Show:
        """What Team A shows, coded as the real faces are: no fake reaches a detector or the disk any other way.

        Raises InvalidAnswer for images that are not as ordered.
        """
        config = self._config
        wanted = {"fakes": config["exam"]["size"] // 2, "gallery": config["gallery"], "samples": seats.SAMPLES}
        for what, n in wanted.items():
            check_fakes(getattr(show, what), n, config["image_size"])
        with self._watch("code"):
            return Show(**{what: self.coded(number, what, getattr(show, what)) for what in wanted})

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
        trainings = {"generator": training_a, "detector": training_b}
        hand_ins = {"generator": hand_in_a, "detector": hand_in_b}
        config = self._config
        files = {GALLERY: _npy(show.gallery), SAMPLES: _sample_sheet(show, self._match, number)}
        for role, hand_in in hand_ins.items():
            files[STATE.format(role=role)] = safetensors.numpy.save(hand_in.state)
            files[SNAPSHOT.format(role=role)] = to_bytes(hand_in.snapshot)
        record: dict[str, Any] = {"match": self._match, "round": number}
        record |= {role: config[role]["name"] for role in ROLES}
        if answer is not None:
            with self._watch("grade"):
                verdict, exam = self.referee.grade(number, answer, forfeit)
            files |= {EXAM: safetensors.numpy.save(exam.to_arrays()), FAKES: _npy(show.fakes)}
            record |= asdict(verdict)
        if opinion is not None:
            check_answer(opinion, len(show.samples))
            files[SAMPLE_SCORES] = _npy(opinion.scores)
        record["training"] = {role: asdict(training) for role, training in trainings.items()}
        folder = self._home.staging_folder(self._match, number, token)
        with self._watch("stage"), readable_errors(f"round {number} in {self._home.root}"):
            manifest = stage(folder, files, self._home.disk)
        record["timings"] = {role: hand_in.seconds for role, hand_in in hand_ins.items()}
        record["timings"]["referee"] = self._watch.read()
        return Staged(json.loads(json.dumps(record, allow_nan=False)), manifest, folder)  # as the ledger will hold it

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
