"""The page's files: all there, all its own, and nothing in them that the content security policy forbids."""

from __future__ import annotations

import re
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from servedhome import new_home

from arena.results.glossary import GLOSSARY
from arena.service.app import create_app
from arena.service.routes.page import PAGE

FILES = sorted(path.relative_to(PAGE).as_posix() for path in PAGE.rglob("*") if path.is_file())
TEXTS = [name for name in FILES if not name.endswith(".webp")]
SCRIPTS = [name for name in FILES if name.endswith(".js")]
MEDIA_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
IMPORT = re.compile(r"""(?:^import|^export|^\}).*?\sfrom "([^"]+)";|^import "([^"]+)";""", re.MULTILINE)
MARKUP_OUT_OF_TEXT = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|javascript:|\.cssText"
)


@pytest.fixture(scope="module")
def http(tmp_path_factory):
    app = create_app(new_home(tmp_path_factory.mktemp("paged") / "home").root)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


class Elements(HTMLParser):
    """Every element of a document: its name, its attributes, and the text right in it."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes), []))

    def handle_data(self, data):
        if self.found:
            self.found[-1][2].append(data)


@pytest.fixture(scope="module")
def elements(http):
    answer = http.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Elements(answer.text).found


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_served_and_not_sent_twice(http, name):
    answer = http.get(f"/page/{name}")
    assert answer.status_code == 200
    assert answer.content == (PAGE / name).read_bytes()
    assert answer.headers["content-type"].partition(";")[0] == MEDIA_TYPES[Path(name).suffix]
    assert answer.headers["cache-control"] == "no-cache"
    again = http.get(f"/page/{name}", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_library_of_the_charts_comes_out_of_its_own_package(http):
    answer = http.get("/page/plotly.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert b"plotly.js v" in answer.content[:200]
    assert not (PAGE / "plotly.js").exists()
    again = http.get("/page/plotly.js", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["..%2fapp.py", "%2e%2e/app.py", "views/..%2f..%2fapp.py", "none.js", "views", ""])
def test_nothing_else_is_served(http, path):
    answer = http.get(f"/page/{path}")
    assert answer.status_code == 404
    assert set(answer.json()) == {"detail"}


def test_the_page_has_no_script_handler_or_style_in_line(elements):
    assert sum(tag == "script" for tag, _, _ in elements) >= 2
    for tag, attributes, text in elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
        assert tag != "style"
        assert tag != "script" or ("src" in attributes and not "".join(text).strip())


def test_the_policy_allows_no_script_but_the_pages_own(http):
    policy = dict(directive.split(" ", 1) for directive in http.get("/").headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self' 'wasm-unsafe-eval'"  # WebAssembly, and still no eval
    for kind in ("style-src", "connect-src"):
        assert policy[kind] == "'self'"


def test_everything_that_the_page_links_to_is_its_own_and_there(http, elements):
    links = [a.get("src") or a["href"] for tag, a, _ in elements if tag in ("script", "link")]
    assert len(links) > 5
    for link in links:
        assert link.startswith("/page/")
        assert http.get(link).status_code == 200, link


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_module_imports_what_is_there(name):
    text = (PAGE / name).read_text(encoding="utf-8")
    imported = [first or second for first, second in IMPORT.findall(text)]
    assert len(imported) == len(re.findall(r'^(?:import\b(?!\().*|\} from ".*)";$', text, flags=re.MULTILINE))
    for module in imported:
        assert module.startswith("."), "a module of the page imports only modules of the page"
        assert (PAGE / name).parent.joinpath(module).is_file(), module


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_text_ever_becomes_markup_or_script(name):
    assert not MARKUP_OUT_OF_TEXT.search((PAGE / name).read_text(encoding="utf-8"))


def test_every_word_that_is_explained_is_in_the_glossary():
    called = re.compile(r"""\bterm\("([^"]+)"(?:, "([^"]+)")?\)|\["([^"]+)"(?:, "([^"]+)")?\](?=[,\]])""")
    found = {}
    for name in SCRIPTS:
        if name == "main.js":
            continue
        for text, word, heading, its_word in called.findall((PAGE / name).read_text(encoding="utf-8")):
            found[word or text or its_word or heading] = name
    known = {name for entry in GLOSSARY for name in (entry.term, *entry.names)}
    assert len(found) > 15
    assert {word: name for word, name in found.items() if word not in known} == {}


def test_every_view_has_its_module():
    routes = re.findall(r'^  \[/\^.*\$/, "(\w+)", "(#/\w*)"\],$', (PAGE / "main.js").read_text(), flags=re.MULTILINE)
    assert {view for view, _ in routes} == {path.stem for path in (PAGE / "views").iterdir()}
    entries = re.findall(r'<a href="(#/\w*)">', (PAGE / "index.html").read_text())
    assert set(entries) == {entry for _, entry in routes}


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".webp")])
def test_a_picture_of_the_page_is_small_and_says_that_it_was_drawn(name):
    with Image.open(PAGE / name) as picture:
        assert b"digitalsourcetype/algorithmicMedia" in picture.info["xmp"]
    assert (PAGE / name).stat().st_size < 8000


def test_the_page_is_small():
    assert sum((PAGE / name).stat().st_size for name in FILES) < 300_000


@pytest.mark.parametrize("name", TEXTS)
def test_the_page_needs_nothing_from_elsewhere(name):
    addresses = re.findall(r"https?://[^\s\"'`<)]+", (PAGE / name).read_text(encoding="utf-8"))
    assert set(addresses) <= {"http://www.w3.org/2000/svg"}


def test_an_installed_arena_has_all_files():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    service = PAGE.parent
    patterns = project["tool"]["setuptools"]["package-data"]["arena.service"]
    packed = {path for pattern in patterns for path in service.glob(f"{pattern}/*") if path.is_file()}
    assert {PAGE / name for name in FILES} <= packed
