"""What the routes answer, asked in-process."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from servedhome import new_home, new_match, play, play_all

from arena.service.app import create_app


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Shared by tests that only look."""
    home = new_home(tmp_path_factory.mktemp("served") / "home")
    play_all(home)
    return home


@pytest.fixture(scope="module")
def api(home):
    app = create_app(home.root, mlflow_link=lambda matches: "http://mlflow")
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


def get(client, path, status=200, **options):
    answer = client.get(f"/api/{path}", **options)
    assert answer.status_code == status, answer.text
    return answer


def pixels(answer):
    with Image.open(io.BytesIO(answer.content)) as picture:
        return np.asarray(picture.convert("RGB"))


def test_health(api):
    assert get(api, "health").json()["matches"] == 1


def test_a_match_at_a_glance(api):
    (match,) = get(api, "matches").json()["items"]
    shown = {key: match[key] for key in ("name", "status", "generator", "faces", "rounds", "played", "a_won", "b_won")}
    assert shown == {
        "name": "duel",
        "status": "finished",
        "generator": "dcgan",
        "faces": "photos.zip",
        "rounds": 2,
        "played": 2,
        "a_won": 1,
        "b_won": 1,
    }


def test_no_folder_of_this_machine_is_told(api):
    for path in (
        "matches",
        "matches/duel",
        "matches/duel/rounds",
        "matches/duel/rounds/1",
        "matches/duel/rounds/1/exam",
    ):
        assert "somebody" not in get(api, path).text


def test_a_match_in_full(tmp_path):
    home = new_home(tmp_path / "home")
    home.log("duel", 1, "retry", "slower")
    with TestClient(create_app(home.root), base_url="http://127.0.0.1") as client:
        match = get(client, "matches/duel").json()
        assert (match["status"], match["played"], match["config"]["image_size"]) == ("stopped", 0, 8)
        assert [(note["kind"], note["detail"]) for note in match["notes"]] == [("retry", "slower")]
        assert match["cursor"] == "1-1"


def test_a_match_that_a_process_is_at_is_playing(tmp_path):
    home = new_home(tmp_path / "home")
    with home.lock("duel"), TestClient(create_app(home.root), base_url="http://127.0.0.1") as client:
        assert get(client, "matches/duel").json()["status"] == "playing"


def test_pages_of_matches_the_newest_first(tmp_path):
    home = new_home(tmp_path / "home", "first")
    for name in ("second", "third"):
        new_match(home, name)
    with TestClient(create_app(home.root), base_url="http://127.0.0.1") as client:
        page = get(client, "matches?offset=1&limit=1").json()
    assert (page["total"], [match["name"] for match in page["items"]]) == (3, ["second"])


def test_rounds_with_their_verdicts(api):
    page = get(api, "matches/duel/rounds").json()
    opening, first, second = page["items"]
    assert opening["verdict"] is None
    assert (first["verdict"]["accuracy"], first["verdict"]["winner"]) == (0.75, "B")
    assert (second["verdict"]["accuracy"], second["verdict"]["winner"]) == (0.25, "A")
    assert second["training"]["detector"]["images"] == 300
    assert opening["in_use"] is None
    assert first["in_use"] == {"fakes_caught": 0.5, "false_alarm_rate": 0.0}
    assert second["in_use"] == {"fakes_caught": 0.5, "false_alarm_rate": 1.0}
    assert (first["verdict"]["people"], first["verdict"]["marking"]) == (4, "half")
    assert [r["round"] for r in get(api, "matches/duel/rounds?offset=2&limit=5").json()["items"]] == [2]


def test_how_good_the_fakes_of_a_round_are(api):
    opening, first, second = get(api, "matches/duel/rounds").json()["items"]
    assert opening["quality"] is None
    assert first["quality"] is None
    assert (second["quality"]["images"], second["quality"]["reals"]) == (500, 400)
    faces, frechet = second["quality"]["measures"]
    assert (faces["name"], faces["title"], faces["text"]) == ("one_face", "looks like a face", "61% (50% to 71%)")
    assert (faces["value"], faces["low"], faces["high"], faces["n"], faces["remark"]) == (0.61, 0.5, 0.71, 100, "")
    assert "biased" in frechet["remark"]
    assert "not Inception FID" in frechet["best"]
    assert second["quality"]["missing"] == ["not measured: distance to the nearest real face: no time"]
    _, trace = get(api, "matches/duel/figures/faces").json()["data"]
    assert (trace["x"], trace["y"], trace["customdata"]) == ([2], [0.61], [[0.5, 0.71]])


