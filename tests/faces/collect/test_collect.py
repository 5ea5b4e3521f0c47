from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from facefiles import encoded

from arena.faces.collect.collect import collect
from arena.faces.collect.licences import Photo
from arena.faces.collect.shelf import MANIFEST, PHOTOS, Shelf, make_plan
from arena.faces.crop.inputs import find_inputs
from arena.types import ArenaError


class Site(ThreadingHTTPServer):
    """Plays the search and the hosts of the photos, with their moods."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: Counter[str] = Counter()
        self.moods: list[tuple[int, dict[str, str]]] = []
        self.agents: set[str] = set()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def result(self, name: str, licence: str = "by", creator: str = "Ann") -> dict[str, str]:
        return {
            "id": name,
            "title": f"Photo {name}",
            "creator": creator,
            "license": licence,
            "license_url": f"https://creativecommons.org/licenses/{licence}/4.0/",
            "foreign_landing_url": f"{self.url}/page/{name}",
            "url": f"{self.url}/photo/{name}",
        }

    def page(self, number: int) -> dict[str, object]:
        names = {
            1: ["1", "2", "same", "gone", "broken", "tiny", "secret"],
            2: ["3", "moody"],
        }[number]
        results = [self.result(name) for name in names]
        if number == 1:
            results += [self.result("sold", licence="by-nc"), self.result("orphan", creator="")]
        return {"page": number, "page_count": 2, "results": results}


class Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.server.asked[url.path] += 1
        self.server.agents.add(self.headers["User-Agent"])
        times = self.server.asked[url.path]
        if url.path == "/robots.txt":
            return self.answer(b"User-agent: *\nDisallow: /api\nDisallow: /photo/secret\n")
        if url.path == "/api":
            if self.server.moods:
                return self.answer(b"", *self.server.moods.pop(0))
            query = parse_qs(url.query)
            if query["q"] == ["nonsense"]:
                return self.answer(b"<html>")
            if query["q"] == ["refused"]:
                return self.answer(b'{"detail": "no"}', 401)
            return self.answer(json.dumps(self.server.page(int(query["page"][0]))).encode())
        return self.photo(url.path.rpartition("/")[2], times)

    def photo(self, name: str, times: int) -> None:
        if name == "gone":
            return self.answer(b"", 404)
        if name == "moody" and times == 1:
            return self.answer(b"", 503)
        pictures = {"broken": encoded(4)[:500], "tiny": encoded(5, 8, 8), "same": encoded(1)}
        return self.answer(
            pictures.get(name) or encoded(sum(name.encode()) - 48, kind="JPEG" if name == "2" else "PNG")
        )

    def answer(self, data: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """Be quiet."""


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def start(site: Site, out: Path, keywords: list[str], **options: object) -> subprocess.CompletedProcess[str]:
    """Collect in a process of its own: Twisted's reactor runs once."""
    code = (
        "import json, resource, sys; from pathlib import Path; from arena.faces.collect.collect import collect;"
        "from arena.faces.collect.shelf import make_plan;"
        "out, keywords, options = json.loads(sys.argv[1]); limit = options.pop('limit');"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit));"
        "print(json.dumps(collect(make_plan(keywords, 'openverse', **options), Path(out))))"
    )
    options = {"api": f"{site.url}/api", "delay": 0.0, "contact": "ann@example.org", "limit": 10**9, **options}
    words = json.dumps([str(out), keywords, options])
    return subprocess.run([sys.executable, "-c", code, words], capture_output=True, text=True, timeout=120)


def run(site: Site, out: Path, keywords: list[str], **options: object) -> Counter[str]:
    done = start(site, out, keywords, **options)
    assert done.returncode == 0, done.stderr
    return Counter(json.loads(done.stdout))


def manifest(out: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (out / MANIFEST).read_text().splitlines()]


