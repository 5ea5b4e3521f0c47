"""Jobs in processes of their own: answered, limited, ended."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import workerstub

from arena.service.uploads import anonymous_file
from arena.service.workers import Died, Worker

HERE = Path(workerstub.__file__).parent
PATIENCE = 20.0


@pytest.fixture(autouse=True)
def _stub_can_be_imported(monkeypatch):
    paths = [str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))


def with_worker(scenario, **changes):
    """Run a scenario with a worker, whose processes are gone when it is over."""

    async def run():
        limits = {"at_once": 2, "seconds": 30, "memory": 2**28, "start_seconds": 60, "idle_seconds": 300} | changes
        worker = Worker(changes.pop("module", "workerstub"), **{k: v for k, v in limits.items() if k != "module"})
        try:
            return await scenario(worker)
        finally:
            worker.stop()

    return asyncio.run(run())


def is_gone(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.01)


def test_every_job_has_a_process_of_its_own_out_of_the_same_warm_one():
    async def scenario(worker):
        return await asyncio.gather(*(worker.run({"do": "answer", "say": n}) for n in range(3)))

    answers = with_worker(scenario)
    assert [answer["said"] for answer in answers] == [0, 1, 2]
    assert all(answer["kept"] == {"warmed": 1, "worked": 1} for answer in answers)
    assert len({answer["pid"] for answer in answers}) == 3
    assert len({answer["server"] for answer in answers}) == 1


def test_the_token_stays_with_the_service(monkeypatch):
    monkeypatch.setenv("ARENA_TOKEN", "0123456789abcdef")

    async def scenario(worker):
        return await worker.run({"do": "answer"})

    assert with_worker(scenario)["token"] is None


def test_files_go_along():
    async def scenario(worker):
        with anonymous_file() as one, anonymous_file() as other:
            os.write(one, b"hello")
            await worker.run({"do": "copy"}, (one, other))
            os.lseek(other, 0, os.SEEK_SET)
            return os.read(other, 100)

    assert with_worker(scenario) == b"HELLO"


@pytest.mark.parametrize("closed", [False, True])
def test_a_job_that_need_not_open_files_cannot(tmp_path, monkeypatch, closed):
    (tmp_path / "token").write_text("secret")
    if closed:
        monkeypatch.setenv("OPENS_NO_FILES", "1")

    async def scenario(worker):
        with anonymous_file() as given:
            os.write(given, b"hello")
            os.lseek(given, 0, os.SEEK_SET)
            return await worker.run({"do": "open", "file": str(tmp_path / "token")}, (given,))

    found = with_worker(scenario)
    assert found == ({"error": "Too many open files", "given": "hello"} if closed else {"found": "secret"})


@pytest.mark.parametrize("job", [{"do": "break"}, {"do": "die"}, {"do": "fill", "bytes": 2**29}])
def test_what_breaks_takes_nothing_with_it(job, capfd):
    async def scenario(worker):
        before = await worker.run({"do": "answer"})
        with pytest.raises(Died) as died:
            await worker.run(job)
        after = await worker.run({"do": "answer"})
        return died.value.started, before["server"] == after["server"]

    assert with_worker(scenario) == (True, True)


def test_memory_within_the_limit_is_had():
    async def scenario(worker):
        return await worker.run({"do": "fill", "bytes": 2**26})

    assert with_worker(scenario) == {"bytes": 2**26}


@pytest.mark.parametrize("do", ["spin", "sleep"])
def test_who_takes_too_long_is_ended(do, tmp_path):
    async def scenario(worker):
        with pytest.raises(Died) as died:
            await worker.run({"do": do, "file": str(tmp_path / "pid")})
        return died.value.started

    assert with_worker(scenario, seconds=2) is True
    pid = int((tmp_path / "pid").read_text())
    asyncio.run(until(lambda: is_gone(pid)))  # it is killed at once, but who reaps it comes when it may


@pytest.mark.parametrize("do", ["spin", "sleep"])
def test_a_job_ends_with_who_asked_for_it(do, tmp_path):
    file = tmp_path / "pid"

    async def scenario(worker):
        job = asyncio.create_task(worker.run({"do": do, "file": str(file)}))
        await until(lambda: file.exists() and file.read_text().endswith("\n"))
        pid = int(file.read_text())
        assert not is_gone(pid)
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
        await until(lambda: is_gone(pid))
        return await worker.run({"do": "answer"})

    assert with_worker(scenario)["kept"]["worked"] == 1


def test_a_dead_server_is_started_again():
    async def scenario(worker):
        first = await worker.run({"do": "answer"})
        with pytest.raises(Died) as died:
            await worker.run({"do": "orphan"})
        second = await worker.run({"do": "answer"})
        os.kill(second["server"], signal.SIGKILL)
        third = await worker.run({"do": "answer"})
        return died.value.started, len({first["server"], second["server"], third["server"]})

    assert with_worker(scenario) == (True, 3)


def test_a_server_that_does_not_start():
    async def scenario(worker):
        for _ in range(2):
            with pytest.raises(Died) as died:
                await worker.run({})
            assert not died.value.started

    with_worker(scenario, module="no.such.module")


def test_several_that_wait_for_a_server_that_never_comes(tmp_path, monkeypatch):
    (tmp_path / "sleepy.py").write_text("import time\ntime.sleep(60)")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]]))

    async def scenario(worker):
        return await asyncio.gather(worker.run({}), worker.run({}), return_exceptions=True)

    for outcome in with_worker(scenario, module="sleepy", start_seconds=0.1):
        assert isinstance(outcome, Died)
        assert not outcome.started


def test_long_unused_it_ends():
    async def scenario(worker):
        server = (await worker.run({"do": "answer"}))["server"]
        await until(lambda: is_gone(server))
        return server, (await worker.run({"do": "answer"}))["server"]

    one, other = with_worker(scenario, idle_seconds=0.2)
    assert one != other


def test_others_wait_for_their_turn(tmp_path):
    file = tmp_path / "pid"

    async def scenario(worker):
        first = asyncio.create_task(worker.run({"do": "sleep", "file": str(file)}))
        await until(file.exists)
        second = asyncio.create_task(worker.run({"do": "answer"}))
        done, _ = await asyncio.wait((second,), timeout=0.3)
        assert not done
        first.cancel()
        return (await second)["kept"]["worked"]

    assert with_worker(scenario, at_once=1) == 1


PROGRAM = """
import asyncio, sys
from arena.service.workers import Worker
async def main():
    worker = Worker("workerstub", at_once=2, seconds=60, memory=2**28, start_seconds=60, idle_seconds=300)
    print((await worker.run({"do": "answer"}))["server"], flush=True)
    await worker.run({"do": "spin", "file": sys.argv[1]})
asyncio.run(main())
"""


def test_nothing_outlives_a_service_that_is_killed(tmp_path):
    file = tmp_path / "pid"
    command = [sys.executable, "-c", PROGRAM, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        server = int(service.stdout.readline())
        asyncio.run(until(lambda: file.exists() and file.read_text().endswith("\n")))
        job = int(file.read_text())
        service.kill()
    asyncio.run(until(lambda: is_gone(server) and is_gone(job)))
