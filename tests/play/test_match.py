from __future__ import annotations

import json

import awkward  # noqa: F401 - registers its contenders
import numpy as np
import pytest
from matches import TINY, outcome, played, reopened, start, tiny
from PIL import Image
from safetensors.numpy import load_file
from scripted import StampReader

from arena.play.config import validate
from arena.play.desk import pledge_of
from arena.play.match import new_match, play_more, prepare_faces, reserved_name
from arena.play.verify import replay, verify
from arena.seeds import derive
from arena.snapshot import player, read_snapshot
from arena.store.home import Home
from arena.store.names import SAMPLE_SCORES, SAMPLE_SOURCES, SAMPLES, SNAPSHOT
from arena.store.secrets import pledges
from arena.types import Answer, ArenaError

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
    "too_close",
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


def test_what_the_samples_were_made_of_is_kept(tmp_path):
    match = start(tmp_path / "home", tiny("teller", "stamp-reader", rounds=1))
    played(match)
    folder = match.home.round_folder("tiny", 1)
    told = load_file(folder / SAMPLE_SOURCES)
    fakes = player(read_snapshot(folder / SNAPSHOT.format(role="generator")))
    seed = derive(derive(match.config.seed, "generator"), "samples")
    assert told.keys() == {"original", "mask"}
    assert told["original"].shape == told["mask"].shape == (64, 16, 16, 3)
    assert SAMPLE_SOURCES in json.loads((folder / "manifest.json").read_text())["files"]
    assert np.array_equal(told["original"], 255 - fakes.generate(64, seed))


@pytest.mark.parametrize(
    ("wrong", "said"), [("name", "'Original!'"), ("size", "[64, 15, 16, 3]"), ("words", "64 of up")]
)
def test_sources_that_nobody_can_use_are_a_wrong_answer(tmp_path, wrong, said):
    match = start(tmp_path / "home", tiny({"name": "teller", "options": {"wrong": wrong}}, "stamp-reader", rounds=1))
    events = played(match).events
    assert all("the generator handed in" in text and said in text for _, _, text in events)
    assert {kind for _, kind, _ in events} == {"retry", "forfeit"}
    assert not (match.home.round_folder("tiny", 1) / SAMPLE_SOURCES).exists()


def test_samples_that_cannot_be_scored_are_a_wrong_answer(tmp_path, monkeypatch):
    answer = StampReader.answer
    monkeypatch.setattr(
        StampReader,
        "answer",
        lambda self, paper: Answer(answer(self, paper).scores * (np.nan if len(paper) == 64 else 1), 0.5),
    )
    match = start(tmp_path, tiny("stamper", "stamp-reader", rounds=1))
    seen = played(match)
    assert "64 of 64 scores that are not a number" in seen.events[0][2]
    assert seen.rounds[0].verdict.forfeit == "detector"
    assert not (match.home.round_folder("tiny", 1) / SAMPLE_SCORES).exists()


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
    assert (record.accuracy, record.auroc, record.winner, record.too_close) == (1.0, 1.0, "B", False)
    assert not record.degenerate


def test_calling_everything_fake_is_half_right_and_degenerate(tmp_path):
    record = played(start(tmp_path, tiny("stamper", "always-fake", rounds=1))).rounds[0].judged
    assert (record.accuracy, record.tpr, record.tnr) == (0.5, 1.0, 0.0)
    assert record.degenerate
    assert (record.winner, record.too_close) == ("B", True)


def test_a_coin_is_too_close(tmp_path):
    record = played(start(tmp_path, tiny("stamper", "coin", rounds=1))).rounds[0].judged
    assert record.too_close
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
    assert (lost.judged.forfeit, lost.judged.winner, lost.judged.too_close) == (forfeit, winner, False)
    assert lost.training[forfeit].steps == 0
    assert [kind for _, kind, _ in seen.events] == ["retry"] * 3 + ["forfeit"]
    assert next_one.judged.forfeit is None
    assert next_one.training[forfeit].images == (2 if forfeit == "generator" else 1)


