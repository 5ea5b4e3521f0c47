"""The stream of events and the client, over a real connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil

import anyio
import fastapi.routing
import pytest
from servedhome import new_home, new_match, play, play_all, served

from arena.service.client import Client, read_events
from arena.service.events import events
from arena.service.routes.streams import Departures
from arena.service.state import State
from arena.store.progress import Underway, write_progress
from arena.types import ArenaError, Progress


@pytest.fixture
def home(tmp_path):
    return new_home(tmp_path / "home")


@pytest.fixture
def client(home):
    with served(home.root) as address, Client(address) as client:
        yield client


def take(events, *names):
    """The next events; their names are checked."""
    found = [next(events) for _ in names]
    assert [event.name for event in found] == list(names)
    return found


def test_what_happens_is_told_as_it_happens(home, client):
    events = client.events()
    (at_first,) = take(events, "playing")
    assert at_first.data.matches == []
    play(home, 0)
    play(home, 1)
    opening, first = take(events, "round", "round")
    assert (opening.data.round.round, opening.data.round.verdict) == (0, None)
    assert first.data.round.verdict.winner == "B"
    home.log("duel", 2, "forfeit", "the generator forfeits")
    (note,) = take(events, "note")
    assert (note.data.round, note.data.kind, note.data.detail) == (2, "forfeit", "the generator forfeits")
    play(home, 2, last=True)
    take(events, "round", "end")
    new_match(home, "other")
    (created,) = take(events, "match")
    assert created.data.match == "other"


def test_who_reconnects_misses_nothing(home, client):
    play(home, 0)
    home.log("duel", 1, "retry", "slower")
    events = client.events(after="0-0")
    take(events, "match")
    (seen,) = take(events, "round")
    events.close()
    play(home, 1)
    play(home, 2, last=True)
    again = client.events(after=seen.id)
    note, first, second, _ = take(again, "note", "round", "round", "end")
    assert (note.data.detail, first.data.round.round, second.data.round.round) == ("slower", 1, 2)


def test_an_answers_cursor_leaves_no_gap(home, client):
    play(home, 0)
    cursor = client.match("duel").cursor
    play(home, 1)
    (first,) = take(client.events("duel", after=cursor), "round")
    assert first.data.round.round == 1


def test_many_events_come_in_order(home, client):
    for number in range(450):  # more than two batches
        home.log("duel", number, "retry", "again")
    events = client.events(after="1-0")
    assert [next(events).data.round for _ in range(450)] == list(range(450))


def test_the_events_of_one_match(home, client):
    new_match(home, "other")
    events = client.events("other", after="0-0")
    play(home, 0)
    play(home, 0, "other")
    _, first, _ = take(events, "match", "round", "playing")
    assert first.data.match == "other"


def test_an_id_from_beyond_the_ledger_means_now(home, client):
    events = client.events(after="999-999")
    take(events, "playing")
    play(home, 0)
    (opening,) = take(events, "round")
    assert opening.id == "2-0"


def test_a_stream_goes_on_in_a_home_that_is_made_again(home):
    play(home, 0)
    play(home, 1)

    async def scenario():
        state = State(home.root, tick=0.001)
        state.ledger.refresh()
        stream = events(state, state.ledger.cursor)
        before = await anext(stream)
        shutil.rmtree(home.root)
        new_home(home.root, "rematch")
        after = await anext(stream)
        await stream.aclose()
        await state.close()
        return before, after

    before, after = asyncio.run(scenario())
    assert (before.id, before.event) == ("3-0", "playing")
    assert (after.id, after.event, after.data.match) == ("1-0", "match", "rematch")


def test_the_training_of_a_match_that_is_played(home, client):
    warming_up = {"generator": Progress("generator", 0, 3, 10, 40.0, {"g": 0.5})}
    with home.lock("duel"):
        write_progress(home.match_folder("duel"), Underway(0, 2, warming_up, 0.1, 14.0, None))
        playing, progress = take(client.events("duel"), "playing", "progress")
    assert (playing.data.matches, playing.data.starting) == (["duel"], [])
    assert (progress.data.round, progress.data.teams["generator"].step) == (0, 3)
    assert (progress.data.done, progress.data.round_left, progress.data.match_left) == (0.1, 14.0, None)
    assert progress.data.left == "about 20 s left of it"


def test_a_dead_drivers_last_word_is_not_repeated(home, client):
    write_progress(home.match_folder("duel"), Underway(0, 2, {}, 0.1, None, None))
    play(home, 0)
    with home.lock("duel"):
        events = client.events("duel")
        take(events, "playing")
        play(home, 1)
        take(events, "round")


def test_the_format_on_the_wire(home, client):
    with client._http.stream("GET", "events?after=0-0") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["x-accel-buffering"] == "no"
        lines = answer.iter_lines()
        assert next(lines) == "event: match"
        assert json.loads(next(lines).removeprefix("data: "))["match"] == "duel"
        assert [next(lines), next(lines)] == ["id: 1-0", ""]


def test_in_silence_something_is_said(client, monkeypatch):
    monkeypatch.setattr(fastapi.routing, "_PING_INTERVAL", 0.05)
    with client._http.stream("GET", "events?after=1-0") as answer:
        lines = answer.iter_lines()
        assert next(lines) == "event: playing"
        assert next(line for line in lines if line.startswith(":"))


def test_streams_are_limited_and_their_places_freed(home, monkeypatch):
    monkeypatch.setattr("arena.service.state.MOST_STREAMS_EACH", 2)
    with served(home.root) as address, Client(address) as client:
        streams = [client.events(), client.events("duel")]
        for stream in streams:
            take(stream, "playing")
        for path in ("events", "matches/duel/events"):
            refused = client._http.get(path)
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) > 0
            assert "no more than 2 streams of events are open at a time for one address" in refused.json()["detail"]
        assert client._http.get("matches/nobody/events").status_code in (404, 429)
        assert client.health().matches == 1
        streams[0].close()
        assert opened_again(client).name == "playing"


@pytest.mark.parametrize("error", [anyio.BrokenResourceError(), ValueError("a mistake")])
def test_a_client_that_leaves_is_no_error_and_a_mistake_is_one(error):
    async def app(scope, receive, send):
        raise ExceptionGroup("streaming", [error])

    with contextlib.nullcontext() if isinstance(error, anyio.BrokenResourceError) else pytest.raises(ExceptionGroup):
        asyncio.run(Departures(app)({}, None, None))


def test_streams_are_limited_in_all(home, monkeypatch):
    monkeypatch.setattr("arena.service.state.MOST_STREAMS", 1)
    with served(home.root) as address, Client(address) as client:
        stream = client.events()
        take(stream, "playing")
        refused = client._http.get("events")
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
        assert "no more than 1 streams of events are open at a time" in refused.json()["detail"]
        stream.close()
        assert opened_again(client).name == "playing"


def opened_again(client):
    """The first event of a stream, as soon as there is a place for it."""
    while True:
        with contextlib.suppress(ArenaError):
            return next(client.events())


def test_comments_and_unknown_events_are_passed_over():
    lines = [
        ":",
        "",
        "id: 1-0",
        "event: novelty",
        "data: {}",
        "",
        "id: 2-0",
        "event: playing",
        'data: {"matches": [], "starting": []}',
        "",
    ]
    (event,) = read_events(lines)
    assert (event.id, event.name) == ("2-0", "playing")


def test_the_client_asks_for_everything(home, client):
    play_all(home)
    assert client.health().matches == 1
    assert client.matches().items[0].name == "duel"
    assert client.rounds("duel", offset=1, limit=1).items[0].verdict.accuracy == 0.75
    assert client.round("duel", 2).curves["detector"][0].images == 50
    assert {line.team for line in client.standings("duel").items} == {"A", "B"}
    fake = client.exam("duel", 1).most_obvious[0]
    assert client.exam_fake("duel", 1, fake.index).startswith(b"\x89PNG")
    assert client.samples("duel", 1).startswith(b"\x89PNG")
    assert client.samples("duel", 1, 0).startswith(b"\x89PNG")
    assert client.animation("duel").startswith(b"GIF89a")


def test_the_client_says_what_the_service_says(client):
    with pytest.raises(ArenaError, match="no match named 'nobody'"):
        client.match("nobody")
    with pytest.raises(ArenaError, match="no match named 'nobody'"):
        next(client.events("nobody"))


def test_a_service_that_is_not_there_is_one_sentence():
    with Client("http://127.0.0.1:9") as client, pytest.raises(ArenaError, match="does not answer"):
        client.health()


def test_a_stream_ends_when_the_service_does(home):
    with served(home.root) as address:
        client = Client(address)
        events = client.events()
        take(events, "playing")
    assert list(events) == []
    client.close()
