from __future__ import annotations

import pytest
from servedhome import new_home

from arena.referee.blind import BlindTest, Shown, Vote
from arena.store.follow import Follower
from arena.store.home import Home
from arena.store.votes import AnsweredAlready, enter_test, enter_vote, find_test, votes_since

TEST = BlindTest("a1", "duel", 1, 0.25, (Shown(3, True, 0.5), Shown(0, False, 0.125)))


@pytest.fixture
def home(tmp_path):
    return new_home(tmp_path / "home")


def test_a_test_and_its_vote_come_back_as_they_were(home):
    enter_test(home, TEST)
    reopened = Home.open(home.root)
    assert find_test(reopened, "a1") == TEST
    assert find_test(reopened, "b2") is None
    assert votes_since(reopened) == []
    enter_vote(reopened, Vote(TEST, (True, True)))
    assert [vote for _, vote in votes_since(home)] == [Vote(TEST, (True, True))]


def test_a_test_counts_once(home):
    enter_test(home, TEST)
    enter_vote(home, Vote(TEST, (True, True)))
    with pytest.raises(AnsweredAlready, match="ask for a new one"):
        enter_vote(home, Vote(TEST, (True, False)))
    assert [vote.called_fake for _, vote in votes_since(home)] == [(True, True)]


def test_votes_since_the_last_one_that_was_read(home):
    for id in ("a1", "b2"):
        test = BlindTest(id, "duel", 1, 0.5, TEST.images)
        enter_test(home, test)
        enter_vote(home, Vote(test, (True, False)))
    (first, _), (second, _) = votes_since(home)
    assert [vote.test.id for _, vote in votes_since(home, first)] == ["b2"]
    assert votes_since(home, second) == []


def test_a_home_of_an_older_arena_gets_the_tables(home):
    with home.transaction() as ledger:
        ledger.execute("DROP TABLE blind_vote")
        ledger.execute("DROP TABLE blind_test")
        for table in ("pledge", "pruned"):
            ledger.execute(f"DROP TABLE {table}")
        for index in ("outbox_of_match", "outbox_unshipped", "event_of_match"):
            ledger.execute(f"DROP INDEX {index}")
    home.rows("PRAGMA user_version = 0")
    home.close()
    enter_test(Home.open(home.root), TEST)


def test_who_follows_the_ledger_hears_of_votes_and_of_nothing_else(home):
    follower = Follower(home.root)
    before = follower.refresh()
    log, cursor = list(follower.log), follower.cursor
    enter_test(home, TEST)
    enter_vote(home, Vote(TEST, (True, True)))
    assert follower.refresh() > before
    assert [(count.match, count.images, count.visitor) for count in follower.votes] == [("duel", 2, 1)]
    assert (follower.log, follower.cursor) == (log, cursor)
    follower.refresh()
    enter_test(home, BlindTest("b2", "duel", 1, 0.5, TEST.images))
    follower.refresh()
    assert len(follower.votes) == 1
