"""Where the findings of `arena detect` go: line by line to people and programs, or into the file of a competition."""

from __future__ import annotations

import csv
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rich.markup import escape

from arena.cli import findings
from arena.cli.console import console as console_for
from arena.cli.console import emit, say, table
from arena.types import ArenaError

if TYPE_CHECKING:
    from arena.photo.film import FilmJudgement, Seen
    from arena.photo.judge import Judgement
    from arena.results.submission import Submission


class Format(StrEnum):
    """How findings are printed."""

    LINES = "lines"
    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    RESULTS = "results"


class Aggregate(StrEnum):
    """How a video's score comes from those of its faces."""

    TRIMMED_MEAN = "trimmed-mean"
    MEAN = "mean"
    MAX = "max"


class Report(Protocol):
    """What is told of each file as soon as it is judged."""

    def judged(self, photo: str, judgement: Judgement) -> None:
        """A photo that could be judged."""

    def seen(self, video: str, faces: Sequence[Seen]) -> None:
        """Some faces of a video that is not over yet."""

    def film(self, video: str, judgement: FilmJudgement) -> None:
        """A video that could be judged."""

    def failed(self, what: str, file: str, reason: str) -> None:
        """A file that could not; `what`: photo or video."""

    def end(self) -> None:
        """After the last one."""


class Printed:
    """Prints findings as they come; a table at the end, because its columns fit what is in them."""

    def __init__(self, format: Format, judged_by: Mapping[str, Any]) -> None:
        self.format, self.judged_by = format, judged_by
        self.console = console_for(format == Format.JSON)
        self.out = sys.stdout
        self.rows = list[dict[str, Any]]()
        self.csv = csv.DictWriter(self.out, findings.COLUMNS, lineterminator="\n")
        if format == Format.CSV:
            self.csv.writeheader()

    def judged(self, photo: str, judgement: Judgement) -> None:
        """See `Report.judged`."""
        if self.format == Format.JSON:
            emit([{"photo": photo, "judge": self.judged_by, **judgement.summary()}], self.out)
        elif self.format == Format.LINES:
            for line in findings.lines(photo, judgement):
                self.console.print(line)
        else:
            self._add(findings.rows(photo, judgement))

    def seen(self, video: str, faces: Sequence[Seen]) -> None:
        """See `Report.seen`: JSON alone has an object for each."""
        if self.format == Format.JSON:
            emit([{"video": video, **one.summary()} for one in faces], self.out)

    def film(self, video: str, judgement: FilmJudgement) -> None:
        """See `Report.film`."""
        if self.format == Format.JSON:
            emit([{"video": video, "judge": self.judged_by, **judgement.summary()}], self.out)
        elif self.format == Format.LINES:
            self.console.print(findings.film_line(video, judgement))
        else:
            self._add([findings.film_row(video, judgement)])

    def failed(self, what: str, file: str, reason: str) -> None:
        """See `Report.failed`."""
        if self.format == Format.JSON:
            emit([{what: file, "error": reason}], self.out)
        elif self.format != Format.LINES:
            self._add([findings.unusable(file, reason)])

    def end(self) -> None:
        """See `Report.end`."""
        if self.format == Format.TABLE:
            written = [[escape(str(row[name])) for name in findings.SHORT] for row in self.rows]
            self.console.print(table("", findings.SHORT, written))

    def _add(self, rows: list[dict[str, Any]]) -> None:
        if self.format == Format.CSV:
            self.csv.writerows(rows)
            self.out.flush()
        self.rows += rows if self.format == Format.TABLE else []


class Scores:
    """Keeps each file's score, for a file that is written at the end.

    `files`: what each file is called within its place, by its full name. `sample`: the submission to be filled; without
    one it is a result file. `out`: where it goes; to stdout where that is None.
    """

    def __init__(self, files: Mapping[str, str], sample: Submission | None, out: Path | None) -> None:
        self.files, self.sample, self.out = files, sample, out
        self.often = Counter(files.values())
        self.scores = dict[str, float | None]()
        if out is not None:
            _check_writable(out)

    def judged(self, photo: str, judgement: Judgement) -> None:
        """See `Report.judged`."""
        self.scores[photo] = judgement.score

    def seen(self, video: str, faces: Sequence[Seen]) -> None:
        """See `Report.seen`."""

    def film(self, video: str, judgement: FilmJudgement) -> None:
        """See `Report.film`."""
        self.scores[video] = judgement.score

    def failed(self, what: str, file: str, reason: str) -> None:
        """See `Report.failed`: a submission has to say something of it, too."""

    def end(self) -> None:
        """See `Report.end`."""
        from arena.faces.sources.tables import save_text
        from arena.photo.aggregate import UNDECIDED
        from arena.results.submission import result_lines

        known = {name: UNDECIDED if score is None else score for name, score in self.scores.items()}
        if self.sample is not None:
            text, wanted = self.sample.filled(known, UNDECIDED), list(self.sample.files)
        else:
            text, wanted = result_lines({self._called(name): score for name, score in known.items()}), list(known)
        if unsure := sum(self.scores.get(name) is None for name in wanted):
            say(f"[yellow]{unsure} of {len(wanted)} files could not be judged and have {UNDECIDED}[/]")
        if self.out is None:
            sys.stdout.write(text)
            return
        save_text(self.out, text)
        say(f"[dim]{len(wanted)} scores in {escape(str(self.out))}[/]")

    def _called(self, name: str) -> str:
        """A file's name within its place; in full where two places have one of that name."""
        short = self.files[name]
        return short if self.often[short] == 1 else name


def _check_writable(out: Path) -> None:
    """Raise ArenaError where a file cannot be written: better now than after hours of work."""
    try:
        if out.is_dir():
            raise IsADirectoryError(None, "it is a folder")
        tempfile.TemporaryFile(dir=out.parent).close()
    except OSError as error:
        raise ArenaError(f"{out} cannot be written: {error.strerror}") from error
