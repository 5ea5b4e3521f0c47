"""Processes that a service starts, with a stand-in for the match: one that waits to be stopped."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from servedhome import new_home

from arena.play.config import WrongSetting
from arena.service import room, starts
from arena.service.records import last_words, read_record, record_path
from arena.service.starts import Busy, Conflict, Starts, Terms
from arena.store.home import Home
from arena.types import ArenaError

WAIT = "import signal; print('waiting', flush=True); signal.pause()"
NO_CHECK = "import os; os.close({answer}); "
REFUSE = (
    """import os; os.write({answer}, b'{{"sentence": "no", "place": "exam.size"}}'); raise SystemExit('error: no')\n"""
)
KILLED_SERVICE = f"""
import os, signal, sys
from pathlib import Path
from arena.service import starts
starts.COMMAND = {WAIT!r}
starts.Starts(Path(sys.argv[1]), starts.Terms()).resume("duel", None)
os.kill(os.getpid(), signal.SIGKILL)
"""


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(starts, "COMMAND", WAIT)
    monkeypatch.setattr(starts, "CHECK", NO_CHECK)
    return new_home(tmp_path / "home").root


@pytest.fixture
def service(root):
    service = Starts(root, Terms(most=3))
    yield service
    for child in service.close().values():
        child.kill()
        child.wait()


def gone(service, name):
    service.reap()
    return not read_record(service._root, name).is_alive


def test_a_start_is_found_by_any_service_and_stopped_by_it(root, service):
    record = service.begin("new", {"rounds": 3})
    assert record.is_alive
    assert psutil.Process(record.pid).cmdline()[-8:-2] == [
        *("run", str(record_path(root, "new", "yaml")), "--name", "new"),
        *("--home", str(root)),
    ]
    assert "ARENA_TOKEN" not in psutil.Process(record.pid).environ()
    assert os.getsid(record.pid) == record.pid
    other = Starts(root, Terms())
    other.stop("new")
    until(lambda: gone(service, "new"))
    assert last_words(root, "new") is None  # although it has said nothing
    with pytest.raises(Conflict, match="nobody is playing new"):
        other.stop("new")
    assert read_record(root, "new").pid == record.pid
    other.forget("new")
    assert list((root / "starts").iterdir()) == [root / "starts" / ".lock"]


def test_a_match_of_a_preset_knows_it_and_says_how_long_it_takes(root, service):
    record = service.begin("new", {"rounds": 3}, "quick")
    words = psutil.Process(record.pid).cmdline()
    assert words[words.index("--name") :][:4] == ["--name", "new", "--preset", "quick"]


def test_a_name_is_given_once_and_made_up_on_request(service):
    assert service.begin(None, {}).name == "dcgan-cnn-1"
    assert service.begin(None, {}).name == "dcgan-cnn-2"
    with pytest.raises(Conflict, match="lives"):
        service.begin("dcgan-cnn-1", {})
    with pytest.raises(Conflict, match="lives"):
        service.forget("dcgan-cnn-1")
    with pytest.raises(Conflict, match="already a match named duel"):
        service.begin("duel", {})
    with pytest.raises(WrongSetting) as wrong:
        service.begin("a/b", {})
    assert wrong.value.place == "name"


def test_of_two_at_once_one_plays(root):
    services = [Starts(root, Terms(most=9)) for _ in range(4)]
    said = []

    def resume(service):
        try:
            said.append(service.resume("duel", None).pid)
        except Conflict as error:
            said.append(str(error))

    threads = [threading.Thread(target=resume, args=[service]) for service in services]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    children = [child for service in services for child in service.close().values()]
    assert [child.pid for child in children] == [pid for pid in said if isinstance(pid, int)]
    assert len(children) == 1
    children[0].kill()
    children[0].wait()


def test_no_more_at_once_than_allowed_whoever_plays_them(root):
    service = Starts(root, Terms(most=1))
    with Home.open(root).lock("duel"), pytest.raises(Busy, match=r"1 match is being played \(duel\)"):
        service.begin("new", {})
    assert read_record(root, "new") is None
    with Home.open(root).lock("duel"), pytest.raises(Conflict, match="duel is being played; stop it first"):
        service.resume("duel", 2)


def test_wrong_settings_leave_nothing(root, service, monkeypatch):
    with pytest.raises(WrongSetting) as wrong:
        service.begin("new", {"exam": {"size": 5}})
    assert wrong.value.place == "exam.size"
    monkeypatch.setattr(starts, "CHECK", REFUSE)
    with pytest.raises(WrongSetting) as wrong:
        service.begin("new", {})
    assert (wrong.value.place, str(wrong.value)) == ("exam.size", "the settings: no")
    assert list((root / "starts").glob("new*")) == []


def test_a_process_that_dies_before_it_says_anything_is_a_start_that_failed(root, service, monkeypatch):
    monkeypatch.setattr(starts, "CHECK", "raise SystemExit('error: the sky fell'); ")
    service.begin("new", {})
    until(lambda: gone(service, "new"))
    assert last_words(root, "new") == "the sky fell"
    monkeypatch.setattr(starts, "CHECK", NO_CHECK)
    assert service.begin("new", {}).is_alive  # in the place of the one that failed


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 1200, reason="this user may open too few files")
def test_a_service_with_more_than_a_thousand_open_files_starts_matches(root, service):
    with contextlib.ExitStack() as files:
        for _ in range(1030):
            files.enter_context(Path(os.devnull).open())
        assert service.begin("new", {}).is_alive


def test_a_match_survives_the_kill_of_its_service(root):
    done = subprocess.run([sys.executable, "-c", KILLED_SERVICE, str(root)], check=False)
    assert done.returncode == -signal.SIGKILL
    record = read_record(root, "duel")
    assert record.is_alive
    with pytest.raises(Conflict, match="lives"):
        Starts(root, Terms()).resume("duel", None)
    Starts(root, Terms()).stop("duel")
    until(lambda: not read_record(root, "duel").is_alive)


def test_a_closed_service_starts_nothing(root, service):
    assert service.close() == {}
    with pytest.raises(Conflict, match="about to stop"):
        service.resume("duel", None)
    assert read_record(root, "duel") is None


def test_a_service_that_closes_does_not_wait_for_a_check(root, service, monkeypatch):
    monkeypatch.setattr(starts, "CHECK", "import time; time.sleep(600); ")
    begun = []
    thread = threading.Thread(target=lambda: begun.append(service.begin("new", {})))
    thread.start()
    until(lambda: (record := read_record(root, "new")) and record.pid)
    (child,) = service.close().values()
    thread.join()
    assert begun[0].is_alive
    child.kill()
    child.wait()


def test_a_match_elsewhere_is_not_stopped_here(root, service):
    with Home.open(root).lock("duel"):
        (root / "matches" / "duel" / "lock").write_text('{"pid": 1, "host": "elsewhere"}')
        with pytest.raises(Conflict, match="being played on elsewhere"):
            service.stop("duel")


ROOM = "import os, sys; assert sys.argv[1] == 'head:6379'; print(os.environ['ROOM'])"


def test_in_a_cluster_as_many_matches_are_played_as_it_has_room_for(root, monkeypatch):
    monkeypatch.setattr(room, "ROOM", ROOM)
    service = Starts(root, Terms("head:6379"))
    try:
        monkeypatch.setenv("ROOM", '{"matches": 0}')
        with pytest.raises(Busy, match="'head:6379' has no free places for another match"):
            service.begin("first", {})
        monkeypatch.setenv("ROOM", '{"matches": 1}')
        service.begin("first", {})
        with pytest.raises(Busy):  # the first one has yet to take its places
            service.begin("second", {})
        monkeypatch.setenv("ROOM", '{"matches": 2}')
        service.begin("second", {})
    finally:
        for child in service.close().values():
            child.kill()
            child.wait()


@pytest.mark.parametrize(
    ("told", "sentence"),
    [('{"problem": "no Ray cluster there"}', "no Ray cluster there"), ("", "does not say within 30 s what is free")],
)
def test_a_cluster_that_cannot_be_asked_is_one_sentence(root, monkeypatch, told, sentence):
    monkeypatch.setattr(room, "ROOM", ROOM)
    monkeypatch.setenv("ROOM", told)
    with pytest.raises(ArenaError, match=sentence) as refused:
        Starts(root, Terms("head:6379")).begin("first", {})
    assert not isinstance(refused.value, Busy)


def test_how_many_matches_are_played_in_a_cluster_can_be_said(root, monkeypatch):
    monkeypatch.setattr(room, "ROOM", "raise SystemExit(1)")  # is not asked
    service = Starts(root, Terms("head:6379", most=1, patience=7.5))
    record = service.begin("first", {})
    command = psutil.Process(record.pid).cmdline()
    with pytest.raises(Busy, match="1 match is being played"):
        service.begin("second", {})
    for child in service.close().values():
        child.kill()
        child.wait()
    assert command[-4:] == ["--ray", "head:6379", "--patience", "7.5"]
