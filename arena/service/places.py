"""A limited number of places, in all and for each client; whoever comes when they are taken is asked to come again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException


class Places:
    """Lives on the event loop's thread."""

    def __init__(self, most: int, each: int, what: str, retry_seconds: int) -> None:
        """`each`: for one client. `what`: they are for, as in 'photos are checked'."""
        self._most, self._each, self._what, self._retry = most, each, what, retry_seconds
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken(self, client: str) -> Iterator[None]:
        """A place for the length of the block.

        Raises HTTPException 429 when this client has all it may have, 503 when there is none left for anybody.
        """
        if self._taken[client] >= self._each:
            self._refuse(429, f"no more than {self._each} {self._what} at a time for one address")
        if self._taken.total() >= self._most:
            self._refuse(503, f"no more than {self._most} {self._what} at a time")
        self._taken[client] += 1
        try:
            yield
        finally:
            self._taken -= Counter([client])  # forgets whom nothing is left of

    def _refuse(self, status: int, why: str) -> None:
        raise HTTPException(status, f"{why}; try again in {self._retry} seconds", {"retry-after": str(self._retry)})
