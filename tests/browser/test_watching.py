"""Somebody watches a match: rounds arrive, the time slider, the strip, the exam of a round, the numbers."""

from __future__ import annotations

import io
import re
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image
from servedhome import FAKE_SCORES, new_match, play

from arena.store.home import Home
from arena.store.progress import Underway, write_progress
from arena.types import Progress

from .visiting import expect, focused, service, witness


@pytest.fixture
def watched(home):
    """A service over the match that the test plays."""
    with service(home.root) as address:
        yield address


def caption(page):
    """What is said under the faces of the gallery."""
    return page.get_by_test_id("gallery").locator("figcaption").first


def test_a_committed_round_appears_without_a_reload(home, watched, visit):
    play(home, 0)
    play(home, 1)
    page, matches = visit(watched, "#/match/duel"), visit(watched, "#/matches")
    slider = page.get_by_test_id("slider")
    expect(page.get_by_role("tab")).to_have_count(2)
    expect(page.get_by_test_id("slider-round")).to_have_text("1 of 1")
    expect(matches.get_by_test_id("match-duel")).to_contain_text("1 of 2")
    page.evaluate("window.opened = true")  # gone after a reload
    play(home, 2, real_score=0.7, last=True)
    expect(page.get_by_test_id("cell-2")).to_have_accessible_name(
        re.compile("^Round 2: A wins, .*Accuracy 0.250, 95 %")
    )
    expect(page.get_by_test_id("cell-2")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_test_id("announcer")).to_contain_text("Round 2: A wins")
    expect(page.get_by_test_id("announcer")).to_contain_text("The match duel is over.")
    expect(slider).to_have_attribute("max", "2")
    expect(slider).to_have_value("2")
    expect(caption(page)).to_contain_text("Round 2: A wins")
    expect(page.get_by_test_id("score")).to_contain_text(
        re.compile("A has clearly won 0.*1 not.*B has clearly won 0.*1 not")
    )
    expect(page.get_by_test_id("status")).to_have_text("finished")
    expect(page.get_by_test_id("round")).to_contain_text("Round 2: A wins")
    assert page.evaluate("window.opened")
    expect(matches.get_by_test_id("match-duel")).to_contain_text("2 of 2")
    expect(matches.get_by_test_id("standings").get_by_role("row").nth(1)).to_contain_text("exams of 8")
    expect(matches.get_by_test_id("standings")).to_contain_text("degenerate and forfeited rounds do not")


def test_the_first_match_of_a_home_appears_on_its_empty_page(tmp_path, visit):
    home = Home.create(tmp_path / "home")
    with closing(home), service(home.root) as address:
        page = visit(address)
        expect(page.get_by_role("heading", name="No match has been played here yet")).to_be_visible()
        new_match(home, "duel")
        expect(page.get_by_role("heading", name="duel")).to_be_visible()
        expect(page.get_by_test_id("gallery")).to_contain_text("No round has been committed yet")
        play(home, 0)
        expect(page.get_by_test_id("cell-0")).to_have_accessible_name(re.compile("Opening"))
        expect(caption(page)).to_have_text("Opening")


def test_training_is_shown_while_it_happens(home, watched, visit):
    play(home, 0)
    page = visit(watched)
    training = page.get_by_test_id("training")
    expect(page.get_by_test_id("status")).to_have_text("stopped")
    expect(training).to_be_hidden()
    with home.lock("duel"):
        expect(page.get_by_test_id("status")).to_have_text("playing")
        expect(training).to_contain_text("Round 1 is being trained")
        expect(training).to_contain_text("Waiting for the first steps")
        training_a = {"generator": Progress("generator", 1, 30, 40, 512.4, {"loss": 0.625})}
        write_progress(home.match_folder("duel"), Underway(1, 2, training_a, 0.45, 12.0, 40.0))
        expect(training).to_contain_text("30 / 40 steps")
        expect(training).to_contain_text("512 images/s")
        expect(training).to_contain_text("0.625")
        expect(training.get_by_role("progressbar", name="Team A's training")).to_have_js_property("position", 0.75)
        expect(training.get_by_role("progressbar", name="The whole match")).to_have_js_property("position", 0.45)
        expect(page.get_by_test_id("left")).to_have_text("about 40 s left, this round about 20 s")
    expect(page.get_by_test_id("status")).to_have_text("stopped")
    expect(training).to_be_hidden()


