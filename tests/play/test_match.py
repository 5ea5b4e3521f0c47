from __future__ import annotations

import json

import numpy as np
import pytest
from matches import outcome, played, reopened, start, tiny
from PIL import Image
from scripted import StampReader

from arena.play.match import choose_name, play_more
from arena.snapshot import player, read_snapshot
from arena.store.home import Home
from arena.store.names import SAMPLE_SCORES, SAMPLES, SNAPSHOT
from arena.types import Answer, ArenaError, InvalidAnswer

FIELDS = {
    "match",
    "round",
    "generator",
    "detector",
    "accuracy",
    "threshold",
    "tpr",
    "tnr",
    "auroc",
    "auroc_low",
    "auroc_high",
    "average_precision",
    "eer",
    "brier",
    "p_value",
    "n",
    "winner",
    "call",
    "degenerate",
    "seconds",
}
"""What a round's record has at least."""


def test_a_match_of_networks_plays_its_rounds_and_records_them(tmp_path):
    match = start(tmp_path, tiny(rounds=2))
    seen = played(match)
    assert [record.round for record in seen.openings + seen.rounds] == [0, 1, 2]
    assert match.home.records("tiny") == seen.openings + seen.rounds
    for record in seen.rounds:
        assert set(record.to_json()) >= FIELDS
        assert (record.judged.n, record.judged.people, record.judged.marking) == (40, 10, "half")
        assert record.judged.winner == ("B" if record.judged.accuracy >= 0.5 else "A")
        json.dumps(record.to_json(), allow_nan=False)
    assert seen.rounds[1].training["generator"].images == (2 + 3 + 3) * 8
    assert "evasion" in seen.rounds[1].training["generator"].losses
    assert seen.events == []


def test_the_samples_are_scored_with_the_weights_of_the_exam(tmp_path):
    match = start(tmp_path, tiny(rounds=1))
    played(match)
    opening, folder = (match.home.round_folder("tiny", number) for number in (0, 1))
    with Image.open(folder / SAMPLES) as page:
        sheet = np.asarray(page).reshape(8, 16, 8, 16, 3)  # rows and columns of faces of 16 pixels
    faces = np.ascontiguousarray(sheet.swapaxes(1, 2).reshape(64, 16, 16, 3))
    detector = player(read_snapshot(folder / SNAPSHOT.format(role="detector")))
    assert np.array_equal(np.load(folder / SAMPLE_SCORES), detector.answer(faces).scores)
    assert not (opening / SAMPLE_SCORES).exists()


def test_samples_that_cannot_be_scored_end_the_match_as_an_exam_would(tmp_path, monkeypatch):
    answer = StampReader.answer
    monkeypatch.setattr(
        StampReader,
        "answer",
        lambda self, paper: Answer(answer(self, paper).scores * (np.nan if len(paper) == 64 else 1), 0.5),
    )
    match = start(tmp_path, tiny("stamper", "stamp-reader", rounds=1))
    with pytest.raises(InvalidAnswer, match="64 of 64 scores that are not a number"):
        played(match)
    assert match.home.last_round("tiny") == 0


def test_without_knowledge_team_a_never_sees_team_b(tmp_path):
    seen = played(start(tmp_path, tiny(rounds=1, knowledge="none")))
    assert "evasion" not in seen.rounds[0].training["generator"].losses


def test_the_same_seed_gives_the_same_match_and_another_seed_another(tmp_path):
    runs = []
    for i, seed in enumerate((0, 0, 1)):
        match = start(tmp_path / str(i), tiny(rounds=1, seed=seed))
        played(match)
        runs.append(outcome(match))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_a_stamp_reader_is_always_right(tmp_path):
    record = played(start(tmp_path, tiny("stamper", "stamp-reader", rounds=1))).rounds[0].judged
    assert (record.accuracy, record.auroc, record.winner, record.call) == (1.0, 1.0, "B", "B")
    assert not record.degenerate


def test_calling_everything_fake_is_half_right_and_degenerate(tmp_path):
    record = played(start(tmp_path, tiny("stamper", "always-fake", rounds=1))).rounds[0].judged
    assert (record.accuracy, record.tpr, record.tnr) == (0.5, 1.0, 0.0)
    assert record.degenerate
    assert (record.winner, record.call) == ("B", "too close")


def test_a_coin_is_too_close(tmp_path):
    record = played(start(tmp_path, tiny("stamper", "coin", rounds=1))).rounds[0].judged
    assert record.call == "too close"
    assert record.p_value > 0.05


def test_the_exam_shows_the_referees_faces_and_fakes_nobody_published(tmp_path):
    match = start(tmp_path, tiny("stamper", "stamp-reader", rounds=1))
    played(match)
    folder = match.home.round_folder("tiny", 1)
    fakes, gallery = np.load(folder / "fakes.npy"), np.load(folder / "gallery.npy")
    assert not {image.tobytes() for image in fakes} & {image.tobytes() for image in gallery}


