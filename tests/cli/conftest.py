"""The command line in this process."""

from __future__ import annotations

import sys

import pytest

from arena.cli import main


@pytest.fixture
def arena(monkeypatch, capsys, tmp_path):
    """Run a command; return its exit status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARENA_HOME", raising=False)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["arena", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    return run