def test_the_slider_goes_through_the_rounds_by_mouse_and_by_keys(duel, visit):
    page = visit(duel)
    slider = page.get_by_test_id("slider")
    expect(caption(page)).to_contain_text("Round 2: A wins")
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(caption(page)).to_contain_text("Round 1: B wins")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"], box["y"] + box["height"] / 2)
    expect(caption(page)).to_have_text("Opening")
    page.mouse.up()
    assert focused(page) == "slider"
    for key, round, text in (("ArrowRight", 1, "Round 1"), ("End", 2, "Round 2"), ("Home", 0, "Opening")):
        page.keyboard.press(key)
        expect(slider).to_have_value(str(round))
        expect(slider).to_have_attribute("aria-valuetext", re.compile(text))
        expect(caption(page)).to_contain_text(text)
        expect(page.get_by_test_id("slider-round")).to_have_text(f"{round} of 2")


def test_play_shows_one_round_after_the_other(duel, visit):
    page = visit(duel)
    button = page.get_by_test_id("play")
    expect(caption(page)).to_contain_text("Round 2")
    caption(page).evaluate(
        """(node) => {
          window.seen = [];
          new MutationObserver(() => window.seen.push(node.textContent)).observe(node, { childList: true });
        }"""
    )
    button.click()
    expect(button).to_have_text("Pause")
    expect(button).to_have_text("Play")
    assert [text.partition(":")[0] for text in page.evaluate("window.seen")] == ["Opening", "Round 1", "Round 2"]


def test_play_goes_one_step_for_who_wants_little_movement(duel, visit):
    page = visit(duel, reduced_motion="reduce")
    button = page.get_by_test_id("play")
    expect(button).to_have_text("Next")
    expect(caption(page)).to_contain_text("Round 2")
    button.click()
    expect(caption(page)).to_have_text("Opening")
    button.click()
    expect(caption(page)).to_contain_text("Round 1")


def test_two_rounds_side_by_side(duel, visit):
    page = visit(duel)
    sheets = page.get_by_test_id("gallery").locator("figure:visible")
    expect(sheets).to_have_count(1)
    page.get_by_test_id("beside").select_option("opening")
    expect(sheets).to_have_count(2)
    expect(sheets.nth(1)).to_contain_text("Opening")
    page.get_by_test_id("slider").press("ArrowLeft")
    expect(sheets.nth(0)).to_contain_text("Round 1")
    expect(sheets.nth(1)).to_contain_text("Opening")
    first, second = (sheets.nth(i).bounding_box() for i in range(2))
    assert (first["y"], first["width"]) == (second["y"], second["width"])
    page.get_by_test_id("beside").select_option("none")
    expect(sheets).to_have_count(1)


def test_a_click_on_a_face_tells_its_scores(duel, visit):
    page = visit(duel)
    page.get_by_test_id("gallery").get_by_role("button", name="Face 2: its scores over the rounds").click()
    dialog = page.get_by_test_id("face")
    expect(dialog).to_contain_text("It fooled the detector in 0 of 2 rounds")  # its score is 0.75, the threshold 0.5
    expect(dialog.get_by_role("listitem")).to_have_text(["opening", "round 10.750caught", "round 20.750caught"])
    expect(dialog.get_by_role("img", name="The face in round 2")).to_have_js_property("naturalWidth", 8)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert focused(page) == "button Face 2: its scores over the rounds"
    page.get_by_test_id("gallery").get_by_role("button", name="Face 0").click()
    expect(dialog).to_contain_text("It fooled the detector in 2 of 2 rounds")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)


