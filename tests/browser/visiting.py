"""A Chromium to visit the page with, and a witness of everything that must not happen on it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from servedhome import served

from arena.service.starts import Terms
from arena.store.home import MatchRow

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip("the browser tests need Chromium: apt-get install chromium", allow_module_level=True)
playwright = pytest.importorskip(
    "playwright.sync_api", reason="the browser tests need Playwright: make test installs it"
)

TOKEN = "0123456789abcdef-secret"
AUDIT = (Path(__file__).parent / "audit.js").read_text(encoding="utf-8")
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
VIEWS = {
    "#/": "[data-testid=exam] img",
    "#/matches": "[data-testid=standings] td",
    "#/compare": "[data-testid=choices] input",
    "#/start": "[data-testid=start-form]",
    "#/photo": "[data-testid=drop]",
    "#/blind": "[data-testid=begin], [data-testid=blind-refused]",
}
"""Every view of the page, and what is there once it has been drawn, for somebody who is signed in."""

Page = playwright.Page
Visit = Callable[..., Page]
expect = playwright.expect
expect.set_options(timeout=30_000)


def service(root: Path, **options: Any) -> AbstractContextManager[str]:
    """The service over a home; its address. Matches are played without Ray, and there is an MLflow, so to speak."""
    return served(root, TOKEN, terms=Terms("off", "off", most=2), mlflow_link=mlflow_link, **options)


def mlflow_link(matches: Sequence[MatchRow]) -> str:
    """Where an MLflow would show these matches."""
    return f"http://127.0.0.1:5000/#/{'+'.join(match.name for match in matches)}"


class Witness:
    """Notes what must not happen in a browser context: errors, of any kind, and requests to anybody else."""

    def __init__(self, context: Any, address: str) -> None:
        self.problems: list[str] = []
        self.requests: list[str] = []
        self.sent: list[str] = []
        """Requests that would change something."""
        self._address = address
        # The page looks for a service that a test has ended before its visitor left.
        self._allowed = [r"net::ERR_CONNECTION_REFUSED .*/api/events"]
        context.on("weberror", lambda error: self._note(f"script: {error.error}"))
        context.on("console", self._hear)
        context.on("request", self._ask)

    def allow(self, *patterns: str) -> None:
        """Errors in the console that belong to the test, each as an expression for its text and its address."""
        self._allowed += patterns

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self._note(f"console: {message.text} {message.location.get('url', '')}")

    def _ask(self, request: Any) -> None:
        self.requests.append(request.url)
        if request.method != "GET":
            self.sent.append(f"{request.method} {request.url.removeprefix(self._address)}")
        if not request.url.startswith((f"{self._address}/", "data:", "blob:")):
            self._note(f"request to another origin: {request.url}")

    def _note(self, problem: str) -> None:
        if not any(re.search(pattern, problem) for pattern in self._allowed):
            self.problems.append(problem)


def witness(page: Page) -> Witness:
    """Who watches this page."""
    found: Witness = page.context.witness
    return found


def audit(page: Page) -> list[str]:
    """What is wrong with a page for who cannot see it or sees little, as sentences."""
    found: list[str] = page.evaluate(AUDIT)
    return found


def overflow(page: Page) -> int:
    """Pixels by which a page is wider than its window."""
    found: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found


def focused(page: Page) -> str:
    """What has the focus: the name that a test knows it by, or else its element and its text."""
    found: str = page.evaluate(
        """() => {
          const node = document.activeElement;
          return node.dataset.testid ?? `${node.localName} ${node.ariaLabel ?? node.textContent.trim()}`.trim();
        }"""
    )
    return found
