"""The photo check over HTTP: a real server, a real detector, photos of drawn faces."""

from __future__ import annotations

import base64
import contextlib
import io
import os
import re
import signal
import socket
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from photofiles import drawn_face, encoded, give_detector, mutated, seeds
from PIL import Image
from servedhome import new_home, play_all, served

from arena.service import judging
from arena.service.client import Client
from arena.service.uploads import anonymous_file
from arena.types import ArenaError

TOKEN = "0123456789abcdef-secret"
PATIENCE = 60.0
PHOTO = encoded(drawn_face())


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = new_home(tmp_path_factory.mktemp("photos") / "home")
    play_all(home)
    give_detector(home, "duel", 1)
    give_detector(home, "duel", 2)
    return home


@pytest.fixture(scope="module")
def address(home):
    with served(home.root, TOKEN) as address:
        yield address


@pytest.fixture
def client(address):
    with Client(address, TOKEN) as client:
        yield client


def post(client, content, **query):
    return client._http.post("detect", content=content, params=query)


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def workers(module):
    """Servers of a module, without the children that they fork."""
    children = psutil.Process().children(recursive=True)
    found = [p for p in children if p.status() != psutil.STATUS_ZOMBIE and f"arena.service.{module}" in p.cmdline()]
    return [process for process in found if process.parent() not in found]


class Upload:
    """A connection that sends what it is told, when it is told."""

    def __init__(self, address, *begin, length=1000):
        host, port = re.search(r"//(.*):(\d+)", address).groups()
        self.socket = socket.create_connection((host, int(port)), timeout=PATIENCE)
        head = f"POST /api/detect HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {TOKEN}\r\n"
        self.socket.sendall(f"{head}content-length: {length}\r\n\r\n".encode())
        self.send(*begin)

    def send(self, *parts):
        for part in parts:
            self.socket.sendall(part)

    def status(self):
        return int(self.socket.recv(1000).split()[1])

    def close(self):
        self.socket.close()


@pytest.fixture
def upload(address):
    """Begins an upload that is closed when the test is over."""
    with contextlib.ExitStack() as opened:
        yield lambda *begin, **options: opened.enter_context(contextlib.closing(Upload(address, *begin, **options)))


def test_who_judges(client):
    judge = client.detector()
    assert (judge.match, judge.round, judge.contender, judge.threshold) == ("duel", 2, "cnn", 0.5)
    assert (client.detector("duel", 1).round, client.detector(round=1).round) == (1, 1)
    for place in (("nobody",), ("duel", 3), ("duel", 0)):
        with pytest.raises(ArenaError, match=r"no match named 'nobody'|rounds 1 to 2"):
            client.detector(*place)
        assert client._http.get("detector", params={"match": place[0], "round": place[-1]}).status_code in (404, 422)


def test_a_look_starts_no_process_and_a_photo_does(home):
    with served(home.root, TOKEN) as address, Client(address) as stranger, Client(address, TOKEN) as owner:
        before = workers("decoding"), workers("judging")
        for one in (stranger, owner):
            assert one.detector().threshold == 0.5
            assert one._http.get("champion").status_code == 404
        with pytest.raises(ArenaError, match="needs the token"):
            stranger.detect(PHOTO)
        assert (workers("decoding"), workers("judging")) == before
        assert post(owner, b"no photo").status_code == 415
        assert (len(workers("decoding")), len(workers("judging"))) == tuple(len(found) + 1 for found in before)


def test_a_photo_is_judged(client, tmp_path):
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(encoded(drawn_face(), "JPEG", quality=95))
    found = client.detect(photo, heatmap=True)
    assert (found.judge.match, found.judge.round, found.width, found.height) == ("duel", 2, 320, 160)
    assert not found.whole_image
    (face,) = found.faces
    left, top, right, bottom = face.box
    assert 190 < (left + right) / 2 < 290  # the face is in the right half
    assert 50 < (top + bottom) / 2 < 110
    assert face.confidence > 0.97
    assert 0 <= face.score == found.score <= 1
    assert face.verdict == found.verdict == ("fake" if found.score >= found.judge.threshold else "real")
    with Image.open(io.BytesIO(base64.b64decode(face.heatmap))) as heat:
        assert (heat.mode, heat.size) == ("RGBA", (16, 16))
        assert "Heat map" in heat.info["Description"]
    again = client.detect(str(photo), "duel", 2)
    assert again.faces[0].heatmap is None
    assert again.score == found.score
    assert client.detect(photo, "duel", 1).judge.round == 1


def test_a_photo_without_a_face(client):
    found = client.detect(encoded(Image.new("RGB", (90, 60), "grey")))
    assert (found.verdict, found.faces, found.whole_image) == (None, [], False)
    assert "no face was found, so there is no verdict" in found.note


def test_a_face_that_somebody_has_cut_out(client):
    found = client.detect(encoded(drawn_face(48).crop((38, 0, 96, 48))))
    assert found.whole_image
    assert found.verdict in ("real", "fake")
    assert found.faces[0].box == found.faces[0].square == (5, 0, 53, 48)
    assert found.faces[0].confidence is None


@pytest.mark.parametrize(
    ("content", "status", "word"),
    [
        (b"hello, this is no image", 415, "PNG, JPEG or WebP"),
        (PHOTO[:-1000], 422, "end is missing"),
        (PHOTO + bytes(10_000_000), 413, "10 MB"),
    ],
)
def test_refusals(client, content, status, word):
    for body in (content, iter([content])):  # with and without a Content-Length
        answer = post(client, body)
        assert answer.status_code == status
        assert word in answer.json()["detail"]


