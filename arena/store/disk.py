"""Durable files: what is written here is on disk before the call returns, or not there at all."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from arena.types import ArenaError

MANIFEST = "manifest.json"


class Disk:
    """The durable operations, one method each, so that a test can stop the world before any of them."""

    def write(self, path: Path, data: bytes) -> None:
        """Write a new file and wait until it is on disk."""
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def sync(self, folder: Path) -> None:
        """Wait until the folder's entries are on disk."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Give a finished folder its name; fails when the name is taken."""
        os.replace(source, target)  # noqa: PTH105 - the atomic call by its own name

    def commit(self, connection: sqlite3.Connection) -> None:
        """Commit a transaction of the ledger."""
        connection.commit()


def stage(folder: Path, files: Mapping[str, bytes], disk: Disk) -> str:
    """Write files and their manifest into a new staging folder, synced; return the manifest's SHA-256."""
    folder.mkdir(parents=True)
    entries = {}
    for name, data in files.items():
        disk.write(folder / name, data)
        entries[name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    manifest = json.dumps({"files": entries}, indent=1, sort_keys=True).encode()
    disk.write(folder / MANIFEST, manifest)
    disk.sync(folder)
    return hashlib.sha256(manifest).hexdigest()


def damaged_files(folder: Path, manifest_sha256: str) -> list[str]:
    """Names of files of a round that are missing or changed, the manifest first."""
    try:
        manifest = (folder / MANIFEST).read_bytes()
    except OSError:
        return [MANIFEST]
    if hashlib.sha256(manifest).hexdigest() != manifest_sha256:
        return [MANIFEST]
    entries = json.loads(manifest)["files"]
    return [name for name, entry in entries.items() if _sha256(folder / name) != entry["sha256"]]


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


@contextmanager
def readable_errors(what: str) -> Iterator[None]:
    """Turn the errors of a full, read-only or broken disk into one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise ArenaError(f"the disk is full: {what} cannot be written; free some space, then resume") from error
        raise ArenaError(f"{what} cannot be used: {error.strerror or error}") from error
    except sqlite3.Error as error:
        if "full" in str(error):
            raise ArenaError(f"the disk is full: {what} cannot be written; free some space, then resume") from error
        raise ArenaError(f"the ledger of {what} cannot be used: {error}") from error
