from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from arena.referee.exam import ExamRecord
from arena.referee.verdict import verdict
from arena.results import charts, magnitudes
from arena.store.record import RoundRecord
from arena.types import Answer, CurvePoint, Training

REALS, FAKES = [0.1, 0.2, 0.2, 0.8], [0.2, 0.6, 0.9, 0.9]


def exam(reals=REALS, fakes=FAKES, threshold=0.5):
    scores, order = np.array([*reals, *fakes]), np.arange(len(reals) + len(fakes))
    labels = (order >= len(reals)).astype(np.int8)
    return ExamRecord(labels, scores, threshold, order, np.arange(len(reals)), 1)


def judged(record):
    return verdict(record.labels, Answer(record.scores, record.threshold))


def round_record(number, winner="B", too_close=False, accuracy=0.75, forfeit=None, **curves):
    ends = {"accuracy_low": accuracy - 0.1, "accuracy_high": accuracy + 0.2, "auroc_low": 0.6, "auroc_high": 0.9}
    ends |= {"winner": winner, "too_close": too_close, "forfeit": forfeit, "accuracy": accuracy, "auroc": 0.8}
    trainings = {role: training(curves.get(role, ())) for role in ("generator", "detector")}
    result = replace(judged(exam()), **ends) if number else None
    return RoundRecord("m", number, "dcgan", "cnn", result, trainings)


def training(curve=()):
    return Training(1, 1, 0.0, {}, tuple(curve))


OPENING = round_record(0)
ROUNDS = [
    OPENING,
    round_record(1),
    round_record(2, "A", accuracy=0.25),
    round_record(3, "A", True, accuracy=0.45),
    round_record(4, "A", forfeit="detector"),
]


def point(images, **losses):
    return CurvePoint(images, losses)


CURVES = [
    round_record(0, generator=[point(10, adversarial=2.0, evasion=0.5)]),
    round_record(1, generator=[point(20, adversarial=1.0)], detector=[point(5, loss=0.25)]),
]
MATCHES = {"duel": ROUNDS, "return": ROUNDS[:3], "new": []}
FIGURES = {
    "scores": charts.score_figure(exam()),
    "roc": charts.roc_figure(exam(), judged(exam())),
    "accuracy": charts.accuracy_figure(ROUNDS),
    "auroc": charts.auroc_figure(ROUNDS),
    "losses": magnitudes.losses_figure(CURVES),
    "compared accuracy": charts.compared_accuracy_figure(MATCHES),
    "compared auroc": charts.compared_auroc_figure(MATCHES),
    "nothing played": charts.accuracy_figure([OPENING]),
    "chance": magnitudes.chance_figure(ROUNDS),
    "speed": magnitudes.speed_figure(CURVES),
    "nothing lost": magnitudes.losses_figure([]),
}


def trace(figure, name):
    (found,) = (trace for trace in figure["data"] if trace.get("name") == name)
    return found


@pytest.mark.parametrize("figure", FIGURES.values(), ids=list(FIGURES))
def test_plotly_takes_it_and_it_is_plain_json(figure):
    go.Figure(figure)
    assert json.loads(json.dumps(figure, allow_nan=False)) == figure


@pytest.mark.parametrize("figure", FIGURES.values(), ids=list(FIGURES))
def test_the_page_alone_colours_text_and_background(figure):
    layout = figure["layout"]
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"
    texts = [layout["title"], layout["xaxis"], layout["yaxis"], *layout.get("annotations", ())]
    assert not [text for text in (*texts, *(axis["title"] for axis in texts[1:3])) if "color" in text.get("font", {})]
    assert "font" not in layout
    assert len(layout["title"]["text"]) <= 40  # what fits on a phone


