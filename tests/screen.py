"""What a terminal shows after it was written to: as much of one as the arena's displays make use of."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\x1b\[(\??[0-9;]*)([A-Za-z])|(.)", re.DOTALL)


class Screen:
    """A terminal of so many columns whose lines are all kept. A line that is full goes on in the next one."""

    def __init__(self, columns: int = 80) -> None:
        self.columns, self.lines = columns, [""]
        self.row = self.column = 0
        self.has_cursor = True
        self.wrapped = 0
        """How often a line was too long."""

    def feed(self, text: str) -> None:
        """Write to it."""
        for number, command, character in _TOKEN.findall(text):
            if command:
                self._obey(number, command)
            elif character == "\r":
                self.column = 0
            elif character == "\n":
                self._go(self.row + 1)
            else:
                self._put(character)

    def _obey(self, number: str, command: str) -> None:
        if command == "A":
            self._go(max(0, self.row - int(number or 1)))
        elif command == "K":
            self.lines[self.row] = "" if number == "2" else self.lines[self.row][: self.column]
        elif number == "?25":
            self.has_cursor = command == "h"
        elif command != "m":
            raise AssertionError(f"a command that no display of ours needs: {number}{command}")

    def _go(self, row: int) -> None:
        self.row = row
        self.lines += [""] * (row + 1 - len(self.lines))

    def _put(self, character: str) -> None:
        if self.column == self.columns:
            self.wrapped += 1
            self.column = 0
            self._go(self.row + 1)
        line = self.lines[self.row].ljust(self.column)
        self.lines[self.row] = line[: self.column] + character + line[self.column + 1 :]
        self.column += 1