def test_end_to_end_with_everything_that_goes_wrong(site: Site, tmp_path: Path) -> None:
    pytest.importorskip("scrapy")
    out = tmp_path / "out"
    site.moods = [(500, {}), (429, {"Retry-After": "1"})]
    tally = run(site, out, ["face", "nonsense", "refused"])
    assert tally == {
        "collected": 4,
        "duplicate": 1,
        "licence by-nc": 1,
        "no author to credit": 1,
        "photo not fetched (404)": 1,
        "photo not fetched (IgnoreRequest)": 1,
        "truncated": 1,
        "too small": 1,
        "search answered nonsense": 1,
        "search failed (401)": 1,
    }
    entries = {entry["id"]: entry for entry in manifest(out)}
    first = {"openverse-1", "openverse-same"} & set(entries)  # equal photos: whichever came first
    assert set(entries) == {"openverse-2", "openverse-3", "openverse-moody", *first}
    assert len(first) == 1
    two = entries["openverse-2"]
    assert (two["file"], two["author"], two["licence"]) == (f"{PHOTOS}/openverse-2.jpg", "Ann", "by")
    assert two["page"] == f"{site.url}/page/2"
    assert (out / two["file"]).read_bytes() == encoded(2, kind="JPEG")
    assert site.asked["/photo/secret"] == site.asked["/photo/sold"] == site.asked["/photo/orphan"] == 0
    assert site.asked["/photo/moody"] == 2
    assert all("ann@example.org" in agent for agent in site.agents)
    assert find_inputs([str(out / PHOTOS)], tmp_path / "crops").count == 4

    before = site.asked["/photo/2"]
    again = run(site, out, ["face"])
    assert again["collected"] == 0
    assert again["had already"] == 4
    assert site.asked["/photo/2"] == before


def test_no_more_than_asked_and_people_get_folders(site: Site, tmp_path: Path) -> None:
    pytest.importorskip("scrapy")
    tally = run(site, tmp_path, ["Ada Lovelace"], most=2, people=True)
    assert tally["collected"] == 2
    assert all(entry["file"].startswith(f"{PHOTOS}/Ada-Lovelace/openverse-") for entry in manifest(tmp_path))
    plan = make_plan(["Ada Lovelace"], "openverse", most=2, people=True, api=f"{site.url}/api")
    asked = site.asked["/api"]
    assert collect(plan, tmp_path) == {}
    assert site.asked["/api"] == asked  # nothing is missing, so nobody is bothered


def test_a_full_disk_stops_the_search_with_one_sentence(site: Site, tmp_path: Path) -> None:
    pytest.importorskip("scrapy")
    done = start(site, tmp_path, ["face"], limit=1000)
    assert done.returncode != 0
    assert "ArenaError: the photos cannot be written to" in done.stderr
    assert [path for path in (tmp_path / PHOTOS).iterdir() if path.stat().st_size >= 1000] == []


def test_a_wait_that_is_too_long_ends_the_search(site: Site, tmp_path: Path) -> None:
    pytest.importorskip("scrapy")
    site.moods = [(429, {"Retry-After": "1"})]
    tally = run(site, tmp_path, ["face"], patience=0.5)
    assert tally == {"search failed (429)": 1}


def photo(name: str) -> Photo:
    return Photo(name, "face", "", "Ann", "by", "https://l.example", "https://p.example", "https://i.example")


def test_a_torn_manifest_line_costs_one_photo(tmp_path: Path) -> None:
    plan = make_plan(["face"], "openverse")
    shelf = Shelf(tmp_path, plan)
    shelf.put(photo("1"), encoded(1))
    shelf.put(photo("2"), encoded(2))
    text = (tmp_path / MANIFEST).read_text()
    (tmp_path / MANIFEST).write_text(text[:-20])
    again = Shelf(tmp_path, plan)
    assert set(again.known) == {"1"}
    again.put(photo("2"), encoded(2))
    assert set(Shelf(tmp_path, plan).known) == {"1", "2"}


def test_odd_names_stay_inside(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "out", make_plan(["../../x", "人", "!!"], "openverse", people=True))
    for i, keyword in enumerate(["../../x", "人", "!!"]):
        shelf.put(Photo(f"../{i}", keyword, "", "", "cc0", "", "", ""), encoded(i))
    files = [path.relative_to(tmp_path / "out" / PHOTOS) for path in tmp_path.rglob("*.png")]
    assert {path.parts[0] for path in files} >= {"x", "人"}
    assert sorted(path.name for path in files) == ["0.png", "1.png", "2.png"]


@pytest.mark.parametrize(
    ("keywords", "search", "options", "sentence"),
    [
        ([], "openverse", {}, "at least one keyword"),
        ([" "], "openverse", {}, "at least one keyword"),
        (["x"], "openverse", {"licences": ["mine"]}, "no licence 'mine'; known: cc0"),
        (["x"], "openverse", {"most": 0}, "must be positive"),
        (["x"], "commons", {}, "with --contact"),
        (["x"], "google", {}, "no photo search named 'google'"),
    ],
)
def test_impossible_plans(keywords: list[str], search: str, options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ArenaError, match=sentence):
        make_plan(keywords, search, **options)


def test_without_scrapy_one_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "arena.faces.collect.spider", None)
    with pytest.raises(ArenaError, match=r"pip install 'arena\[collect\]'"):
        collect(make_plan(["x"], "openverse"), tmp_path)
    assert os.listdir(tmp_path) == []  # noqa: PTH208