def luminance(colour):
    values = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return sum(weight * v for weight, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("colour", sorted({charts.COLOUR_A, charts.COLOUR_B, charts.GREY, *charts.MATCH_COLOURS}))
@pytest.mark.parametrize("ground", ["#ffffff", "#14161a"])
def test_every_colour_can_be_told_from_a_light_and_a_dark_ground(colour, ground):
    low, high = sorted((luminance(colour), luminance(ground)))
    assert (high + 0.05) / (low + 0.05) >= 3  # WCAG 2.2, criterion 1.4.11


def test_scores_are_counted_by_kind_and_the_alarm_is_where_it_was():
    figure = charts.score_figure(exam([0.0, 0.5, 0.5], [1.0, 1.0, 0.5], threshold=0.5))
    middle = charts.BINS // 2  # the log-odds of 0.5 are 0, the lower edge of this bar
    real, fake = (trace(figure, name)["y"] for name in ("real", "fake"))
    assert (real[0], real[middle], sum(real)) == (1, 2, 3)
    assert (fake[-1], fake[middle], sum(fake)) == (2, 1, 3)
    (line,) = figure["layout"]["shapes"]
    assert (line["x0"], line["x1"], line["yref"]) == (0.0, 0.0, "paper")
    assert figure["layout"]["annotations"][0]["text"] == "fake from 0.5"
    assert trace(figure, "fake")["marker"]["pattern"]["shape"] != trace(figure, "real")["marker"]["pattern"]["shape"]


def test_a_detector_that_raises_no_alarm_says_so():
    figure = charts.score_figure(exam(threshold=float(np.nextafter(1, 2))))
    assert figure["layout"]["annotations"][0]["text"] == "no alarm"


def test_the_corners_of_a_roc_curve():
    # From the highest score down: 0.9 two fakes, 0.8 a real, 0.6 a fake, 0.2 two reals and a fake, 0.1 a real.
    assert charts.roc_points(exam()) == ([0, 0, 0.25, 0.25, 0.75, 1], [0, 0.5, 0.5, 0.75, 1, 1])


def test_a_straight_stretch_of_a_roc_curve_is_its_ends():
    assert charts.roc_points(exam([0.1, 0.2, 0.3], [0.7, 0.8, 0.9])) == ([0, 0, 1], [0, 1, 1])
    assert charts.roc_points(exam([0.5, 0.5], [0.5, 0.5])) == ([0, 1], [0, 1])


@pytest.mark.parametrize(
    ("threshold", "counts"),
    [(0.5, ((3, 1), (1, 3))), (0.2, ((1, 3), (0, 4))), (1.5, ((4, 0), (4, 0))), (0.0, ((0, 4), (0, 4)))],
)
def test_who_was_called_what(threshold, counts):
    assert charts.confusion(exam(threshold=threshold)) == counts


def test_the_roc_names_its_area_and_marks_the_threshold():
    figure = FIGURES["roc"]
    # Of 16 pairs a fake wins 12 and ties 2, so 13 of 16.
    assert figure["layout"]["title"]["text"].startswith("AUROC 0.812 (")
    here = trace(figure, "in use")
    assert (here["x"], here["y"]) == ([0.25], [0.75])


def test_winners_are_told_apart_without_colour_and_so_is_what_is_too_close():
    figure = FIGURES["accuracy"]
    looks = {name: trace(figure, name) for name in ("A won", "B won", "A, too close", "by forfeit")}
    assert len({look["marker"]["symbol"] for look in looks.values()}) == 4
    assert [looks[name]["x"] for name in looks] == [[2, 4], [1], [3], [4]]
    assert looks["A, too close"]["marker"]["symbol"].endswith("-open")
    assert looks["A won"]["marker"]["color"] == charts.COLOUR_A
    assert looks["B won"]["error_y"]["array"] == [0.2]
    assert looks["B won"]["error_y"]["arrayminus"] == [0.1]


@pytest.mark.parametrize(("rounds", "step"), [(0, 1), (1, 1), (3, 1), (10, 1), (11, 2), (50, 5), (51, 10), (2001, 500)])
def test_ticks_are_at_whole_rounds_and_have_room(rounds, step):
    one = round_record(1)
    matches = {"long": [replace(one, round=number + 1) for number in range(rounds)], "short": ROUNDS[:2]}
    for draw in (charts.compared_accuracy_figure, charts.compared_auroc_figure):
        axis = draw(matches)["layout"]["xaxis"]
        assert (axis["tick0"], axis["dtick"], axis["range"]) == (0, step, [0.5, max(rounds, 1) + 0.5])


def test_the_line_to_win_at():
    (line,) = charts.accuracy_figure(ROUNDS, 0.6)["layout"]["shapes"]
    assert (line["y0"], line["y1"], line["xref"]) == (0.6, 0.6, "paper")


def test_a_band_runs_along_the_upper_ends_and_back_along_the_lower():
    band, middle = charts.auroc_figure(ROUNDS[:3])["data"]
    assert (band["x"], band["y"]) == ([1, 2, 2, 1], [0.9, 0.9, 0.6, 0.6])
    assert middle["y"] == [0.8, 0.8]


def test_losses_by_team_over_the_images_each_has_seen():
    figure = FIGURES["losses"]
    assert [t["name"] for t in figure["data"]] == ["A adversarial", "A evasion", "B loss"]
    assert (figure["data"][0]["x"], figure["data"][0]["y"]) == ([10, 20], [2.0, 1.0])
    assert (figure["data"][1]["x"], figure["data"][2]["x"]) == ([10], [5])
    assert figure["data"][0]["line"]["dash"] != figure["data"][1]["line"]["dash"]


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    curve = [point(i, loss=float(i)) for i in range(3 * magnitudes.MOST_POINTS)]
    (line,) = magnitudes.losses_figure([round_record(1, generator=curve)])["data"]
    assert len(line["x"]) == magnitudes.MOST_POINTS
    assert (line["x"][0], line["x"][-1]) == (0, 3 * magnitudes.MOST_POINTS - 1)


def test_several_matches_differ_in_more_than_colour():
    looks = [t["marker"] for t in FIGURES["compared accuracy"]["data"]]
    assert len({look["symbol"] for look in looks}) == len({look["color"] for look in looks}) == 3
    assert [t["name"] for t in FIGURES["compared auroc"]["data"] if "name" in t] == list(MATCHES)


def test_the_chance_of_a_round_is_as_small_as_it_is():
    rounds = [replace(r, verdict=replace(r.verdict, p_value=p)) for r, p in zip(ROUNDS[1:3], (2e-22, 0.0), strict=True)]
    figure = magnitudes.chance_figure([OPENING, *rounds], 0.01)
    (trace,) = figure["data"]
    assert (trace["x"], trace["y"], trace["customdata"]) == ([1, 2], [2e-22, magnitudes.LEAST_CHANCE], ["B", "A"])
    assert figure["layout"]["shapes"][0]["y0"] == 0.01


def test_speed_is_of_each_round_alone():
    def trained(images, seconds):
        return Training(1, images, seconds, {})

    times = [(100, 2.0, 40), (400, 1.0, 40), (500, 0.0, 80)]  # the last took no time that could be measured
    records = [
        replace(round_record(i), training={"generator": trained(images, seconds), "detector": trained(seen, 4.0)})
        for i, (images, seconds, seen) in enumerate(times)
    ]
    figure = magnitudes.speed_figure(records)
    assert (trace(figure, "Team A")["x"], trace(figure, "Team A")["y"]) == ([0, 1], [50.0, 300.0])
    assert trace(figure, "Team B")["y"] == [10.0, 0.0, 10.0]
