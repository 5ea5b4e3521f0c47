"""The API does what its own schema says, whatever it is asked: generated requests, valid and not, on every route."""

from __future__ import annotations

import subprocess
import sys

from servedhome import new_home, new_match, play_all, served

from arena.service.client import Client
from arena.service.starts import Terms

TOKEN = "0123456789abcdef-schema"
LENIENT = """
[[operations]]
include-name = ["POST /api/detect", "POST /api/matches"]
checks.positive_data_acceptance.expected-statuses = [200, 202, 404, 409, 413, 415, 422, 429, 503]
"""
"""No schema says what makes the bytes of a photo or the settings of a match acceptable."""
KNOWN = """
[parameters]
"path.match" = "duel"
"path.number" = 1
"path.index" = 0
"""
"""Without a name that is there every second route would only ever say that nothing is."""


def test_every_answer_is_as_the_schema_says(tmp_path):
    home = new_home(tmp_path / "home")
    play_all(home)
    new_match(home, "busy")
    (tmp_path / "schemathesis.toml").write_text(KNOWN + LENIENT)
    # As many matches are being played as may be: requests that would start one are refused in the end.
    with home.lock("busy"), served(home.root, TOKEN, terms=Terms("off", "off", most=1)) as address:
        with Client(address) as client:
            client.contenders()  # the first answer takes seconds
        # A process of its own, because it patches the one it is in. Streams of events are left out: they never end.
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run"]
        command += ["--exclude-path-regex", "/events$", "--no-color", "--phases", "coverage,fuzzing"]
        command += ["--max-examples", "8", "--seed", "1", "--request-timeout", "60"]
        command += ["--header", f"Authorization: Bearer {TOKEN}", f"{address}/api/openapi.json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
    assert "generated" in done.stdout
