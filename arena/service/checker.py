"""The first thing that a process does which was started to play a new match: say whether its settings can be played.

Contenders import torch, which takes seconds and which the service does without; this process needs it anyway.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path

from arena.faces.sources.opening import open_source
from arena.play.config import MatchConfig, WrongSetting, read_settings, validate
from arena.types import ArenaError

WHERE = "the settings"
DOWNLOADED = ("lfw", "celeba")
"""Faces that are only looked for when the match reads them: it may take hours to fetch them."""


def check(answer: int) -> None:
    """Check the file of settings among the arguments of the command line, `run FILE ...`, and end here if it is wrong.

    `answer`: a file descriptor that is told `{}`, or the sentence and the dotted place of what is wrong, and closed.
    """
    wrong: WrongSetting | None = None
    try:
        _check_faces(validate(read_settings(Path(sys.argv[2])), WHERE))
    except WrongSetting as error:
        wrong = error
    # A service that is gone meanwhile is no reason not to play.
    with contextlib.suppress(BrokenPipeError), os.fdopen(answer, "w", encoding="utf-8") as out:
        json.dump({} if wrong is None else {"sentence": wrong.sentence, "place": wrong.place}, out)
    if wrong is not None:
        sys.exit(f"error: {wrong}")


def _check_faces(config: MatchConfig) -> None:
    if config.faces.partition(":")[0] in DOWNLOADED:
        return
    try:
        open_source(config.faces)
    except (ArenaError, ValueError) as error:  # a path that no system can have is a ValueError
        raise WrongSetting(WHERE, f"faces: {error}", "faces") from error