def test_a_round_in_full(api):
    round = get(api, "matches/duel/rounds/1").json()
    assert round["curves"]["generator"] == [{"images": 50, "losses": {"loss": 0.75}}]
    assert round["timings"] == {"referee": {"grade": 0.25}}
    listed = get(api, "matches/duel/rounds").json()["items"][1]
    assert {key: round[key] for key in listed} == listed


def test_standings(api):
    a, b = sorted(get(api, "standings").json()["items"], key=lambda line: line["team"])
    assert (a["contender"], a["won"], a["rounds"], a["accuracy"]) == ("dcgan", 0, 2, 0.5)
    assert (b["contender"], b["close"], b["share"], b["share_low"]) == ("cnn", 2, 0.0, None)
    assert (b["faces"], b["rule"]) == ("photos.zip", "8 px, whitebox, exams of 8, upper half called fake")
    assert get(api, "standings?match=duel").json() == get(api, "standings").json()
    get(api, "standings?match=nobody", 404)


def test_the_sample_sheet_and_its_faces(api):
    sheet = pixels(get(api, "matches/duel/rounds/2/samples.png"))
    assert sheet[:, :, 0].tolist() == np.kron([[20, 21], [22, 23]], np.ones((8, 8))).tolist()
    answer = get(api, "matches/duel/rounds/2/samples/3.png")
    assert answer.headers["content-type"] == "image/png"
    assert b"AI-generated" in answer.content
    assert (pixels(answer) == 23).all()
    assert "samples 0 to 3" in get(api, "matches/duel/rounds/2/samples/4.png", 404).json()["detail"]


def test_the_exams_fakes_from_convincing_to_obvious(api):
    exam = get(api, "matches/duel/rounds/1/exam?most=2").json()
    assert (exam["n"], exam["threshold"], exam["fooled"]) == (8, 0.5, 2)
    assert [(f["index"], f["score"], f["fooled"]) for f in exam["most_convincing"]] == [(1, 0.1, True), (3, 0.4, True)]
    assert [(f["index"], f["score"], f["fooled"]) for f in exam["most_obvious"]] == [(0, 0.9, False), (2, 0.6, False)]
    answer = api.get(exam["most_convincing"][0]["image"])
    assert (pixels(answer) == 102).all()  # fakes are 101 to 104, see servedhome.play
    assert b"AI-generated" in answer.content
    assert "immutable" in answer.headers["cache-control"]
    assert exam["false_alarms"] == 0
    assert get(api, "matches/duel/rounds/2/exam").json()["false_alarms"] == 4  # real faces score 0.7 there


def test_the_opening_has_no_exam_and_no_other_picture_is_there(api):
    assert "opening" in get(api, "matches/duel/rounds/0/exam", 404).json()["detail"]
    assert "opening" in get(api, "matches/duel/rounds/0/exam/0.png", 404).json()["detail"]
    assert "4 fakes" in get(api, "matches/duel/rounds/1/exam/4.png", 404).json()["detail"]


def test_the_animation_grows_with_the_match(tmp_path):
    home = new_home(tmp_path / "home")
    with TestClient(create_app(home.root), base_url="http://127.0.0.1") as client:
        get(client, "matches/duel/animation.gif", 404)
        for rounds in (1, 2):
            play(home, rounds - 1)
            answer = get(client, "matches/duel/animation.gif")
            assert answer.headers["content-type"] == "image/gif"
            assert b"AI-generated" in answer.content
            with Image.open(io.BytesIO(answer.content)) as film:
                assert getattr(film, "n_frames", 1) == rounds


def test_the_contenders_come_from_the_command_line_once(api):
    first = get(api, "contenders")
    found = {(c["role"], c["name"]): c for c in first.json()["items"]}
    assert found["detector", "cnn"]["options"]["width"]["help"]
    assert get(api, "contenders").content == first.content


@pytest.mark.parametrize(
    "path",
    [
        *("matches", "standings", "blind", "figures/accuracy", "figures/auroc?match=duel"),
        *("matches/duel", "matches/duel/rounds", "matches/duel/samples/0", "matches/duel/figures/losses"),
        *("matches/duel/rounds/1", "matches/duel/rounds/1/exam"),
    ],
)
def test_who_has_an_answer_is_not_sent_it_again(api, path):
    tag = get(api, path).headers["etag"]
    again = get(api, path, 304, headers={"if-none-match": f'"other", W/{tag}'})
    assert (again.content, again.headers["etag"]) == (b"", tag)
    get(api, path, 200, headers={"if-none-match": '"other"'})


