"""What is run for every change fails where it could not look at the page."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

RUN = Path(__file__).parent.parent / ".ci" / "run"


@pytest.mark.parametrize("installer", [None, "exit 1", "exit 0"])
def test_without_chromium_it_fails_before_any_test(tmp_path, installer):
    for name in ("bash", "dirname"):
        (tmp_path / name).symlink_to(shutil.which(name))
    programs = {"id": "echo 0", "make": "echo > made"} | ({} if installer is None else {"apt-get": installer})
    for name, line in programs.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{line}\n")
        (tmp_path / name).chmod(0o755)
    told = subprocess.run(
        [shutil.which("bash"), RUN], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert told.returncode == 1
    assert "the browser tests need Chromium, and none could be installed" in told.stderr
    assert not (RUN.parent.parent / "made").exists()
