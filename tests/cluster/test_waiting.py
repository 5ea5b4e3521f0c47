"""Places in a cluster: waited for together, with a word, and not for ever when somebody says so."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import pytest
import ray
from matches import start, tiny

from arena.cluster import room, waiting
from arena.cluster.table import RayTable, connected, on_worker
from arena.cluster.waiting import Patience, free_matches, gpu_share, reserved
from arena.types import ArenaError

pytestmark = pytest.mark.filterwarnings(  # Ray's own
    "ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::FutureWarning"
)


@pytest.fixture(scope="module")
def cpus():
    """CPUs of a cluster of its own."""
    with connected():
        yield int(ray.cluster_resources()["CPU"])


@pytest.fixture
def full(cpus):
    """The cluster, but for one CPU, is taken; called, one more is free."""

    @ray.remote
    class Taker:
        pass

    takers = [Taker.options(num_cpus=1).remote() for _ in range(cpus - 1)]
    ray.get([taker.__ray_ready__.remote() for taker in takers])
    yield lambda: ray.kill(takers.pop())
    for taker in takers:
        ray.kill(taker)


@pytest.mark.usefixtures("full")
def test_who_has_no_patience_is_told_what_is_missing(tmp_path, cpus):
    match = start(tmp_path, tiny(rounds=1))
    sentence = rf"after 0.5 seconds there are still no 2 free CPUs in the cluster \(1 of {cpus} are free\)"
    with pytest.raises(ArenaError, match=sentence):
        RayTable(match.setup, patience=Patience(0.5))
    assert on_worker(lambda: 7, patience=Patience(60)) == 7  # what was asked for in vain is not asked for any more


def test_who_waits_says_so_once_and_is_served(full, cpus, monkeypatch):
    monkeypatch.setattr(waiting, "SILENT_SECONDS", 0.0)
    monkeypatch.setattr(waiting, "LOOK_SECONDS", 0.1)
    told, heard = [], threading.Event()

    def say(text):
        told.append(text)
        heard.set()

    def make_room():
        heard.wait()
        full()

    helper = threading.Thread(target=make_room)
    helper.start()
    places = reserved(0.0, Patience(say=say))
    helper.join()
    ray.util.remove_placement_group(places)
    assert told == [f"waits for 2 free CPUs in the cluster (1 of {cpus} are free)"]


def test_who_need_not_wait_says_nothing(cpus):
    told = []
    ray.util.remove_placement_group(reserved(0.0, Patience(0, told.append)))
    assert told == []


@pytest.mark.usefixtures("full")
def test_the_room_that_a_cluster_has_is_told_by_a_process():
    assert free_matches() == 0
    command = [sys.executable, "-c", "from arena.cluster.room import main; main()"]
    command.append(ray.get_runtime_context().gcs_address)
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(told.stdout) == {"matches": 0}


def test_a_cluster_that_cannot_be_reached_is_told_too(monkeypatch, capsys):
    def refuse(**options):
        raise ConnectionError("nobody there")

    monkeypatch.setattr("ray.init", refuse)
    monkeypatch.setattr(sys, "argv", ["-c", "auto"])
    room.main()
    assert json.loads(capsys.readouterr().out) == {"problem": "no Ray cluster at 'auto': nobody there"}


@pytest.mark.parametrize(("free", "fit"), [((5, 0), 0), ((5, 2), 1), ((8, 6), 3), ((3, 8), 1)])
def test_a_match_needs_cpus_and_where_there_are_any_gpus(monkeypatch, free, fit):
    monkeypatch.setattr(ray, "cluster_resources", lambda: {"CPU": 8.0, "GPU": 8.0})
    monkeypatch.setattr(ray, "available_resources", lambda: dict(zip(("CPU", "GPU"), free, strict=True)))
    assert free_matches() == fit
    monkeypatch.setattr(ray, "cluster_resources", lambda: {"CPU": 8.0})
    assert free_matches() == free[0] // 2


@pytest.mark.parametrize(("gpus", "share"), [(0, 0.0), (1, 0.5), (2, 1.0), (8, 1.0)])
def test_teams_share_one_gpu_and_get_one_each_of_more(gpus, share):
    assert gpu_share(gpus) == share


def test_gpus_are_waited_for_too(monkeypatch):
    monkeypatch.setattr(ray, "cluster_resources", lambda: {"CPU": 8.0, "GPU": 1.0})
    monkeypatch.setattr(ray, "available_resources", lambda: {"CPU": 3.0})
    with pytest.raises(ArenaError, match=r"2 free CPUs and 1 free GPU in the cluster \(3 of 8 and 0 of 1 are free\)"):
        Patience(0).wait(lambda seconds: False, 2, 1.0)
