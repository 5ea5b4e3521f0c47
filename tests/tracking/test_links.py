from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from arena.store.home import MatchRow
from arena.tracking import links, view
from arena.tracking.store import identity
from arena.types import ArenaError

ONE, TWO, UNKNOWN = (MatchRow(name, 1.0, {}, {}) for name in ("one", "two", "unknown"))
RUNS = {identity(ONE): "1a", identity(TWO): "2b"}


class Mlflow(BaseHTTPRequestHandler):
    """What MLflow's REST API answers, as far as links need it."""

    status, tags = 200, ()

    def do_GET(self):
        assert self.path == "/api/2.0/mlflow/experiments/get-by-name?experiment_name=arena"
        self._answer({"experiment": {"experiment_id": "7", "name": "arena", "tags": list(self.tags)}})

    def do_POST(self):
        assert self.path == "/api/2.0/mlflow/runs/search"
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        assert asked["experiment_ids"] == ["7"]
        runs = [
            {"info": {"run_id": run}} for key, run in RUNS.items() if asked["filter"] == f"tags.`arena.id` = '{key}'"
        ]
        self._answer({"runs": runs} if runs else {})

    def _answer(self, body):
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with HTTPServer(("127.0.0.1", 0), Mlflow) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_links_open_the_right_view():
    base = "http://127.0.0.1:5000"
    table = f"{base}/#/experiments/1/runs?workflowType=machine_learning"
    assert links.experiment_link(base, "1", shared=False) == table
    assert links.experiment_link(base, "1") == f"{table}&viewStateShareKey=arena"
    assert links.run_link(base, "1", "ab") == f"{base}/#/experiments/1/runs/ab?workflowType=machine_learning"
    assert links.compare_link(base, "1", ["a", "b"]) == (
        f"{base}/#/compare-runs?runs=%5B%22a%22%2C+%22b%22%5D&experiments=%5B%221%22%5D&workflowType=machine_learning"
    )


def test_all_one_and_several_matches(server):
    find = links.Links("http://mlflow.example/", server)
    base = "http://mlflow.example"
    assert find() == links.experiment_link(base, "7", shared=False)
    assert find([ONE]) == links.run_link(base, "7", "1a")
    assert find([ONE, TWO]) == links.compare_link(base, "7", ["1a", "2b"])
    assert find([ONE, UNKNOWN]) is None


def test_all_matches_are_shown_with_our_columns_where_the_store_knows_them(server, monkeypatch):
    monkeypatch.setattr(Mlflow, "tags", [{"key": view.TAG, "value": view.shared_view()}])
    assert links.Links(server)() == links.experiment_link(server, "7", shared=True)


def test_a_new_store_and_a_dead_server(server, monkeypatch):
    find = links.Links(server)
    monkeypatch.setattr(Mlflow, "status", 404)
    assert find() is None
    monkeypatch.setattr(Mlflow, "status", 500)
    with pytest.raises(ArenaError, match="answers with status 500"):
        find()
    with pytest.raises(ArenaError, match="does not answer"):
        links.Links("http://127.0.0.1:9")()
