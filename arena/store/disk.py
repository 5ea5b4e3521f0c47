"""Durable files: what is written here is on disk before the call returns, or not there at all."""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from arena.files import Content, sync, sync_folder
from arena.store.names import state_folder
from arena.types import ArenaError

MANIFEST = "manifest.json"
ABANDONED = 3600
"""Seconds after which a half-written file that nobody has touched since belongs to nobody."""


class Disk:
    """The durable operations, one method each, so that a test can stop the world before any of them."""

    def write(self, path: Path, content: Content) -> dict[str, Any]:
        """Write a new file and wait until it is on disk; its entry in a manifest: SHA-256 and number of bytes."""
        digest, size = hashlib.sha256(), 0
        with path.open("xb") as file:
            for chunk in (content,) if isinstance(content, bytes) else content:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            sync(file)
        return {"sha256": digest.hexdigest(), "bytes": size}

    def sync(self, folder: Path) -> None:
        """Wait until the folder's entries are on disk."""
        sync_folder(folder)

    def make(self, folder: Path) -> None:
        """Make a folder that is not there yet, with all above it, and wait until their names are on disk."""
        if not folder.is_dir():
            self.make(folder.parent)
            folder.mkdir(exist_ok=True)
            self.sync(folder.parent)

    def rename(self, source: Path, target: Path) -> None:
        """Give a finished folder its name; fails when the name is taken."""
        os.replace(source, target)  # noqa: PTH105 - the atomic call by its own name

    def commit(self, connection: sqlite3.Connection) -> None:
        """Commit a transaction of the ledger."""
        connection.commit()


def stage(folder: Path, files: Mapping[str, Content], disk: Disk, states: Mapping[str, Content] | None = None) -> str:
    """Write a round and its manifest into a new staging folder, synced; return the manifest's SHA-256.

    `states`: files that go into the staging folder of the match's training states. The manifest covers them too.
    """
    manifest = {}
    if states:
        manifest["states"] = _written(state_folder(folder), states, disk)
        disk.sync(state_folder(folder))
    manifest["files"] = _written(folder, files, disk)
    text = json.dumps(manifest, indent=1, sort_keys=True).encode()
    disk.write(folder / MANIFEST, text)
    disk.sync(folder)
    return hashlib.sha256(text).hexdigest()


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A file to write, which takes the place of `path` at the end of the block and vanishes on an error.

    Its name is of this process, so that two that write the same file do not write into each other's. What a killed
    process left half written, an hour ago or longer, goes. Raises OSError.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > ABANDONED:
                left.unlink()
    try:
        yield partial
        partial.replace(path)
        sync_folder(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def replace_file(path: Path, content: Content) -> None:
    """Write a file that takes the place of the one of its name when it is whole, and is on disk. Raises OSError."""
    disk = Disk()
    disk.make(path.parent)
    with whole_file(path) as partial:
        disk.write(partial, content)


def _written(folder: Path, files: Mapping[str, Content], disk: Disk) -> dict[str, Any]:
    disk.make(folder.parent)
    folder.mkdir()
    return {name: disk.write(folder / name, content) for name, content in files.items()}


def damaged_files(
    folder: Path, manifest_sha256: str, pruned: Collection[str] = (), can_continue: bool = False
) -> list[str]:
    """Names of files of a round that are missing or changed, the manifest first.

    `pruned`: files that may be gone. `can_continue`: its training state is to be there; else it may be gone, not wrong.
    """
    try:
        manifest = (folder / MANIFEST).read_bytes()
    except OSError:
        return [MANIFEST]
    if hashlib.sha256(manifest).hexdigest() != manifest_sha256:
        return [MANIFEST]
    found = json.loads(manifest)
    expected = [(folder / name, entry) for name, entry in found["files"].items() if name not in pruned]
    states = state_folder(folder)
    if can_continue or states.is_dir():
        expected += [(states / name, entry) for name, entry in found.get("states", {}).items()]
    return [path.name for path, entry in expected if _sha256(path) != entry["sha256"]]


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
