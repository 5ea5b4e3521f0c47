"""Who can play, asked once from a process of its own: contenders import torch, which this one does without."""

from __future__ import annotations

import asyncio
import json

from arena import children
from arena.service import models
from arena.service.starts import COMMAND
from arena.service.state import State
from arena.types import ArenaError

ASK = children.python("-c", COMMAND, "contenders", "--json")


async def load_contenders(state: State) -> models.Contenders:
    """All contenders; asked at the same time, several requests wait for one process. Raises ArenaError."""
    if state.contenders is None:
        state.contenders = asyncio.create_task(_ask())
    try:
        # A request that is given up must not take the answer from the others.
        return await asyncio.shield(state.contenders)
    except ArenaError:
        state.contenders = None
        raise


async def _ask() -> models.Contenders:
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *ASK, stdin=null, stdout=pipe, stderr=null, env=children.environment(), cwd=children.NOWHERE
    )
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise ArenaError("the contenders cannot be listed; arena contenders says why")
    return models.Contenders.model_validate({"items": [json.loads(line) for line in out.splitlines()]})
