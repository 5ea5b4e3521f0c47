"""A round and a match in words: what is said follows from the numbers, and other numbers are told otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from arena.quality.result import Estimate, Quality
from arena.referee.verdict import Verdict
from arena.results.story import got_through, tell_match, tell_round
from arena.store.record import RoundRecord

VERDICT = Verdict(
    n=1000,
    accuracy=0.5,
    accuracy_low=0.4,
    accuracy_high=0.6,
    threshold=0.5,
    tpr=0.5,
    tnr=0.95,
    auroc=0.5,
    auroc_low=0.4,
    auroc_high=0.6,
    average_precision=0.5,
    eer=0.5,
    brier=0.25,
    p_value=0.001,
    winner="B",
    too_close=True,
    degenerate=False,
    marking="half",
)


def played(*accuracies, **more):
    """The opening and rounds of these accuracies: clear from 0.05 off one half on."""
    records = [RoundRecord("duel", 0, "dcgan", "cnn", None, {})]
    for number, accuracy in enumerate(accuracies, 1):
        winner = "B" if accuracy >= 0.5 else "A"
        verdict = replace(VERDICT, accuracy=accuracy, winner=winner, too_close=abs(accuracy - 0.5) <= 0.05, **more)
        records.append(RoundRecord("duel", number, "dcgan", "cnn", verdict, {}))
    return records


def faces(share):
    return Quality(500, 400, Estimate(share, share, share, 100))


def last(records):
    return tell_round(records[-1], records[:-1])


@pytest.mark.parametrize(
    ("accuracies", "told"),
    [
        ([0.96], "B caught 96 of 100 fakes and wins the round easily."),
        ([0.75], "B caught 75 of 100 fakes and wins the round, though some slip through."),
        ([0.57], "B is just ahead: it caught 57 of 100 fakes, a little more than by guessing."),
        ([0.52], "Too close to say who won: 48 of 100 fakes got through, which luck alone explains."),
        ([0.3], "70 of 100 fakes got through, more than luck explains: A wins the round."),
        ([1.0], "B caught all of the fakes and wins the round easily."),
        ([0.9996], "B caught 99 of 100 fakes and wins the round easily."),
        ([0.0], "All of the fakes got through: B would have done far better by guessing."),
        ([0.52, 0.06], "94 of 100 fakes got through: B would have done far better by guessing. It is the first clear"),
        ([0.9, 0.9, 0.06], "by guessing. What B had learned by round 2 no longer helps."),
        ([0.06, 0.5, 0.9], "easily. B is back: it has now learned from the fakes that fooled it in round 1."),
        ([0.9, 0.92, 0.93], "easily. That makes 3 clear wins in a row for B."),
        ([0.3, 0.51, 0.2], "A wins the round. No round has gone better for A so far."),
        ([0.9, 0.7], "though some slip through. That is 20 more than in round 1."),
        ([0.3, 0.45], "which luck alone explains. That is 15 fewer than in round 1."),
        ([0.9, 0.88], "B caught 88 of 100 fakes and wins the round, though some slip through."),
    ],
)
def test_a_round_is_told_by_its_numbers_and_by_what_came_before(accuracies, told):
    assert told in last(played(*accuracies))


def test_what_is_said_against_the_winner():
    assert "But" not in last(played(0.9))
    assert last(played(0.9, tpr=0.04)).endswith("But its own alarm would have caught only 4 of 100 fakes.")
    assert last(played(0.9, tpr=0.0)).endswith("But its own alarm would have caught none of the fakes.")
    assert last(played(0.9, tnr=0.7)).endswith("But its own alarm suspects 30 of 100 real faces, too.")
    record = played(0.1)[-1]
    assert "But" not in tell_round(replace(record, quality=faces(0.6)), [])
    assert tell_round(replace(record, quality=faces(0.08)), []).endswith("But only 8 of 100 fakes look like a face.")


def test_rounds_without_merit():
    forfeited = last(played(0.9, 0.9, forfeit="detector"))
    assert forfeited.startswith("The detector could not play")
    assert "row" not in forfeited
    assert last(played(0.5, degenerate=True)).startswith("The detector told no face from any other")
    absent = replace(played(0.9)[-1], absent=("generator",))
    assert "A had failed and played no part" in tell_round(absent, [])


def test_the_opening():
    opening = played()[0]
    assert tell_round(opening, []).endswith("nobody was examined.")
    assert tell_round(replace(opening, quality=faces(0.3)), []).endswith("examined. 30 of 100 fakes look like a face.")
    assert tell_round(replace(opening, quality=faces(1.0)), []).endswith("examined. All of the fakes look like a face.")


def test_what_got_through_is_what_the_rule_that_decided_says():
    assert got_through(replace(VERDICT, accuracy=0.3, tpr=0.9)) == pytest.approx(0.7)
    assert got_through(replace(VERDICT, accuracy=0.3, tpr=0.9, marking="threshold")) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("accuracies", "rounds", "headline"),
    [
        ([], 3, "No round has been judged yet: the generator warms up first."),
        ([0.9, 0.9, 0.1], 3, "Team B's cnn wins: it sees through the fakes, 2 clear wins to 1."),
        ([0.1, 0.5], 2, "Team A's dcgan wins: it fools the detector, 1 clear win to 0."),
        ([0.1], 5, "After 1 of 5 rounds Team A's dcgan leads: it fools the detector, 1 clear win to 0."),
        ([0.1, 0.9], 2, "A draw: 1 clear win each."),
        ([0.1, 0.9], 3, "After 2 of 3 rounds it is even: 1 clear win each."),
        ([0.5, 0.52], 2, "Nobody wins: no round was won by more than luck."),
    ],
)
def test_who_won_is_the_headline(accuracies, rounds, headline):
    assert tell_match(played(*accuracies), rounds).headline == headline


def test_how_it_went():
    records = played(0.9, 0.92, 0.5, 0.06)
    records[-1] = replace(records[-1], quality=faces(0.61))
    assert tell_match(records, 4).lines == (
        "3 of 4 rounds are clearer than luck would bring.",
        "B had the upper hand until round 4, when it went to A.",
        "In round 1, 10 of 100 fakes got through; in round 4, 94 of 100 fakes.",
        "With its own alarm the last detector catches 50 of 100 fakes and suspects 5 of 100 real faces.",
        "61 of 100 fakes look like a face.",
    )
    assert "All 2 rounds are clearer than luck would bring." in tell_match(played(0.9, 0.9), 2).lines
    assert "Every clear round went to B." in tell_match(played(0.9, 0.9), 2).lines
    assert "The upper hand changed 2 times, last in round 3." in tell_match(played(0.9, 0.1, 0.9), 3).lines
    assert tell_match(played(0.5), 2).lines[0] == "The only round so far may be luck."
    assert "2 rounds without merit count for nobody" in tell_match(played(0.9, 0.9, degenerate=True), 2).lines[0]
