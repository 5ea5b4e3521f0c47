"""The service ends and comes back, at the same port, under a page that stays open."""

from __future__ import annotations

from servedhome import new_match, play, served

from .visiting import TOKEN, expect, focused, mlflow_link, service, witness

AWAY = r"net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED)"


def port_of(address):
    return int(address.rpartition(":")[2])


def test_an_open_page_outlives_a_restart_and_misses_nothing(home, visit):
    new_match(home, "rematch")
    play(home, 0)
    play(home, 1)
    with service(home.root) as address:
        page, matches = visit(address, "#/match/duel", TOKEN), visit(address, "#/matches")
        for one in (page, matches):
            witness(one).allow(AWAY)
        page.get_by_test_id("cell-0").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("round")).to_contain_text("The opening")
        matches.get_by_role("searchbox").fill("duel")
        matches.get_by_label("Compare duel").check()
        expect(matches.get_by_test_id("match-duel")).to_contain_text("1 of 2")
    banner = page.get_by_test_id("banner")
    expect(banner).to_contain_text("does not answer")
    expect(matches.get_by_test_id("banner")).to_contain_text("does not answer")
    play(home, 2, real_score=0.7, last=True)
    assert page.get_by_role("tab").count() == 2
    with service(home.root, port=port_of(address)):
        expect(banner).to_be_empty()
        expect(page.get_by_test_id("cell-2")).to_be_visible()
        expect(page.get_by_test_id("status")).to_have_text("finished")
        expect(page.get_by_test_id("slider")).to_have_attribute("max", "2")
        expect(page.get_by_test_id("sign-out")).to_be_visible()
        expect(page.get_by_test_id("cell-0")).to_have_attribute("aria-selected", "true")  # what was looked at stays
        expect(page.get_by_test_id("round")).to_contain_text("The opening")
        assert focused(page) == "cell-0"
        expect(matches.get_by_test_id("match-duel")).to_contain_text("2 of 2")
        expect(matches.get_by_role("searchbox")).to_have_value("duel")
        expect(matches.get_by_test_id("match-rematch")).to_be_hidden()
        expect(matches.get_by_label("Compare duel")).to_be_checked()


def test_a_page_that_was_opened_in_vain_comes_alive(home, visit):
    play(home, 0)
    with service(home.root) as address:
        page = visit(address)
        expect(page.get_by_role("tab")).to_have_count(1)
        page.goto(f"{address}/#/matches")
        expect(page.get_by_role("heading", level=1)).to_have_text("Matches")
        witness(page).allow(AWAY)
    page.goto(f"{address}/#/match/duel/round/0")
    expect(page.get_by_test_id("problem")).to_contain_text("The arena's service does not answer.")
    with service(home.root, port=port_of(address)):
        expect(page.get_by_role("tab")).to_have_count(1)
        expect(page.get_by_test_id("problem")).to_have_count(0)


def test_a_service_with_a_new_token_signs_the_page_out_and_says_why(home, visit):
    play(home, 0)
    with service(home.root) as address:
        page = visit(address, "#/matches", TOKEN)
        witness(page).allow(AWAY, r"status of 401 .*/api/matches/duel/resume$")
        expect(page.get_by_test_id("resume")).to_be_visible()
    expect(page.get_by_test_id("banner")).to_contain_text("does not answer")
    with served(home.root, "fedcba9876543210-another", port_of(address), mlflow_link=mlflow_link):
        expect(page.get_by_test_id("banner")).to_be_empty()
        page.get_by_test_id("resume").click()
        expect(page.get_by_test_id("signed-out")).to_contain_text("no longer takes the token")
        expect(page.get_by_test_id("sign-in")).to_be_visible()
        expect(page.get_by_test_id("resume")).to_have_count(0)
