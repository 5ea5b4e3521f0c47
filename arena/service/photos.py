"""The photo check: takes an upload, has it decoded and judged, each by a process of its own, and keeps nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from arena.photo.latest import ChosenDetector
from arena.service import models
from arena.service.places import Places
from arena.service.uploads import anonymous_file, receive
from arena.service.workers import Died, Worker

PLACES = 2
"""Uploads that are checked at the same time; whoever comes then is asked to come again."""
RETRY_SECONDS = 2
SYNTHETIC = "this detector was trained on drawn faces and says nothing about photos"

T = TypeVar("T")


class PhotoCheck:
    """The places and the two workers. Lives on the event loop's thread; starts nothing before it is needed."""

    def __init__(self) -> None:
        # For comparison: 16 megapixels of any format are decoded in 2 s and 300 MB, 12 megapixels judged in 1 s, and a
        # crowd of 900 faces in 40 s, on two busy cores.
        self.decoder = Worker(
            "arena.service.decoding", at_once=PLACES, seconds=20, memory=2**29, start_seconds=60, idle_seconds=300
        )
        self.judge = Worker(
            "arena.service.judging", at_once=1, seconds=60, memory=2**32, start_seconds=120, idle_seconds=300
        )
        self._places = Places(PLACES, PLACES, "photos are checked", RETRY_SECONDS)

    def close(self) -> None:
        """End the workers."""
        self.decoder.stop()
        self.judge.stop()

    async def check(self, request: Request, chosen: ChosenDetector, heatmap: bool) -> models.Detection:
        """Judge the photo in the body of a request. Raises HTTPException, and ClientDisconnect when nobody waits."""
        try:
            with self._places.taken(""), anonymous_file() as upload, anonymous_file() as pixels:
                self._warm()
                await receive(request, upload)
                size = await _unless_gone(request, self._decode(upload, pixels))
                return await _unless_gone(request, self._judge(pixels, size, chosen, heatmap))
        except OSError:  # memory or files have run out
            raise HTTPException(503, "there is no room for a photo now; try again") from None

    def _warm(self) -> None:
        """Start both workers while the photo is on its way; whether one did not is seen when it is needed."""
        with suppress(Died):
            self.decoder.start()
            self.judge.start()

    async def _decode(self, upload: int, pixels: int) -> dict[str, Any]:
        try:
            answer = await self.decoder.run({}, (upload, pixels))
        except Died as died:
            if not died.started:
                raise HTTPException(503, "the image could not be read now; try again") from None
            raise HTTPException(422, "the image cannot be read: it takes too much time or memory") from None
        if "problem" in answer:
            raise HTTPException(422, answer["problem"])
        return answer

    async def _judge(
        self, pixels: int, size: dict[str, Any], chosen: ChosenDetector, heatmap: bool
    ) -> models.Detection:
        try:
            answer = await self.judge.run({"snapshot": str(chosen.snapshot), "heatmap": heatmap, **size}, (pixels,))
        except Died:
            raise HTTPException(
                503, "the photo could not be judged: the judge took too long or broke; try again"
            ) from None
        if "problem" in answer:
            who = f"the detector of round {chosen.round} of {chosen.match}"
            raise HTTPException(503, f"{who} cannot judge: {answer['problem']}")
        notes = [SYNTHETIC] if chosen.synthetic else []
        notes += [answer["note"]] if answer["note"] else []
        judge = {**vars(chosen), "threshold": answer.pop("threshold")}
        return models.Detection.model_validate(answer | {"judge": judge, "note": "; ".join(notes) or None})


async def _unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What the work brings; it is ended when the client is gone, which raises ClientDisconnect."""
    task, gone = asyncio.create_task(work), asyncio.create_task(_gone(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        gone.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
