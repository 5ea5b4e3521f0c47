"""A stored exam as images and labels, to find out on what an exported detector does there."""

from __future__ import annotations

import numpy as np
import safetensors.numpy

from arena.export.exporting import Shown
from arena.play.desk import Desk
from arena.play.match import open_match
from arena.referee.exam import ExamRecord
from arena.store.home import Home
from arena.store.names import EXAM, FAKES


def exam_of(home: Home, match: str, number: int) -> Shown:
    """The paper of a round. Raises ArenaError when the match's faces are gone or others now."""
    opened = open_match(home, match)
    setup, folder = opened.setup, home.round_folder(match, number)
    exam = ExamRecord.from_arrays(safetensors.numpy.load_file(folder / EXAM))
    fakes = np.load(folder / FAKES, allow_pickle=False)
    desk = Desk(setup.root, match, setup.config, setup.faces, known=setup.known)
    images = exam.paper.images(desk.referee.faces, fakes)
    return Shown(images, f"the exam of round {number} of {match}, {len(images)} faces", exam.labels)
