"""Collect photos whose licence is known. Scrapy, which fetches them, is imported only when something is fetched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from arena.faces.collect.shelf import Plan, Shelf
from arena.types import ArenaError


def collect(plan: Plan, out: Path, on_photo: Callable[[int], None] = lambda done: None) -> Counter[str]:
    """Collect photos into `out`, and return how many were collected, and not, by reason; go on after a stop.

    Runs Twisted's reactor, so it can be called once per process. Raises ArenaError when Scrapy is not installed or
    `out` cannot be written.
    """
    try:
        from arena.faces.collect.spider import crawl
    except ImportError as error:
        raise ArenaError("collecting photos needs Scrapy; install it with: pip install 'arena[collect]'") from error
    try:
        shelf = Shelf(out, plan, on_photo=on_photo)
        if any(shelf.missing(keyword) > 0 for keyword in plan.keywords):
            crawl(plan, shelf)
    except OSError as error:
        raise ArenaError(f"the photos cannot be written to {out}: {error}") from error
    return shelf.tally
