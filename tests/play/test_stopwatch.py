"""What is measured of a worker."""

from __future__ import annotations

import time

import psutil
import pytest
import torch
from matches import played, start, tiny

from arena.play.stopwatch import Stopwatch


def work(seconds=0.02):
    """Keep a core busy for so many seconds of its own time."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_work_counts_while_it_is_timed_and_until_it_is_read():
    watch = Stopwatch()
    work()
    assert watch.usage()["cpu_seconds"] == watch.usage()["cpu_utilization_percentage"] == 0.0
    with watch("train"):
        work()
    used = watch.usage()
    assert used["cpu_seconds"] >= 0.02
    assert used["cpu_utilization_percentage"] == pytest.approx(100 * used["cpu_seconds"] / watch.read()["train"])
    assert watch.usage()["cpu_seconds"] == 0.0


def test_memory_is_in_megabytes():
    own = psutil.Process().memory_info().rss / 2**20
    assert own * 0.9 < Stopwatch().usage()["peak_memory_megabytes"] < 10 * own


def test_a_gpu_is_asked_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    assert "gpu_peak_memory_megabytes" not in Stopwatch().usage()
    forgotten = []
    for name, answer in {
        "is_initialized": lambda: True,
        "device_count": lambda: 2,
        "max_memory_allocated": lambda device: (device + 1) * 2**20,
        "reset_peak_memory_stats": forgotten.append,
    }.items():
        monkeypatch.setattr(torch.cuda, name, answer)
    assert Stopwatch().usage()["gpu_peak_memory_megabytes"] == 3.0
    assert forgotten == [0, 1]


def test_a_round_says_what_each_worker_took(tmp_path):
    record = played(start(tmp_path, tiny(rounds=1))).rounds[0]
    assert set(record.usage) == {"generator", "detector", "referee"}
    for used in record.usage.values():
        assert used["cpu_seconds"] > 0
        assert used["peak_memory_megabytes"] > 10
