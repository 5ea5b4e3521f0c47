from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import safetensors.numpy

from arena.referee.exam import ExamRecord, Referee, draw_blindly, draw_paper
from arena.referee.verdict import Rule, verdict
from arena.types import Answer, ArenaError, InvalidAnswer

SIZE = 40
HALF = SIZE // 2
# Real face i is filled with i, fake i with 100 + i: every image says what it is.
FACES = np.broadcast_to(np.arange(30, dtype=np.uint8)[:, None, None, None], (30, 4, 4, 3)).copy()
PEOPLE = np.arange(30)
FAKES = np.broadcast_to(np.arange(100, 100 + HALF, dtype=np.uint8)[:, None, None, None], (HALF, 4, 4, 3)).copy()


def referee(seed: int = 5) -> Referee:
    return Referee(FACES, PEOPLE, seed, SIZE)


def stamp_reader(paper):
    return Answer((paper[:, 0, 0, 0] >= 100).astype(np.float64), 0.5)


def test_stamp_reader_is_always_right():
    team = referee()
    result, record = team.grade(1, stamp_reader(team.set_paper(1, FAKES)))
    assert (result.accuracy, result.auroc, result.eer, result.brier, result.average_precision) == (1, 1, 0, 0, 1)
    assert (result.winner, result.too_close, result.degenerate, result.n) == ("B", False, False, SIZE)
    assert result.auroc_low == pytest.approx(0.025 ** (1 / HALF))
    assert record.labels.sum() == HALF


def test_always_fake_is_right_exactly_half_the_time():
    team = referee()
    paper = team.set_paper(1, FAKES)
    result, _ = team.grade(1, Answer(np.ones(len(paper)), 0.5))
    assert (result.accuracy, result.winner, result.too_close, result.degenerate) == (0.5, "B", True, True)


def test_a_coin_flip_is_too_close():
    too_close = 0
    for round in range(1, 41):
        team = referee()
        paper = team.set_paper(round, FAKES)
        scores = np.random.default_rng(round).random(len(paper))
        result, _ = team.grade(round, Answer(scores, 0.5))
        assert not result.degenerate
        too_close += result.too_close
    # At 40 images the exact test is wrong in at most 3.9 of 100 rounds: more than 5 of 40 would be no coin.
    assert too_close >= 35


def test_paper_holds_every_fake_once_and_as_many_different_reals():
    team = referee()
    values = team.set_paper(3, FAKES)[:, 0, 0, 0]
    reals = values[values < 100]
    assert sorted(values[values >= 100]) == list(range(100, 100 + HALF))
    assert len(set(reals)) == HALF
    assert set(reals) <= set(range(30))
    assert not np.array_equal(np.sort(values), values)


def test_paper_follows_from_seed_and_round_alone():
    early, late = referee(), referee()
    for round in (1, 2, 3):
        early.order_fakes(round)
        early.set_paper(round, FAKES)
    assert np.array_equal(early.set_paper(4, FAKES), late.set_paper(4, FAKES))
    assert early.order_fakes(4) == late.order_fakes(4)
    assert not np.array_equal(late.set_paper(4, FAKES), late.set_paper(5, FAKES))
    assert not np.array_equal(referee(5).set_paper(4, FAKES), referee(6).set_paper(4, FAKES))


def test_fakes_are_ordered_with_a_new_seed_each_round():
    orders = [referee(seed).order_fakes(round) for seed in (5, 6) for round in range(50)]
    assert {order.n for order in orders} == {HALF}
    assert len({order.seed for order in orders}) == 100
    assert all(0 <= order.seed < 2**63 for order in orders)


def test_labels_are_not_to_be_guessed_from_the_position():
    """Over 200 rounds every position is fake about half the time: 3.9 deviations of a binomial around 100."""
    labels = sum(draw_paper(PEOPLE, SIZE, seed).labels.astype(int) for seed in range(200))
    assert abs(labels - 100).max() < 28


def test_paper_is_a_copy():
    team = referee()
    faces, fakes = FACES.copy(), FAKES.copy()
    paper = team.set_paper(1, FAKES)
    kept = paper.copy()
    paper[:] = 255
    assert np.array_equal(FACES, faces)
    assert np.array_equal(FAKES, fakes)
    assert np.array_equal(team.set_paper(1, FAKES), kept)