def test_how_good_the_fakes_are_and_files_to_take_home(duel, visit):
    page = visit(duel, "#/match/duel")
    expect(page.get_by_test_id("round")).to_contain_text("Looks like a face61% (50% to 71%), n 100")
    expect(page.get_by_test_id("round")).to_contain_text("12.00 (10.50 to 14.00), n 500, biased")
    expect(page.get_by_role("heading", name="Faces", exact=True)).to_be_visible()
    gallery = page.get_by_test_id("gallery")
    sheet, film = (gallery.get_by_role("link", name=name) for name in ("This sheet (PNG)", "All rounds (GIF)"))
    assert "/rounds/2/samples.png?v=" in sheet.get_attribute("href")
    with page.expect_download() as taken:
        film.click()
    assert Path(taken.value.path()).read_bytes().startswith(b"GIF89a")


def test_a_round_of_the_strip_shows_its_exam(duel, visit):
    page = visit(duel)
    round, exam = page.get_by_test_id("round"), page.get_by_test_id("exam")
    expect(round).to_contain_text("Round 2: A wins")
    page.get_by_test_id("cell-1").click()
    expect(page).to_have_url(re.compile("#/match/duel/round/1$"))
    expect(page.get_by_test_id("slider")).to_have_value("1")
    expect(round).to_contain_text("Round 1: B wins, too close")
    page.reload()
    expect(round).to_contain_text("Round 1: B wins, too close")
    expect(round).to_contain_text("In usecatches 50 % of the fakes at 0.0 % false alarms")
    expect(round).to_contain_text("Exam8 faces, the real ones of 4 people")
    expect(round).to_contain_text("Clear is± 0.500")  # of 8 faces only all or none are no chance
    expect(exam).to_contain_text("2 of 4 fakes fooled the detector in use")
    expect(exam.get_by_alt_text("called real")).to_have_count(4)  # two, among the most convincing and the most obvious
    convincing = exam.get_by_role("list").first.get_by_role("listitem")
    expect(convincing).to_have_text([f"{score:.3f}" for score in sorted(FAKE_SCORES)])
    scores, roc = round.get_by_role("img", name="Histogram"), round.get_by_role("img", name="ROC curve")
    expect(scores.locator(".main-svg .barlayer .trace")).to_have_count(2)
    expect(scores).to_contain_text("fake from 0.5")
    expect(roc.locator(".main-svg .scatterlayer .trace")).to_have_count(3)


def test_the_strip_says_how_far_a_generator_has_grown(home, visit):
    for number, grown in enumerate(("8 px", "16 px, fading in 40 %", "")):
        play(home, number, grown=grown)
    with service(home.root) as address:
        page = visit(address)
        cells = [page.get_by_test_id(f"cell-{number}") for number in range(3)]
        expect(cells[2]).to_be_visible()
        assert [cell.locator(".stage").all_inner_texts() for cell in cells] == [["8 px"], ["16 px"], []]
        expect(cells[1]).to_have_attribute("title", re.compile("The generator has grown to 16 px, fading in 40 %$"))
        assert "grown" not in cells[2].get_attribute("title")
        page.goto("about:blank")  # nobody waits for pictures of a service that has ended


def chosen(page, number):
    """Everything that shows a round shows this one."""
    expect(page.get_by_test_id(f"cell-{number}")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tab", selected=True)).to_have_count(1)
    expect(page.get_by_test_id("slider")).to_have_value(str(number))
    expect(page.get_by_test_id("slider-round")).to_have_text(f"{number} of 2")
    named = f"Round {number}" if number else "Opening"
    expect(caption(page)).to_contain_text(named)
    expect(page.get_by_test_id("round")).to_contain_text(named if number else "The opening")


def test_one_round_is_selected_everywhere(duel, visit):
    page = visit(duel, "#/match/duel/round/1")
    chosen(page, 1)
    page.get_by_test_id("cell-0").click()
    chosen(page, 0)
    page.get_by_test_id("slider").press("End")
    chosen(page, 2)
    expect(page).to_have_url(re.compile("#/match/duel/round/2$"))
    page.reload()
    chosen(page, 2)
    page.go_back()
    chosen(page, 0)
    page.go_back()
    chosen(page, 1)
    page.go_forward()
    chosen(page, 0)
    expect(page).to_have_url(re.compile("#/match/duel/round/0$"))


def test_back_undoes_a_movement_and_then_leaves(duel, visit):
    page = visit(duel, "#/matches")
    page.get_by_role("link", name="duel").click()
    chosen(page, 2)
    slider = page.get_by_test_id("slider")
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 8, middle)
    page.mouse.down()
    for share in (0.5, 0):  # over round 1 to the opening, in one movement
        page.mouse.move(box["x"] + share * box["width"], middle)
        chosen(page, 1 if share else 0)
    page.mouse.up()
    page.evaluate("window.opened = true")  # gone after a reload
    page.go_back()
    chosen(page, 2)
    assert page.evaluate("window.opened")
    page.go_back()
    expect(page.get_by_test_id("match-duel")).to_be_visible()


