"""What a forkserver does in the tests: as its job says, it answers, hangs, breaks or takes too much."""

from __future__ import annotations

import os
import signal
import time

opens_files = "OPENS_NO_FILES" not in os.environ
KEPT = {"warmed": 0, "worked": 0}


def warm():
    KEPT["warmed"] += 1


def work(job, files):
    KEPT["worked"] += 1
    what = job["do"]
    if what == "answer":
        return {
            "kept": KEPT,
            "pid": os.getpid(),
            "server": os.getppid(),
            "said": job.get("say"),
            "token": os.environ.get("ARENA_TOKEN"),
        }
    if what == "copy":
        os.lseek(files[0], 0, os.SEEK_SET)
        os.write(files[1], os.read(files[0], 100).upper())
        return {}
    if what == "open":
        try:
            with open(job["file"]) as file:  # noqa: PTH123
                return {"found": file.read()}
        except OSError as error:
            return {"error": error.strerror, "given": os.read(files[0], 100).decode()}
    if what == "fill":
        return {"bytes": len(bytes(job["bytes"]))}
    if what == "break":
        raise RuntimeError("as asked")
    if what == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "orphan":
        os.kill(os.getppid(), signal.SIGKILL)
        os._exit(1)
    with open(job["file"], "w") as file:  # noqa: PTH123
        file.write(f"{os.getpid()}\n")
    while what == "spin":
        pass
    while what == "sleep":
        time.sleep(60)
    raise ValueError(what)