@pytest.mark.parametrize(
    "path", ["", "/samples.png", "/samples/0.png", "/exam/0.png", "/figures/scores", "/figures/roc"]
)
def test_a_committed_round_may_be_kept_for_ever_under_its_version(api, path):
    version = get(api, "matches/duel/rounds").json()["items"][1]["version"]
    lasting = get(api, f"matches/duel/rounds/1{path}?v={version}")
    assert "immutable" in lasting.headers["cache-control"]
    assert get(api, f"matches/duel/rounds/1{path}").headers["cache-control"] == "no-cache"
    assert get(api, f"matches/duel/rounds/1{path}?v=older").headers["cache-control"] == "no-cache"


def test_an_answer_changes_with_the_ledger(tmp_path):
    home = new_home(tmp_path / "home")
    with TestClient(create_app(home.root), base_url="http://127.0.0.1") as client:
        before = get(client, "standings")
        assert before.json()["items"] == []
        play(home, 0)
        play(home, 1)
        after = get(client, "standings", headers={"if-none-match": before.headers["etag"]})
        assert len(after.json()["items"]) == 2


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("matches/nobody", 404),
        ("matches/nobody/rounds", 404),
        ("matches/duel/rounds/3", 404),
        ("matches/duel/rounds/99999999999999999999", 422),
        ("matches/duel/rounds/-1", 422),
        ("matches/duel/rounds/x", 422),
        ("matches/duel/rounds?limit=0", 422),
        ("matches/..%2f..%2fetc/rounds", 404),
        ("matches/%2e%2e/rounds", 422),
        ("matches/.hidden", 422),
        ("matches/duel/rounds/1/samples/..%2f..%2fmanifest.json", 404),
        ("matches/duel/rounds/1/fakes.npy", 404),
        ("nothing", 404),
    ],
)
def test_what_is_not_there_is_one_sentence(api, path, status):
    detail = get(api, path, status).json()["detail"]
    assert detail
    assert "\n" not in detail


def test_a_damaged_round_says_where_to_look(tmp_path):
    home = new_home(tmp_path / "home")
    play(home, 0)
    play(home, 1)
    folder = home.round_folder("duel", 1)
    (folder / "samples.png").unlink()
    (folder / "exam.safetensors").write_bytes(b"nonsense")
    with TestClient(create_app(home.root), base_url="http://127.0.0.1") as client:
        assert "arena verify duel" in get(client, "matches/duel/rounds/1/samples.png", 404).json()["detail"]
        assert "arena verify duel" in get(client, "matches/duel/rounds/1/exam", 503).json()["detail"]


def test_a_home_that_is_gone_is_one_sentence(tmp_path):
    home = new_home(tmp_path / "home")
    with TestClient(create_app(home.root), base_url="http://127.0.0.1") as client:
        (home.root / "arena.db").unlink()
        assert "is gone" in get(client, "health", 503).json()["detail"]


def test_no_traceback_leaves_the_process(home):
    app = create_app(home.root)

    @app.get("/api/broken")
    async def broken():
        raise RuntimeError("a secret")

    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        answer = get(client, "broken", 500)
    assert "secret" not in answer.text
    assert set(answer.json()) == {"detail"}
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_every_answer_is_as_the_schema_says(api):
    schema = get(api, "openapi.json").json()
    components = schema["components"]["schemas"]
    for path, operation in ((path, m["get"]) for path, m in schema["paths"].items() if "get" in m):
        content = operation["responses"]["200"]["content"]
        filled = path.format(match="duel", number=1, index=0, id="0" * 32, name="mask")
        if "text/event-stream" in content:
            names = [ref["$ref"].rpartition("/")[2] for ref in content["text/event-stream"]["schema"]["oneOf"]]
            assert set(names) <= set(components)
            continue
        answer = api.get(filled)
        content = operation["responses"][str(answer.status_code)]["content"]
        assert answer.headers["content-type"] in content, path
        if "application/json" in content:
            model = components[content["application/json"]["schema"]["$ref"].rpartition("/")[2]]
            assert set(model.get("required", ())) <= set(answer.json()) <= set(model["properties"]), path
        assert operation["responses"]["422"]["content"]["application/json"]["schema"]["$ref"].endswith("/Problem")


def test_the_docs_name_every_route_and_need_no_script(api):
    page = api.get("/docs").text
    for path in json.loads(api.get("/api/openapi.json").text)["paths"]:
        assert path in page
    assert "<script" not in page
