"""Every view on a phone and on a desktop, light and dark: it fits, it can be read, and it asks nobody else."""

from __future__ import annotations

import pytest
from matches import played, start, tiny

from arena.store.home import Home

from .visiting import DESKTOP, PHONE, TOKEN, VIEWS, audit, expect, overflow, service, witness

CURRENT = "#nav a[aria-current]"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A match with a long name, and one with everything to be seen: scores, real faces, a blind test, notes."""
    home = Home.create(tmp_path_factory.mktemp("fitting") / "home")
    config = tiny("stamper", "stamp-reader", rounds=2)
    home.create_match("a-match-with-a-name-of-sixty-four-characters-as-long-as-allowed1", config.dump(), {})
    match = start(home.root, config)
    played(match)
    home.log("tiny", 1, "retry", "the detector diverged; it trains again at half its learning rate")
    match.home.close()
    home.close()
    with service(home.root) as address:
        yield address


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_view_fits_and_can_be_read(address, visit, viewport, scheme):
    is_phone = viewport is PHONE
    page = visit(address, "#/", TOKEN, viewport=viewport, color_scheme=scheme, is_mobile=is_phone, has_touch=is_phone)
    for view, sign in VIEWS.items():
        page.goto(f"{address}/{view}")
        expect(page.locator(sign).first).to_be_visible(timeout=40_000)  # of who can play, the first answer takes long
        page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        assert overflow(page) == 0, view
        assert audit(page) == [], view
        expect(page.locator(CURRENT)).to_be_in_viewport(ratio=1)
    page.goto(f"{address}/#/compare?match=tiny")
    expect(page.get_by_test_id("differences")).to_contain_text("finished")
    assert (overflow(page), audit(page)) == (0, [])


def test_a_long_name_breaks(address, visit):
    page = visit(address, viewport=PHONE)
    page.goto(f"{address}/#/matches")
    page.get_by_role("link", name="a-match-with").click()
    expect(page.get_by_role("heading", name="a-match-with")).to_be_visible()
    assert overflow(page) == 0


def test_what_opens_in_a_dialog_or_below_fits_too(address, visit):
    page = visit(address, "#/match/tiny", TOKEN, viewport=PHONE)
    page.get_by_role("button", name="Face 0:").click()
    expect(page.get_by_test_id("face")).to_contain_text("It fooled the detector")
    assert (overflow(page), audit(page)) == (0, [])
    page.keyboard.press("Escape")
    page.goto(f"{address}/#/blind")
    page.get_by_test_id("begin").click()
    expect(page.get_by_test_id("blind-title")).to_be_visible()
    assert (overflow(page), audit(page)) == (0, [])
    for index in range(20):
        page.get_by_test_id("vote-real" if index % 2 else "vote-fake").click()
    page.get_by_test_id("hand-in").click()
    expect(page.get_by_test_id("blind-result")).to_be_visible()
    assert (overflow(page), audit(page)) == (0, [])


def test_no_view_asks_anybody_but_the_service(address, visit):
    page = visit(address, "#/", TOKEN)
    foreign = []

    def judge(route):
        if not route.request.url.startswith(f"{address}/"):
            foreign.append(route.request.url)
        route.continue_()

    page.context.route("**/*", judge)
    page.reload()
    for view, sign in VIEWS.items():
        page.goto(f"{address}/{view}")
        expect(page.locator(sign).first).to_be_visible(timeout=120_000)
    page.goto(f"{address}/#/compare?match=tiny")
    expect(page.locator(".main-svg .trace").first).to_be_visible()
    assert foreign == []
    assert any(url.endswith("/page/plotly.js") for url in witness(page).requests)


def test_the_witness_sees_what_it_is_there_for(address, visit):
    page = visit(address, "#/photo")
    expect(page.get_by_test_id("sign-in-panel")).to_be_visible()
    problems = witness(page).problems
    assert problems == []
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.x = 1' }))"
    )
    page.evaluate("setTimeout(() => { throw new Error('broken'); })")
    page.evaluate("fetch('/api/matches/nobody')")
    page.evaluate("fetch('http://127.0.0.1:9/').catch(() => null)")
    page.wait_for_function("window.x === undefined")
    expect(page.locator("body")).to_be_visible()
    words = ["Content Security Policy", "script: ", "status of 404", "127.0.0.1:9"]
    assert [word for word in words if not any(word in problem for problem in problems)] == []
    assert page.evaluate("window.x") is None
    problems.clear()


def test_the_audit_sees_what_it_is_there_for(address, visit):
    page = visit(address, "#/blind")
    expect(page.get_by_test_id("sign-in-panel")).to_be_visible()
    assert audit(page) == []
    page.evaluate(
        """() => {
          const main = document.querySelector("main");
          const add = (tag, given) => main.appendChild(Object.assign(document.createElement(tag), given));
          add("h1", { textContent: "Another" });
          add("button", { id: "token-1" });
          add("img", { src: "/page/icon.svg" });
          add("input", { placeholder: "no name" });
          add("p", { textContent: "pale" }).style.color = "#bbb";
          add("h4", { textContent: "Deep" });
        }"""
    )
    assert len(audit(page)) >= 7
