"""Who may do what."""

from __future__ import annotations

import stat

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from servedhome import new_home

from arena.service.app import create_app
from arena.service.security import check_token, home_token, is_loopback, listen
from arena.service.server import Access, opened, serve
from arena.types import ArenaError

SECRET = "0123456789abcdef-secret"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return new_home(tmp_path_factory.mktemp("guarded") / "home").root


def client(app):
    return TestClient(app, base_url="http://127.0.0.1")


def bearer(token):
    return {"authorization": f"Bearer {token}"}


def routes(app):
    """Every address of the application with its methods, routers within routers included."""
    found = {path: set(methods) for path, methods in app.openapi()["paths"].items()}
    assert found
    return found


def test_every_method_but_looking_needs_the_token_on_every_route(root):
    app = create_app(root, SECRET)

    @app.post("/api/new")  # as somebody may add one without a thought
    @app.delete("/api/new")
    async def new() -> dict[str, str]:
        return {"done": "yes"}

    assert any(isinstance(route, APIRoute) and route.path == "/api/new" for route in app.routes)
    paths = [*routes(app), "/", "/docs", "/nowhere"]
    with client(app) as http:
        for path in paths:
            filled = path.format(match="duel", number=1, index=0, id="0" * 32, name="mask")
            for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "ANYTHING"):
                for headers in ({}, bearer("wrong"), bearer(""), bearer(SECRET[:-1]), {"authorization": SECRET}):
                    answer = http.request(method, filled, headers=headers)
                    assert answer.status_code == 401, (method, path)
                    assert answer.headers["www-authenticate"] == "Bearer"
        assert http.post("/api/new", headers=bearer(SECRET)).json() == {"done": "yes"}
        assert http.post("/api/health", headers=bearer(SECRET)).status_code == 405


def test_no_body_is_endless(root):
    with client(create_app(root, SECRET)) as http:
        headers = {**bearer(SECRET), "content-type": "application/json"}
        for content in (b" " * 17_000_000, iter([b" " * 1_000_000] * 17)):  # with its length announced and without
            answer = http.post("/api/matches", headers=headers, content=content)
            assert (answer.status_code, answer.json()["detail"]) == (413, "the request has more than 16 MB")


def test_without_a_token_nobody_can_change_anything(root):
    app = create_app(root)
    with client(app) as http:
        for token in ("", "None", SECRET):
            assert http.post("/api/health", headers=bearer(token)).status_code == 401


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "localhost", "LOCALHOST:8000", "[::1]:8000", "192.168.0.7", "box:80"]
)
def test_names_of_this_service(root, host):
    with client(create_app(root, names=["box"])) as http:
        assert http.get("/api/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "localhost."])
def test_a_foreign_name_that_leads_here_is_refused(root, host):
    with client(create_app(root)) as http:
        answer = http.get("/api/health", headers={"host": host})
    assert answer.status_code == 421
    assert "host name" in answer.json()["detail"]


def test_headers_of_every_answer(root):
    with client(create_app(root)) as http:
        for answer in (http.get("/api/health"), http.get("/docs"), http.get("/nowhere"), http.post("/api/health")):
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "unsafe" not in answer.headers["content-security-policy"]


def test_pages_of_other_origins_are_told_nothing(root):
    with client(create_app(root)) as http:
        answer = http.get("/api/health", headers={"origin": "http://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_the_homes_token_is_made_once_for_its_owner_alone(tmp_path):
    token = home_token(tmp_path)
    assert len(token) >= 43
    assert home_token(tmp_path) == token
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


def test_a_token_that_others_can_read_is_refused(tmp_path):
    home_token(tmp_path)
    (tmp_path / "token").chmod(0o644)
    with pytest.raises(ArenaError, match="chmod 600"):
        home_token(tmp_path)


@pytest.mark.parametrize("token", ["", "short", "has a space in it and is long", "ünïcödé-but-long-enough", "x" * 15])
def test_a_token_that_is_none(token):
    with pytest.raises(ArenaError, match="16 or more"):
        check_token(token, "it")


def test_loopback():
    assert [h for h in ("127.0.0.1", "::1", "localhost", "127.8.8.8") if not is_loopback(h)] == []
    assert [h for h in ("0.0.0.0", "::", "192.168.0.1", "box", "") if is_loopback(h)] == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "box"])
def test_others_may_only_reach_it_with_a_token_that_somebody_chose(root, host):
    with pytest.raises(ArenaError, match="ARENA_TOKEN"):
        serve(root, Access(host, 0))
    with pytest.raises(ArenaError, match="16 or more"):
        serve(root, Access(host, 0, token="short"))


def test_a_port_that_is_taken_is_one_sentence():
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ArenaError, match=f"cannot listen on 127.0.0.1:{port} .*--port"):
            listen("127.0.0.1", port)


def test_the_next_free_port_is_only_taken_on_request():
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with listen("127.0.0.1", port, find=True) as other:
            assert port < other.getsockname()[1] < port + 100


def test_who_is_signed_in(root):
    with client(create_app(root, SECRET)) as http:
        for headers, is_signed_in in (({}, False), (bearer("wrong"), False), (bearer(SECRET), True)):
            answer = http.get("/api/session", headers=headers)
            assert (answer.status_code, answer.json()) == (200, {"signed_in": is_signed_in})
            assert answer.headers["cache-control"] == "no-store"


def test_the_link_that_signs_in_is_shown_once_and_on_request(tmp_path):
    home = new_home(tmp_path / "home")

    def signing_in(**changes):
        with opened(home.root, Access(port=0, **changes)) as service:
            return service.signing_in.removeprefix(f"Sign in at {service.address}/#")

    first = signing_in()
    token = home_token(home.root)
    assert first == f"token={token}"
    assert token not in signing_in()
    assert "--show-token" in signing_in()
    assert signing_in(show_token=True) == first
    for show in (True, False):
        assert SECRET not in signing_in(token=SECRET, show_token=show)


def test_the_page_alone_may_run_webassembly_and_nothing_may_evaluate_text(root):
    with client(create_app(root)) as http:
        policies = {path: http.get(path).headers["content-security-policy"] for path in ("/", "/docs", "/page/main.js")}
    assert [path for path, policy in policies.items() if "unsafe" in policy] == ["/"]
    assert "script-src 'self' 'wasm-unsafe-eval';" in policies["/"]


def test_the_page_alone_may_ask_for_the_camera(root):
    with client(create_app(root)) as http:
        said = {path: http.get(path).headers["permissions-policy"] for path in ("/", "/docs", "/api/health")}
    assert {path for path, policy in said.items() if "camera=(self)" in policy} == {"/"}
    assert all("camera=()" in policy for path, policy in said.items() if path != "/")
    assert all("microphone=()" in policy for policy in said.values())
