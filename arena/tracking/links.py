"""Addresses in MLflow's UI that open the right view. Asks the UI's own server; MLflow is not imported for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from arena.store.home import MatchRow
from arena.tracking import view
from arena.tracking.store import EXPERIMENT, IDENTITY, identity
from arena.types import ArenaError

VIEW = "workflowType=machine_learning"
"""MLflow's UI opens on its views for language models without it."""
ANSWER_SECONDS = 4.0


def experiment_link(base_url: str, experiment_id: str, shared: bool = True) -> str:
    """All matches as a table. `shared`: with the columns of `view`, which the store must have been told of."""
    columns = f"&viewStateShareKey={view.KEY}" if shared else ""
    return f"{base_url}/#/experiments/{experiment_id}/runs?{VIEW}{columns}"


def run_link(base_url: str, experiment_id: str, run_id: str) -> str:
    """One match."""
    return f"{base_url}/#/experiments/{experiment_id}/runs/{run_id}?{VIEW}"


def compare_link(base_url: str, experiment_id: str, run_ids: Sequence[str]) -> str:
    """Some matches side by side: settings that differ, and results."""
    query = urlencode({"runs": json.dumps(list(run_ids)), "experiments": json.dumps([experiment_id])})
    return f"{base_url}/#/compare-runs?{query}&{VIEW}"


class Links:
    """Where a UI shows matches. May be called by several threads."""

    def __init__(self, ui: str, server: str | None = None) -> None:
        """`ui`: its address for a browser. `server`: its address for this process, if that is another."""
        self._ui, self._server = ui.rstrip("/"), (server or ui).rstrip("/")

    def __call__(self, matches: Sequence[MatchRow] = ()) -> str | None:
        """The address of all matches, of one, or of several side by side; None when MLflow was not told of one yet.

        Raises ArenaError when the server does not answer.
        """
        found = self._ask(f"experiments/get-by-name?{urlencode({'experiment_name': EXPERIMENT})}")
        if found is None:
            return None
        experiment = str(found["experiment"]["experiment_id"])
        runs = [self._run(experiment, match) for match in matches]
        known = [run for run in runs if run is not None]
        if len(known) < len(runs):
            return None
        if not known:
            tags = {tag["key"] for tag in found["experiment"].get("tags", [])}
            return experiment_link(self._ui, experiment, shared=view.TAG in tags)
        return run_link(self._ui, experiment, *known) if len(known) == 1 else compare_link(self._ui, experiment, known)

    def _run(self, experiment: str, match: MatchRow) -> str | None:
        query = f"tags.`{IDENTITY}` = '{identity(match)}'"
        asked = {
            "experiment_ids": [experiment],
            "filter": query,
            "max_results": 1,
            "order_by": ["attributes.start_time ASC"],
        }
        runs = (self._ask("runs/search", asked) or {}).get("runs", [])
        return str(runs[0]["info"]["run_id"]) if runs else None

    def _ask(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """An answer of MLflow's REST API; None where it says that there is no such thing."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self._server}/api/2.0/mlflow/{path}", data, {"content-type": "application/json"})
        try:
            # Without the environment's proxies: the server is next door.
            with build_opener(ProxyHandler({})).open(request, timeout=ANSWER_SECONDS) as response:
                found = json.load(response)
        except HTTPError as error:
            if error.code == 404:
                return None
            raise ArenaError(f"MLflow at {self._server} answers with status {error.code}") from error
        except (URLError, OSError, ValueError) as error:
            raise ArenaError(f"MLflow at {self._server} does not answer; it may still be starting") from error
        return dict(found)