def test_a_warm_up_that_keeps_diverging_is_sat_out(tmp_path):
    stubborn = {"name": "stubborn-stamper", "options": {"round": 0}}
    seen = played(start(tmp_path, tiny(generator=stubborn, detector="stamp-reader", rounds=1)))
    assert [kind for _, kind, _ in seen.events] == ["retry"] * 3 + ["forfeit"]
    assert seen.openings[0].training["generator"].steps == 0
    assert seen.rounds[0].verdict.forfeit is None


QUITTERS = [
    ("generator", "train"),
    ("generator", "generate"),
    ("generator", "state"),
    ("detector", "train"),
    ("detector", "answer"),
    ("detector", "state"),
]


def against(role, quitter):
    return tiny(**{"generator": "stamper", "detector": "stamp-reader", role: quitter}, rounds=3)


@pytest.mark.parametrize(("role", "call"), QUITTERS)
def test_whatever_a_contender_raises_costs_it_the_round_and_nobody_the_match(tmp_path, role, call):
    match = start(tmp_path, against(role, {"name": "quitter", "options": {"call": call}}))
    seen = played(match)
    assert [record.verdict.forfeit for record in seen.rounds] == [None, role, None]
    assert seen.rounds[1].verdict.winner == ("B" if role == "generator" else "A")
    assert not seen.rounds[1].verdict.too_close
    kinds = ["retry", "forfeit"] if call == "train" else ["retry", "forfeit", "forfeit"]
    assert [(number, kind) for number, kind, _ in seen.events] == [(2, kind) for kind in kinds]
    assert all(f"the {role} failed: awkward.Unspeakable: 1 and 2" in text for _, _, text in seen.events)
    assert all(not findings for _, findings in verify(match))


@pytest.mark.parametrize(("role", "call"), QUITTERS)
def test_what_a_contender_raises_once_costs_a_second_attempt_only(tmp_path, role, call):
    quitter = {"name": "quitter", "options": {"call": call, "times": 1}}
    seen = played(start(tmp_path / "once", against(role, quitter)))
    assert [(number, kind) for number, kind, _ in seen.events] == [(2, "retry")]
    assert [record.verdict.forfeit for record in seen.rounds] == [None] * 3


def test_a_forfeit_for_want_of_an_answer_is_judged_by_what_was_handed_in_last(tmp_path):
    match = start(tmp_path, against("generator", {"name": "quitter", "options": {"call": "generate"}}))
    played(match)
    before, after = (match.home.round_folder("tiny", number) for number in (1, 2))
    published = {image.tobytes() for image in np.load(before / "gallery.npy")}
    assert {image.tobytes() for image in np.load(after / "fakes.npy")} <= published
    name = SNAPSHOT.format(role="generator")
    assert (before / name).read_bytes() == (after / name).read_bytes()


def test_wrong_answers_are_forfeits(tmp_path):
    match = start(tmp_path, tiny("giant", "stamp-reader", rounds=1))
    seen = played(match)
    assert seen.rounds[0].verdict.forfeit == "generator"
    assert "the generator handed in images of shape [20, 32, 16, 3]" in seen.events[0][2]


def test_when_both_fail_the_exam_decides(tmp_path):
    quitter = {"name": "quitter", "options": {"call": "train", "round": 1}}
    seen = played(start(tmp_path, tiny(generator=quitter, detector=quitter, rounds=1)))
    assert [kind for _, kind, _ in seen.events] == ["retry", "forfeit", "retry", "forfeit"]
    assert seen.rounds[0].verdict.forfeit is None
    assert seen.rounds[0].verdict.accuracy == 1.0


@pytest.mark.parametrize("detector", ["trio", "big-eyes"])
def test_detectors_of_many_networks_and_of_other_sizes_play_and_are_attacked(tmp_path, detector):
    options = {"batch": 8, "steps": 2} | ({"validation": 0.2} if detector == "big-eyes" else {})
    match = start(tmp_path, tiny(detector={"name": detector, "options": options}, rounds=2))
    seen = played(match)
    knows = "whitebox" if detector == "big-eyes" else "none"
    assert [record.training["generator"].knowledge for record in seen.rounds] == [knows] * 2
    assert [record.training["generator"].why for record in seen.rounds] == [
        "" if knows == "whitebox" else "trio has no gradients to train against"
    ] * 2
    assert replay(match, 2) == []


