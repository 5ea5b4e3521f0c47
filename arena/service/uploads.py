"""Take in an upload: counted while it streams, looked at by its first bytes, kept nowhere."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request
from starlette.exceptions import HTTPException

MOST_BYTES = 10_000_000
UPLOAD_SECONDS = 30.0
"""For the whole upload, so that one that drips does not keep its place."""
_HEAD = 12


@contextmanager
def anonymous_file() -> Iterator[int]:
    """A file without a name, in memory where the system has such files: nothing of it is left when it is closed."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("upload")
        try:
            yield descriptor
        finally:
            os.close(descriptor)
    else:
        with tempfile.TemporaryFile() as file:
            yield file.fileno()


async def receive(request: Request, file: int, most: int = MOST_BYTES, seconds: float = UPLOAD_SECONDS) -> None:
    """Write the body of a request into an open file. Raises ClientDisconnect.

    HTTPException 413 for more than `most` bytes, as soon as they are announced or have come; 415 for anything but PNG,
    JPEG or WebP, after the first bytes; 408 when it is not complete after `seconds`.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > most:
        raise _too_large(most)
    head, count = b"", 0
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                count += len(chunk)
                if count > most:
                    raise _too_large(most)
                if len(head) < _HEAD:
                    head = (head + chunk)[:_HEAD]
                    if len(head) == _HEAD:
                        _check(head)
                os.write(file, chunk)
    except TimeoutError:
        raise HTTPException(408, f"the image did not arrive within {seconds:g} seconds") from None
    _check(head)


def is_photo(head: bytes) -> bool:
    """Whether a file that begins with these bytes says that it is PNG, JPEG or WebP."""
    return head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def _check(head: bytes) -> None:
    if not is_photo(head):
        raise HTTPException(415, "this is no photo that can be read here: it must be a PNG, JPEG or WebP")


def _too_large(most: int) -> HTTPException:
    return HTTPException(413, f"the image has more than {most / 1e6:g} MB; make it smaller")
