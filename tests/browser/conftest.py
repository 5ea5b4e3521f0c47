"""One browser for all of these tests, and a new visitor for each."""

from __future__ import annotations

import contextlib

import pytest
from photofiles import give_detector
from servedhome import new_home, play_all


@pytest.fixture(scope="package")
def chromium():
    from .visiting import CHROMIUM, playwright

    with playwright.sync_playwright() as driver:
        # No sandbox: in containers, where tests run as root, Chromium has none. No GPU: its drawing is not tested.
        # Its camera is a film of its own, for who is allowed to see one.
        args = ["--no-sandbox", "--disable-gpu", "--use-fake-device-for-media-stream"]
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=args)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """Opens the page as a new visitor: `visit(address, "#/matches", token=TOKEN, viewport=PHONE)`.

    Whatever goes wrong on it fails the test, but for what its witness was told to allow.
    """
    from .visiting import DESKTOP, Witness, expect

    witnesses = []
    with contextlib.ExitStack() as opened:

        def open_page(address, view="", token=None, **options):
            context = opened.enter_context(chromium.new_context(**{"viewport": DESKTOP, **options}))
            context.witness = Witness(context, address)
            witnesses.append(context.witness)
            page = context.new_page()
            if token is not None:
                page.goto(f"{address}/#token={token}")
                expect(page.get_by_test_id("sign-out")).to_be_visible()
            page.goto(f"{address}/{view}")
            return page

        yield open_page
    assert [problem for witness in witnesses for problem in witness.problems] == []


@pytest.fixture
def home(tmp_path):
    """A home with the match "duel", of which no round has been played."""
    home = new_home(tmp_path / "home")
    yield home
    home.close()


@pytest.fixture(scope="package")
def duel(tmp_path_factory):
    """The address of a service over a finished match with a detector that never trained, which nobody may change."""
    from .visiting import service

    home = new_home(tmp_path_factory.mktemp("watched") / "home")
    play_all(home)
    give_detector(home, "duel", 2)
    home.close()
    with service(home.root) as address:
        yield address