def test_exams_are_drawn_from_a_secret_and_pledged_before_their_round(tmp_path):
    exam = TINY["exam"] | {"secret": "random"}
    matches = [start(tmp_path / str(i), tiny("stamper", "stamp-reader", rounds=2, exam=exam)) for i in range(2)]
    for match in matches:
        played(match)
        assert all(not findings for _, findings in verify(match))
        assert replay(match, 2) == []
    seeds = [_exam_seed(match, 1) for match in matches]
    assert seeds[0] != seeds[1]
    assert all(seed != derive(derive(match.config.seed, "referee"), "exam", 1) for seed in seeds)
    home = matches[0].home
    assert pledges(home, "tiny") == {n: pledge_of("tiny", n, _exam_seed(matches[0], n)) for n in (1, 2)}
    with home.transaction() as ledger:
        ledger.execute("UPDATE pledge SET digest = 'x' WHERE round = 2")
    found = dict(verify(matches[0]))
    assert [finding.text for finding in found[2]] == ["was not drawn from what was pledged before the round"]


def _exam_seed(match, number):
    return int(load_file(match.home.round_folder("tiny", number) / "exam.safetensors")["seed"])


def test_a_given_seed_makes_a_match_repeatable_and_without_one_exams_are_secret():
    assert validate({}).exam.secret == "random"
    assert validate({"seed": 3}).exam.secret == "seed"
    assert validate({"seed": 3, "exam": {"secret": "random"}}).exam.secret == "random"


def test_a_team_that_needs_landmarks_gets_them_and_people(tmp_path, monkeypatch):
    looked = []

    def landmarks(faces, folder, finder):
        looked.append(len(faces.images))
        return np.full((len(faces.images), 5, 2), 7, np.float32)

    monkeypatch.setattr("arena.play.match.points_of", landmarks)
    monkeypatch.setattr("arena.play.desk.points_of", landmarks)
    match = start(tmp_path, tiny(detector="anatomist", rounds=1))
    played(match)
    assert set(looked) == {180}
    assert match.facts["faces"]["points"]
    assert match.facts["fetched"] == {"generator": {}, "detector": {"atlas": 64 * "0"}}
    assert replay(match, 1) == []
    other = start(tmp_path / "other", tiny("stamper", "stamp-reader", rounds=1))
    assert not other.facts["faces"]["points"]


def test_a_round_that_a_team_took_no_part_in_is_not_replayed(tmp_path):
    match = start(tmp_path, against("detector", {"name": "quitter", "options": {"call": "answer"}}))
    seen = played(match)
    assert [record.absent for record in seen.rounds] == [(), ("detector",), ()]
    with pytest.raises(ArenaError, match="round 2 of tiny cannot be replayed: the detector had failed"):
        replay(match, 2)
    assert replay(match, 3) == []


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
    with reserved_name(match.home, match.config, None) as name:
        assert name == "dcgan-cnn-1"
    for taken, sentence in (("deep", "arena resume deep"), ("../deep", "cannot be named")):
        with pytest.raises(ArenaError, match=sentence), reserved_name(match.home, match.config, taken):
            raise AssertionError


def test_two_starts_at_once_get_two_names_and_what_was_not_used_is_free_again(tmp_path):
    home, other, config = Home.create(tmp_path), Home.create(tmp_path), tiny(rounds=1)
    with reserved_name(home, config, None) as first, reserved_name(other, config, None) as second:
        assert (first, second) == ("dcgan-cnn-1", "dcgan-cnn-2")
        with pytest.raises(ArenaError, match="about to start a match"), reserved_name(home, config, second):
            raise AssertionError
        match = new_match(home, config, first, prepare_faces(home, config), "cpu", "fp32")
        assert home.is_playing(first)
    played(match)
    assert [path.name for path in (tmp_path / "matches").iterdir()] == ["dcgan-cnn-1"]


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
    with pytest.raises(ArenaError, match=r"too few faces: of 60 faces .* `arena faces crop` first"):
        start(tmp_path, tiny(faces="procedural:60"))
    with pytest.raises(ArenaError, match=r"an exam of 400 images needs 200 real ones.*--set exam.size=120"):
        start(tmp_path, tiny(exam={"size": 400}))
    assert Home.open(tmp_path).matches() == []
