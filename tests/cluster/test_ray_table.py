"""The same match under Ray: same numbers, and workers that may die."""

from __future__ import annotations

import os
import re
import signal
import socket

import pytest
from matches import TINY, outcome, played, start, tiny

from arena.cluster.table import RayTable, connected
from arena.types import ArenaError

pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings(  # Ray's own
        "ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::FutureWarning"
    ),
]


@pytest.fixture(scope="module")
def _ray():
    with connected():
        yield


@pytest.fixture(scope="module")
def in_process(tmp_path_factory):
    match = start(tmp_path_factory.mktemp("in_process"), tiny(rounds=2))
    played(match)
    return outcome(match)


@pytest.mark.usefixtures("_ray")
def test_a_match_under_ray_equals_one_in_process_to_the_bit(tmp_path, in_process):
    match = start(tmp_path, tiny(rounds=2))
    progress = []
    played(match, lambda setup: RayTable(setup, progress.append))
    assert outcome(match) == in_process


@pytest.mark.usefixtures("_ray")
@pytest.mark.parametrize("victim", ["generator", "detector", "referee"])
def test_a_killed_worker_costs_a_second_attempt_and_nothing_else(tmp_path, in_process, victim):
    match = start(tmp_path, tiny(rounds=2))
    tables = []

    def set_table(setup):
        table = RayTable(setup)
        tables.append(table)
        if len(tables) == 1:
            _kill_in_round(table, victim)
        return table

    seen = played(match, set_table)
    assert outcome(match) == in_process
    assert len(tables) == 2
    assert [(round, kind) for round, kind, _ in seen.events] == [(1, "lost")]
    assert "worker died" in seen.events[0][2]


def _kill_in_round(table, victim):
    """Let the opening pass, then kill a worker when round 1 is under way: its calls are made, none is settled."""
    pids = table.pids()
    settle, count = table.settle, [0]

    def settle_or_kill(value):
        count[0] += 1
        if count[0] == 2:
            os.kill(pids[victim], signal.SIGKILL)
        return settle(value)

    table.settle = settle_or_kill


@pytest.mark.usefixtures("_ray")
def test_a_diverged_worker_is_told_apart_from_a_dead_one(tmp_path):
    options = TINY["detector"]["options"] | {"learning_rate": 1e38}
    match = start(tmp_path, tiny(rounds=1, detector={"name": "cnn", "options": options}))
    seen = played(match, RayTable)
    assert [kind for _, kind, _ in seen.events] == ["retry", "retry", "retry", "forfeit"]
    assert seen.rounds[0].judged.forfeit == "detector"
    assert seen.rounds[0].judged.winner == "A"


@pytest.mark.parametrize("address", ["nowhere.invalid:1", "127.0.0.1:1", "ray://[::1]:1", "127.0.0.1:123456"])
def test_a_cluster_that_is_not_there_is_one_sentence_before_ray_begins_to_wait(address, monkeypatch):
    monkeypatch.setattr("arena.cluster.table.ray.init", lambda **options: pytest.fail("Ray was asked"))
    with pytest.raises(ArenaError, match=f"no Ray cluster at '{re.escape(address)}': ."), connected(address):
        pass


def test_whatever_ray_says_of_a_cluster_is_one_sentence(monkeypatch):
    def refuse(**options):
        raise TimeoutError("no node came up\nand more of it")

    monkeypatch.setattr("arena.cluster.table.ray.init", refuse)
    with pytest.raises(ArenaError, match=r"^no Ray cluster at 'auto': no node came up$"), connected("auto"):
        pass


def test_a_cluster_that_is_lost_is_one_sentence(monkeypatch):
    for name in ("init", "shutdown"):
        monkeypatch.setattr(f"arena.cluster.table.ray.{name}", lambda **options: None)
    with (
        socket.create_server(("127.0.0.1", 0)) as head,
        pytest.raises(ArenaError, match=r"'ray://127.* is gone \(no answer\); resume when it is back"),
        connected(f"ray://127.0.0.1:{head.getsockname()[1]}"),
    ):
        raise ConnectionError("no answer\nand more")