def test_faces_may_be_a_read_only_memory_map(tmp_path):
    np.save(tmp_path / "faces.npy", FACES)
    team = Referee(np.load(tmp_path / "faces.npy", mmap_mode="r"), PEOPLE, 5, SIZE)
    paper = team.set_paper(1, FAKES)
    assert type(paper) is np.ndarray
    assert paper.flags.writeable
    assert np.array_equal(paper, referee().set_paper(1, FAKES))


def test_record_is_judged_and_sat_again():
    rule = Rule(win_accuracy=0.6)
    people = PEOPLE // 2
    team = Referee(FACES, people, 5, SIZE, rule)
    paper = team.set_paper(2, FAKES)
    scores = np.random.default_rng(0).random(SIZE)
    result, record = team.grade(2, Answer(scores, 0.4), forfeit="generator")
    stored = ExamRecord.from_arrays(safetensors.numpy.load(safetensors.numpy.save(record.to_arrays())))
    assert stored.judge(rule, forfeit="generator") == result
    assert result.people == 15
    assert np.array_equal(stored.people, people[stored.real_indices])
    assert np.array_equal(stored.paper.images(FACES, FAKES), paper)
    assert stored.paper.fake_order == team.order_fakes(2)
    drawn = team.draw_again(2, stored)
    for name in ("order", "real_indices", "people", "seed"):
        assert np.array_equal(getattr(drawn, name), getattr(stored, name))
    assert {name: str(array.dtype) for name, array in stored.to_arrays().items()} == {
        "labels": "int8",
        "scores": "float64",
        "threshold": "float64",
        "order": "int64",
        "real_indices": "int64",
        "seed": "int64",
        "people": "int64",
    }


def test_whose_each_face_is_follows_the_order_of_the_paper():
    team = Referee(FACES, PEOPLE // 3, 5, SIZE)
    paper = team.set_paper(1, FAKES)[:, 0, 0, 0]
    _, record = team.grade(1, Answer(paper / 255, 0.5))
    assert np.array_equal(record.paper.shown_people, paper[paper < 100] // 3)
    assert np.array_equal(record.scores[record.labels == 0] * 255 // 3, record.paper.shown_people)


def test_an_exam_of_the_first_arena_is_judged_and_sat_as_it_was():
    team = referee()
    _, record = team.grade(1, stamp_reader(team.set_paper(1, FAKES)))
    seed = record.seed
    paper = draw_blindly(len(FACES), SIZE, seed)
    old = ExamRecord(paper.labels, np.linspace(0, 1, SIZE), 0.7, paper.order, paper.real_indices, seed)
    assert "people" not in old.to_arrays()
    stored = ExamRecord.from_arrays(old.to_arrays())
    rule = Rule(marking="threshold")
    assert stored.judge(rule) == verdict(paper.labels, stored.answer, rule)
    assert stored.judge(rule).people is None
    assert np.array_equal(team.draw_again(1, stored).real_indices, paper.real_indices)
    assert np.array_equal(stored.paper.images(team.faces, FAKES), paper.images(FACES, FAKES))


@pytest.mark.parametrize(
    ("faces_of", "most"),
    [
        ([1] * 30, 1),
        ([1] * 15 + [5] * 3, 2),  # 18 people for 20 places
        ([2] * 20, 1),  # as many as are needed
        ([7, 7, 7, 7, 2], 5),  # 2 of the last, 18 of four people
        ([40], 20),
    ],
)
def test_a_paper_has_as_few_faces_a_person_as_can_be(faces_of, most):
    people = np.random.default_rng(0).permutation(np.repeat(np.arange(len(faces_of)), faces_of))
    for seed in range(20):
        paper = draw_paper(people, SIZE, seed)
        assert len(set(paper.real_indices.tolist())) == HALF
        assert np.array_equal(paper.people, people[paper.real_indices])
        _, counts = np.unique(paper.people, return_counts=True)
        assert counts.max() == most
        # Who has fewer than the most, and one less at that, has no face left.
        for person, has in enumerate(np.bincount(paper.people, minlength=len(faces_of))):
            assert has >= min(most - 1, faces_of[person])


def test_every_person_and_every_face_has_its_turn():
    people = np.repeat(np.arange(40), 3)
    papers = [draw_paper(people, SIZE, seed) for seed in range(600)]
    faces = np.bincount(np.concatenate([paper.real_indices for paper in papers]), minlength=120)
    # Each of 120 faces in one of 6 papers: 100 +- 9.1 of 600.
    assert abs(faces - 100).max() < 45
    persons = np.bincount(np.concatenate([paper.people for paper in papers]), minlength=40)
    assert abs(persons - 300).max() < 60


def test_scores_on_record_cannot_be_changed_from_outside():
    team = referee()
    answer = stamp_reader(team.set_paper(1, FAKES))
    _, record = team.grade(1, answer)
    before = record.scores.copy()
    answer.scores[:] = 0.5
    assert np.array_equal(record.scores, before)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda a: a.pop("order"), "'order' is missing"),
        (lambda a: a.update(scores=a["scores"].astype(np.float32)), "'scores' is missing or is not float64"),
        (lambda a: a.update(threshold=np.zeros(2)), "'threshold'"),
        (lambda a: a.update(order=np.zeros(SIZE, np.int64)), "does not place every image once"),
        (lambda a: a.update(real_indices=a["real_indices"][1:]), "does not place every image once"),
        (lambda a: a.update(labels=1 - a["labels"]), "do not belong together"),
        (lambda a: a.update(scores=a["scores"][1:]), "do not belong together"),
        (lambda a: a.update(people=a["people"][1:]), "does not say whose each real face is"),
        (lambda a: a.update(people=a["people"].astype(np.int32)), "'people' is missing or is not int64"),
    ],
)
def test_damaged_record_is_refused(damage, message):
    team = referee()
    _, record = team.grade(1, stamp_reader(team.set_paper(1, FAKES)))
    arrays = record.to_arrays()
    damage(arrays)
    with pytest.raises(ArenaError, match=message):
        ExamRecord.from_arrays(arrays)


