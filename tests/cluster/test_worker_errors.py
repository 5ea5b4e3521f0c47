"""What a contender raises at its worker arrives as what it is, or as one sentence that names it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
import ray
from ray.exceptions import RayTaskError

from arena.cluster.table import RayTable, connected
from arena.cluster.worker import passing_on, sendable
from arena.types import ArenaError, Diverged, Lost

pytestmark = pytest.mark.filterwarnings(  # Ray's own
    "ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::FutureWarning"
)


class OddError(Exception):
    """Comes out of no pickle: its words are not what it is made of."""

    def __init__(self, one, other):
        super().__init__("first line\nonly one of two")


class LockedError(Exception):
    """Goes into no pickle."""

    def __init__(self):
        super().__init__("holds a lock")
        self.lock = threading.Lock()


class LyingError(Exception):
    """Raises when it is pickled, and when it is asked for its words."""

    def __reduce__(self):
        raise ValueError("no")

    def __str__(self):
        raise ValueError("no words either")


RAISED = {
    "memory": lambda: MemoryError("no room"),
    "torch": lambda: RuntimeError("CUDA error: out of memory"),
    "diverged": lambda: Diverged("detector", "loss", 3),
    "odd": lambda: OddError(1, 2),
    "locked": LockedError,
    "lying": LyingError,
    "end": lambda: SystemExit(3),
}


@passing_on
class Raising:
    """A worker like a team's, which raises as it is told."""

    def __init__(self, what=None):
        if what is not None:
            raise RAISED[what]()

    def go(self, what):
        raise RAISED[what]()

    def take(self, value):
        return value


def worker(*arguments):
    return ray.remote(num_cpus=0, max_restarts=0)(Raising).remote(*arguments)


@pytest.fixture(scope="module")
def settle():
    with connected():
        ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers know no tests
        yield lambda value: RayTable.settle(SimpleNamespace(_watch=lambda: None), value)
        ray.cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


@pytest.mark.parametrize(
    ("what", "kind", "words"),
    [
        ("memory", MemoryError, "no room"),
        ("torch", RuntimeError, "CUDA error: out of memory"),
        ("diverged", Diverged, "the detector diverged: loss was not finite by step 3"),
        ("odd", ArenaError, "OddError: only one of two"),
        ("locked", ArenaError, "LockedError: holds a lock"),
        ("lying", ArenaError, "LyingError"),
        ("end", ArenaError, "SystemExit: 3"),
    ],
)
def test_what_a_contender_raises_arrives(settle, what, kind, words):
    one, other = worker(), worker()
    for value in (one.go.remote(what), other.take.remote(one.go.remote(what))):  # and through who waits for it
        with pytest.raises(kind) as raised:
            settle(value)
        assert type(raised.value) is kind
        assert str(raised.value) == words


def test_what_a_constructor_raises_is_no_lost_worker(settle):
    with pytest.raises(ArenaError) as raised:
        settle(worker("locked").take.remote(1))
    assert type(raised.value) is ArenaError
    assert str(raised.value) == "ArenaError: LockedError: holds a lock"


def test_an_error_whose_module_is_missing_here_is_named(settle):
    def raise_strange():
        import types

        module = sys.modules["elsewhere"] = types.ModuleType("elsewhere")
        exec("class StrangeError(Exception): pass", module.__dict__)
        raise module.StrangeError("known over there alone")

    with pytest.raises(ArenaError, match=r"^StrangeError: known over there alone$"):
        settle(ray.remote(num_cpus=0)(raise_strange).remote())


def test_what_can_be_read_again_is_passed_on_itself():
    error = Diverged("generator", "weight", 1)
    assert sendable(error) is error
    assert not isinstance(sendable(error), RayTaskError)


OUT_OF_MEMORY = """
import json, time
from types import SimpleNamespace
import ray
from arena.cluster.table import RayTable, connected
from arena.cluster.worker import WatchedSeat
from arena.types import Lost
class Sleeping:
    def sleep(self): time.sleep(60)
Sleeping.__name__ = Sleeping.__qualname__ = WatchedSeat.__name__
with connected():
    actor = ray.remote(num_cpus=0)(Sleeping).remote()
    try:
        RayTable.settle(SimpleNamespace(_watch=lambda: None), actor.sleep.remote())
    except Lost as lost:
        print(json.dumps(str(lost)))
"""


def test_a_worker_that_ray_ends_for_lack_of_memory_says_so():
    environment = os.environ | {"RAY_memory_usage_threshold": "0.0001", "RAY_memory_monitor_refresh_ms": "100"}
    command = [sys.executable, "-c", OUT_OF_MEMORY]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(told.stdout) == ("a team's worker was ended by Ray because its machine is nearly out of memory")
    assert issubclass(Lost, ArenaError)