@pytest.mark.parametrize(("healthy_scale", "scale"), [(0.5, 0.5), (0.25, 0.25), (0.125, 0.125)])
def test_a_diverged_round_is_played_again_with_a_lower_learning_rate(tmp_path, healthy_scale, scale):
    stubborn = {"name": "stubborn-stamper", "options": {"healthy_scale": healthy_scale}}
    match = start(tmp_path, tiny(generator=stubborn, detector="stamp-reader", rounds=2))
    seen = played(match)
    assert [record.training["generator"].learning_rate_scale for record in seen.rounds] == [scale, 1.0]
    assert [kind for _, kind, _ in seen.events] == ["retry"] * round(np.log2(1 / scale))
    assert f"with {scale:g} times its learning rate" in seen.events[-1][2]
    assert [event["kind"] for event in match.home.events("tiny")] == [kind for _, kind, _ in seen.events]
    assert all(record.judged.forfeit is None for record in seen.rounds)


@pytest.mark.parametrize(
    ("generator", "detector", "forfeit", "winner"),
    [
        ({"name": "stubborn-stamper"}, "stamp-reader", "generator", "B"),
        ("stamper", {"name": "stubborn-reader"}, "detector", "A"),
    ],
)
def test_a_team_that_keeps_diverging_forfeits_the_round_and_plays_on(tmp_path, generator, detector, forfeit, winner):
    seen = played(start(tmp_path, tiny(generator=generator, detector=detector, rounds=2)))
    lost, next_one = seen.rounds
    assert (lost.judged.forfeit, lost.judged.winner, lost.judged.call) == (forfeit, winner, winner)
    assert lost.training[forfeit].steps == 0
    assert [kind for _, kind, _ in seen.events] == ["retry"] * 3 + ["forfeit"]
    assert next_one.judged.forfeit is None
    assert next_one.training[forfeit].images == (2 if forfeit == "generator" else 1)


def test_a_warm_up_that_keeps_diverging_ends_the_match_with_a_sentence(tmp_path):
    stubborn = {"name": "stubborn-stamper", "options": {"round": 0}}
    with pytest.raises(ArenaError, match="lower its learning_rate"):
        played(start(tmp_path, tiny(generator=stubborn, detector="stamp-reader", rounds=1)))


def test_a_broken_contender_ends_the_match_and_keeps_what_was_acknowledged(tmp_path):
    match = start(tmp_path, tiny("giant", "stamp-reader", rounds=1))
    with pytest.raises(InvalidAnswer, match=r"the generator handed in images of shape \[20, 32, 16, 3\]"):
        played(match)
    assert match.home.last_round("tiny") == 0


def test_a_match_can_go_on_for_more_rounds(tmp_path):
    played(start(tmp_path / "two", tiny(rounds=2)))
    match = reopened(tmp_path / "two")
    with match.home.lock("tiny"):
        longer = play_more(match, 1)
    played(longer)
    whole = start(tmp_path / "three", tiny(rounds=3))
    played(whole)
    assert outcome(longer) == outcome(whole)
    assert longer.home.match("tiny").config["rounds"] == 3


def test_a_finished_match_plays_nothing_when_it_is_resumed(tmp_path):
    match = start(tmp_path, tiny(rounds=1))
    played(match)
    before = outcome(match)
    assert played(reopened(tmp_path)).rounds == []
    assert outcome(match) == before


def test_names_are_chosen_free_and_refused_when_taken(tmp_path):
    match = start(tmp_path, tiny(rounds=1), "deep")
    assert choose_name(match.home, match.config, None) == "dcgan-cnn-1"
    with pytest.raises(ArenaError, match="arena resume deep"):
        choose_name(match.home, match.config, "deep")
    with pytest.raises(ArenaError, match="cannot be called"):
        choose_name(match.home, match.config, "../deep")


def test_faces_that_changed_since_the_start_are_refused(tmp_path):
    match = start(tmp_path, tiny(rounds=1))
    changed = match.facts | {"faces": match.facts["faces"] | {"digest": "0" * 64}}
    with match.home.transaction() as ledger:
        ledger.execute("UPDATE match SET facts = ?", (json.dumps(changed),))
    with pytest.raises(ArenaError, match="have changed since tiny was started"):
        reopened(tmp_path)


def test_options_that_do_not_fit_the_images_are_refused_before_the_match_is_entered(tmp_path):
    with pytest.raises(ArenaError, match="48"):
        start(tmp_path, tiny(image_size=48))
    assert Home.open(tmp_path).matches() == []


def test_too_few_faces_are_refused_before_the_match_is_entered(tmp_path):
    with pytest.raises(ArenaError, match="too few faces: of 60 faces"):
        start(tmp_path, tiny(faces="procedural:60"))
    with pytest.raises(ArenaError, match=r"an exam of 400 images needs 200 real ones.*--set exam.size=120"):
        start(tmp_path, tiny(exam={"size": 400}))
    assert Home.open(tmp_path).matches() == []