def test_only_the_open_paper_is_graded_and_only_once():
    team = referee()
    answer = Answer(np.full(SIZE, 0.5), 0.5)
    with pytest.raises(ArenaError, match="round 1 is not open, none is"):
        team.grade(1, answer)
    team.set_paper(1, FAKES)
    with pytest.raises(ArenaError, match="round 2 is not open, that of round 1 is"):
        team.grade(2, answer)
    team.grade(1, answer)
    with pytest.raises(ArenaError, match="round 1 is not open"):
        team.grade(1, answer)


def test_an_invalid_answer_leaves_the_paper_open():
    team = referee()
    good = stamp_reader(team.set_paper(1, FAKES))
    with pytest.raises(InvalidAnswer, match="not a number"):
        team.grade(1, Answer(np.full(SIZE, np.nan), 0.5))
    assert team.grade(1, good, forfeit="detector")[0].winner == "A"


def test_invalid_fakes_open_no_paper():
    team = referee()
    with pytest.raises(InvalidAnswer, match="the generator"):
        team.set_paper(1, FAKES[1:])
    with pytest.raises(ArenaError, match="not open"):
        team.grade(1, Answer(np.full(SIZE, 0.5), 0.5))


@pytest.mark.parametrize("size", [-2, 0, 2, 7])
def test_impossible_sizes_are_refused(size):
    with pytest.raises(ArenaError, match=f"exam of {size} images"):
        Referee(FACES, PEOPLE, 5, size)


def test_too_few_faces_are_refused():
    Referee(FACES, PEOPLE, 5, 60)
    with pytest.raises(ArenaError, match="62 images needs 31 real faces, but the referee's part has 30"):
        Referee(FACES, PEOPLE, 5, 62)


def test_faces_must_be_square_images():
    with pytest.raises(ValueError, match="square"):
        Referee(np.zeros((30, 4, 5, 3), np.uint8), PEOPLE, 5, SIZE)
    with pytest.raises(ValueError, match="float64"):
        Referee(np.zeros((30, 4, 4, 3)), PEOPLE, 5, SIZE)
    with pytest.raises(ValueError, match="30 faces need as many identities"):
        Referee(FACES, PEOPLE[1:], 5, SIZE)


def test_the_referee_needs_no_torch():
    code = "import sys; from arena.referee import exam, metrics, sheets, verdict; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
