"""Fixtures that several test modules share."""

from __future__ import annotations

import os
import signal

import pytest
import scripted  # noqa: F401 - registers its contenders

from arena.networks.training import use_one_thread

# A shell starts what runs in the background with Ctrl-C ignored, and every process it starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Ray makes its workers give way to whatever else runs, and here that is the other half of the tests.
os.environ.setdefault("RAY_worker_niceness", "0")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, or at the end one process would wait for the other."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """As every worker does: on tiny networks threads only get in each other's way."""
    use_one_thread()
