from __future__ import annotations

import mmap
import platform
from pathlib import Path

import pytest

from arena.faces.crop.memory import give_back


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library has no malloc_trim")
def test_what_was_freed_below_something_in_use_goes_back_to_the_system() -> None:
    pieces = [b"x" * 100_000 for _ in range(2000)]
    last = pieces[-1]
    del pieces
    before = resident()
    give_back()
    assert before - resident() > 100 * 10**6
    assert len(last) == 100_000