def test_the_token_is_needed(address):
    with Client(address) as stranger, pytest.raises(ArenaError, match="needs the token"):
        stranger.detect(PHOTO)


def test_answers_are_kept_nowhere(client):
    assert post(client, PHOTO).headers["cache-control"] == "no-store"


def test_two_at_a_time_and_places_are_freed(client, upload):
    head = PHOTO[:100]
    hold = [upload(head) for _ in range(2)]
    until(lambda: post(client, PHOTO).status_code == 429)
    refused = post(client, PHOTO)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert "try again" in refused.json()["detail"]
    hold[0].close()  # who leaves frees the place
    until(lambda: post(client, PHOTO).status_code == 200)
    hold[1].send(bytes(900))  # so does who is refused
    assert hold[1].status() == 422


def stopped_judge(client):
    """The judge, which does not work on."""
    client.detect(PHOTO)
    (judge,) = workers("judging")
    judge.suspend()
    return judge


def test_who_leaves_while_it_is_judged_frees_the_place(client, upload):
    judge = stopped_judge(client)
    try:
        hold = [upload(PHOTO, length=len(PHOTO)) for _ in range(2)]
        until(lambda: post(client, b"").status_code == 429)
        for one in hold:
            one.close()
        until(lambda: post(client, b"").status_code == 415)
    finally:
        judge.resume()
    assert post(client, PHOTO).status_code == 200


def test_a_worker_that_was_killed_is_replaced(client):
    client.detect(PHOTO)
    (worker,) = workers("decoding")
    os.kill(worker.pid, signal.SIGKILL)
    assert post(client, PHOTO).status_code == 200


def status_when_the_judge_is_killed_at_work(client, upload):
    judge = stopped_judge(client)
    pending = upload(PHOTO, length=len(PHOTO))
    (decoder,) = workers("decoding")
    try:
        until(lambda: not decoder.children())
    finally:
        judge.resume()
    until(lambda: judge.children())
    for child in judge.children():
        child.kill()
    return pending.status()


def test_a_judge_that_breaks_at_work_is_a_503(client, upload):
    for _ in range(5):
        status = status_when_the_judge_is_killed_at_work(client, upload)
        if status == 503:
            break
        assert status == 200  # it had just said what it thought
    assert status == 503
    assert post(client, PHOTO).status_code == 200


def test_weights_that_are_gone(client, home):
    path = home.round_folder("duel", 1) / "detector.snapshot.safetensors"
    kept = path.read_bytes()
    path.unlink()
    try:
        answer = post(client, PHOTO, match="duel", round=1)
    finally:
        path.write_bytes(kept)
    assert answer.status_code == 503
    assert "the detector of round 1 of duel cannot judge" in answer.json()["detail"]
    assert str(home.root) not in answer.text


def test_out_of_memory_is_a_503(client, home, monkeypatch):
    """A detector that takes all the memory there is, as one of a plug-in may."""
    monkeypatch.setattr(judging, "judge", lambda *arguments: bytes(2**62))
    job = {"snapshot": str(home.round_folder("duel", 1) / "detector.snapshot.safetensors"), "heatmap": False}
    with anonymous_file() as pixels:
        os.write(pixels, bytes(16 * 16 * 3))
        answer = judging.work(job | {"width": 16, "height": 16}, [pixels])
    assert answer == {"problem": "there is not enough memory to judge the photo"}

    async def out_of_memory(self, job, files=()):
        return answer if "snapshot" in job else {"width": 16, "height": 16}

    monkeypatch.setattr("arena.service.workers.Worker.run", out_of_memory)
    refused = post(client, PHOTO)
    assert refused.status_code == 503
    assert "cannot judge: there is not enough memory to judge the photo" in refused.json()["detail"]


def open_uploads():
    """Numbers of this process's open files, memory files among them, in which an upload is."""
    found = set()
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the folder's own
            found |= {path.name} if "upload" in os.readlink(path) else set()  # noqa: PTH115 - memory files are no paths
    return found


def test_nothing_of_an_upload_is_left(client, home, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # where a file without a name would have one
    before, of_others = sorted(home.root.rglob("*")), open_uploads()  # of servers that earlier tests have stopped
    client.detect(PHOTO, heatmap=True)
    post(client, PHOTO[:-500])
    assert sorted(home.root.rglob("*")) == before
    assert not list(tmp_path.iterdir())
    assert open_uploads() <= of_others


def test_damaged_files_break_nothing(client):
    rng, files = np.random.default_rng(0), seeds()
    statuses = [post(client, mutated(rng, files)).status_code for _ in range(200)]
    assert set(statuses) <= {200, 415, 422}
    assert min(statuses.count(200), statuses.count(422)) > 20
    assert post(client, PHOTO).status_code == 200


def test_a_face_that_cannot_be_framed_is_found_and_not_judged(home, client):
    from dataclasses import replace

    from arena.faces.sources.drawn import FRAMING
    from arena.snapshot import read_snapshot, to_bytes

    path = home.round_folder("duel", 2) / "detector.snapshot.safetensors"
    before = path.read_bytes()
    path.write_bytes(to_bytes(replace(read_snapshot(path), origin={"framing": FRAMING.to_json()})))
    whole = client.detect(encoded(drawn_face()))
    assert "framed as the training faces are" in whole.prepared
    assert whole.faces[0].refused is None
    found = client.detect(encoded(drawn_face().crop((0, 0, 275, 160))), heatmap=True)
    path.write_bytes(before)
    (face,) = found.faces
    assert "the edge of the photo cuts it off" in face.refused
    assert (face.score, face.verdict, face.heatmap, found.score, found.verdict) == (None,) * 5
