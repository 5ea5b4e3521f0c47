"""Fixtures that several test modules share."""

from __future__ import annotations

import signal

import pytest
import scripted  # noqa: F401 - registers its contenders

from arena.networks.training import use_one_thread

# A shell starts what runs in the background with Ctrl-C ignored, and every process it starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """As every worker does: on tiny networks threads only get in each other's way."""
    use_one_thread()
