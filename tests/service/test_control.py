"""Settings and control over HTTP, with real matches: tiny ones, in one process each."""

from __future__ import annotations

import time

import pytest
from fastapi.testclient import TestClient
from matches import TINY
from servedhome import new_home, play_all

from arena.play.config import MatchConfig
from arena.service.app import create_app
from arena.service.starts import Terms
from arena.store.home import Home

TOKEN = "0123456789abcdef-secret"
TERMS = Terms("off", "off", most=2)
ENDLESS = TINY | {"rounds": 10_000, "precision": "fp32"}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    home = new_home(tmp_path_factory.mktemp("control") / "home")
    play_all(home)
    return home.root


def service(root, **options):
    headers = {"authorization": f"Bearer {TOKEN}"}
    app = create_app(root, TOKEN, terms=TERMS, **options)
    return TestClient(app, base_url="http://127.0.0.1", headers=headers)


@pytest.fixture(scope="module")
def api(root):
    with service(root) as client:
        yield client


def get(client, path, status=200):
    answer = client.get(f"/api/{path}")
    assert answer.status_code == status, answer.text
    return answer.json()


def post(client, path, body=None, status=202):
    answer = client.post(f"/api/{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def until(look):
    deadline = time.monotonic() + 120
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def test_settings_make_a_form(api):
    found = get(api, "settings")
    assert found["defaults"] == MatchConfig().dump()
    assert found["matches_end"] is False
    properties = found["schema"]["properties"]
    assert set(properties) == set(found["defaults"])
    assert all(one.get("description") for one in properties.values())
    assert (properties["rounds"]["minimum"], properties["knowledge"]["enum"]) == (1, ["whitebox", "none"])
    assert found["schema"]["$defs"]["Exam"]["properties"]["size"]["multipleOf"] == 2


def test_every_option_says_its_type(api):
    for contender in get(api, "contenders")["items"]:
        for name, option in contender["options"].items():
            assert option.get("type") or option.get("enum") or option.get("anyOf"), (contender["name"], name)
    options = {c["name"]: c["options"] for c in get(api, "contenders")["items"]}
    assert [options["cnn"][name]["type"] for name in ("width", "dropout", "augment")] == [
        "integer",
        "number",
        "boolean",
    ]


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        ({"config": {"exam": {"size": 5}}}, "config.exam.size", "multiple of 2"),
        ({"config": {"rouns": 5}}, "config.rouns", "did you mean 'rounds'"),
        ({"config": {"generator": {"options": 5}}}, "config.generator.options", "dictionary"),
        ({"config": {"parts": [1, 2]}}, "config.parts.2", "required"),
        ({"config": {}, "name": "a/b"}, "name", "pattern"),
        ({"config": []}, "config", "dictionary"),
        ({"confg": {}}, "confg", "not permitted"),
    ],
)
def test_a_wrong_field_is_named_at_once(api, body, field, sentence):
    found = post(api, "matches", body, 422)
    assert found["field"] == field
    assert sentence in found["detail"]
    assert get(api, "starts") == {"items": []}


@pytest.mark.parametrize(
    ("config", "field", "sentence"),
    [
        ({"generator": "dcgn"}, "config.generator.name", "did you mean 'dcgan'"),
        ({"detector": {"options": {"width": "a"}}}, "config.detector.options.width", "integer"),
        ({"faces": "/nowhere/at/all"}, "config.faces", "there are no faces"),
    ],
)
def test_what_only_the_match_can_know_is_named_too(api, config, field, sentence):
    found = post(api, "matches", {"name": "wrong", "config": config}, 422)
    assert found["field"] == field
    assert sentence in found["detail"]
    assert get(api, "starts") == {"items": []}


@pytest.mark.parametrize("body", ["{", "[" * 5000, '{"config": {"seed": ' + "9" * 5000 + "}}", '"x"', ""])
def test_a_body_that_is_none_is_one_sentence(api, body):
    answer = api.post("/api/matches", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert "\n" not in answer.json()["detail"]


def test_a_start_that_fails_says_why_and_can_be_forgotten(api):
    post(api, "matches", {"name": "few", "config": TINY | {"faces": "procedural:6"}})
    (start,) = until(lambda: [s for s in get(api, "starts")["items"] if s["status"] == "failed"])
    assert start["name"] == "few"
    assert "faces" in start["problem"]
    assert "control" not in start["problem"]  # the folder of this test
    assert api.delete("/api/starts/few").status_code == 204
    assert api.delete("/api/starts/few").status_code == 404
    assert get(api, "starts") == {"items": []}


def test_a_match_is_started_stopped_resumed_and_survives_its_service(root, api):
    started = post(api, "matches", {"name": "live", "config": ENDLESS})
    assert (started["name"], started["status"]) == ("live", "starting")
    post(api, "matches", {"name": "live", "config": TINY}, 409)
    home = Home.open(root)
    until(lambda: home.last_round("live"))
    with service(root) as later:  # which knows nothing but what is on disk
        until(lambda: get(later, "matches/live")["status"] == "playing")
        assert get(later, "starts") == {"items": []}
        post(later, "matches/live/resume", status=409)
        assert post(later, "matches/live/stop") == {"match": "live"}
        stopped = until(lambda: (m := get(later, "matches/live"))["status"] == "stopped" and m)
        assert stopped["problem"] is None
        post(later, "matches/live/stop", status=409)
        played = home.last_round("live")
        post(later, "matches/live/resume", {"rounds": 0}, 422)
        post(later, "matches/live/resume", {"rounds": 1})
        post(later, "matches/live/resume", {"rounds": 1}, 409)
        until(lambda: get(later, "matches/live")["status"] == "finished")
        assert home.last_round("live") == played + 1
        until(lambda: not later.app.state.arena.starts.close())
    home.close()
    assert "all its rounds" in post(api, "matches/live/stop", status=409)["detail"]
    assert "how many more" in post(api, "matches/live/resume", status=409)["detail"]


def test_a_match_that_cannot_go_on_says_why(api):
    post(api, "matches/duel/resume", {"rounds": 5})  # its faces are made up
    assert get(api, "matches/duel")["status"] == "starting"
    found = until(lambda: (m := get(api, "matches/duel"))["status"] != "starting" and m)
    assert found["status"] == "finished"
    assert "image size must be between" in found["problem"]  # 8 pixels, which only a made-up match has


def test_addresses_in_mlflow(root, api):
    unknown = get(api, "mlflow")
    assert unknown["link"] is None
    assert "arena up" in unknown["why"]
    asked = []

    def link(matches):
        asked.append([match.name for match in matches])
        return None if len(matches) == 2 else "http://mlflow/#/x"

    with service(root, mlflow_link=link) as linked:
        assert get(linked, "mlflow") == {"link": "http://mlflow/#/x", "why": None}
        assert get(linked, "mlflow?match=duel&match=duel")["link"] == "http://mlflow/#/x"
        assert asked == [[], ["duel"]]
        get(linked, "mlflow?match=nobody", 404)
        get(linked, "mlflow?" + "&".join(f"match=m{i}" for i in range(21)), 422)


def test_what_is_not_there_cannot_be_stopped_or_resumed(api):
    post(api, "matches/nobody/stop", status=404)
    post(api, "matches/nobody/resume", status=404)