def test_who_looks_at_an_older_round_goes_on_doing_so(home, watched, visit):
    play(home, 0)
    play(home, 1)
    page, follower = visit(watched, "#/match/duel/round/0"), visit(watched, "#/match/duel/round/1")
    expect(caption(page)).to_have_text("Opening")
    expect(caption(follower)).to_contain_text("Round 1")
    play(home, 2, last=True)
    chosen(page, 0)
    chosen(follower, 2)
    expect(follower).to_have_url(re.compile("#/match/duel/round/2$"))


def test_what_happened_is_said_in_words_first(duel, visit):
    page = visit(duel, "#/match/duel/round/1")
    story, sentence = page.get_by_test_id("story"), page.get_by_test_id("sentence")
    expect(story).to_contain_text("Nobody wins: no round was won by more than luck.")
    expect(story).to_contain_text("In round 1, 25 of 100 fakes got through; in round 2, 75 of 100 fakes.")
    expect(sentence).to_have_text("Too close to say who won: 25 of 100 fakes got through, which luck alone explains.")
    page.get_by_test_id("cell-0").click()
    expect(sentence).to_have_text(re.compile("^The generator warmed up alone"))


def test_the_charts_of_a_match_are_drawn(duel, visit):
    page = visit(duel)
    for name, traces in (("AUROC of each round", 2), ("Accuracy of each round", 3), ("Losses of both teams", 2)):
        chart = page.get_by_role("img", name=name)
        chart.scroll_into_view_if_needed()
        expect(chart.locator(".main-svg .scatterlayer .trace")).to_have_count(traces)


def test_a_chart_is_taken_home_as_picture_and_as_numbers(duel, visit):
    page = visit(duel, "#/match/duel")
    chart = page.locator("section", has=page.get_by_role("img", name="Accuracy of each round"))
    chart.scroll_into_view_if_needed()
    chart.get_by_text("Save").click()
    taken = {}
    for kind in ("PNG", "SVG", "CSV"):
        with page.expect_download() as file:
            chart.get_by_role("button", name=kind).click()
        taken[kind] = file.value.suggested_filename, Path(file.value.path()).read_bytes()
    assert [name.rpartition(".")[2] for name, _ in taken.values()] == ["png", "svg", "csv"]
    with Image.open(io.BytesIO(taken["PNG"][1])) as picture:
        assert picture.size == (1800, 960)
        assert len(set(picture.convert("L").tobytes())) > 10
    assert b"Accuracy, 95 % interval" in taken["SVG"][1]
    lines = taken["CSV"][1].decode().splitlines()
    assert lines[0] == "series,round,accuracy,low,high"
    assert [line for line in lines if line.startswith('"A, too close",2,0.25,')]


def test_all_rounds_in_numbers(duel, visit):
    page = visit(duel)
    page.get_by_text("All rounds in numbers").click()
    rows = page.get_by_test_id("rounds").locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("A wins, too close0.250")
    expect(rows.nth(1)).to_contain_text("B wins, too close0.750")


@pytest.mark.parametrize("view", ["#/nothing/here", "#/match/nobody"])
def test_an_address_that_leads_nowhere_says_so(duel, visit, view):
    page = visit(duel)
    expect(page.get_by_role("tab")).to_have_count(3)
    witness(page).allow(r"status of 404 .*/api/matches/nobody")
    page.goto(f"{duel}/{view}")
    expect(page.get_by_role("heading", name="Nothing here")).to_be_visible()
    page.get_by_role("link", name="All matches").click()
    expect(page.get_by_test_id("match-duel")).to_be_visible()
