from __future__ import annotations

import json
import os
import re
import socket
from pathlib import Path

import pytest
from matchfiles import detector_file, entry_of, new_home, picture, play, play_all, training
from PIL import Image

from arena.store.outbox import errands_of, unshipped
from arena.tracking.shipper import Shipper, ship, ship_all
from arena.tracking.store import artifact_folder, check_uri, default_uri, shown
from arena.tracking.trainings import tell
from arena.types import ArenaError

pytestmark = pytest.mark.filterwarnings("ignore")  # those of MLflow and what it imports


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """A home, its store and MLflow's client; making the database takes seconds, so all tests here share one."""
    before = dict(os.environ)
    home = new_home(tmp_path_factory.mktemp("mlflow") / "home")
    play_all(home, detector=detector_file())
    store = ship_all(home.root)
    yield home, store, store._client
    home.close()
    os.environ.clear()
    os.environ.update(before)


def contents(client, run):
    """Every point and every file of a run."""
    keys = client.get_run(run).data.metrics
    points = {key: [(m.value, m.step, m.timestamp) for m in client.get_metric_history(run, key)] for key in keys}
    folder = Path(client.get_run(run).info.artifact_uri.removeprefix("file://"))
    return points, {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_run_per_match_with_settings_points_files_and_state(shipped):
    home, store, client = shipped
    run = client.get_run(store.find(home.match("duel")).id)
    assert run.info.run_name == "duel"
    assert run.info.status == "FINISHED"
    assert run.info.start_time == errands_of(home, "duel")[0].enqueued_ms
    assert run.info.end_time == errands_of(home, "duel")[4].enqueued_ms
    assert run.data.params["detector.width"] == "2"
    assert run.data.tags["score"] == "A 1 : 1 B"
    assert run.data.tags["mlflow.loggedImages"] == "True"
    points, files = contents(client, run.info.run_id)
    first, second = (errands_of(home, "duel")[i].enqueued_ms for i in (2, 3))
    assert points["exam/accuracy"] == [(1.0, 1, first), (0.0, 2, second)]
    assert [step for _, step, _ in points["train/generator/loss"]] == [50, 150, 250]
    assert "samples.gif" in files
    assert "charts.html" in files


def test_exact_retry_changes_nothing(shipped):
    home, store, client = shipped
    match = home.match("duel")
    run = store.find(match)
    before = contents(client, run.id)
    for errand in errands_of(home, "duel"):  # as after a crash when all was logged and nothing noted
        store.tell(run, errand, entry_of(home, errand), False)
    store.tell(run, errand, entry_of(home, errand, newest=True), False)
    assert contents(client, run.id) == before
    assert len(client.search_runs([store.experiment_id], "attributes.run_name = 'duel'")) == 1


def versions(client, match):
    """What the registry has of a match: the round of each version, the first first, with where its files are."""
    found = sorted(client.search_model_versions(f"name='{match}-detector'"), key=lambda version: version.version)
    return [(version.tags["round"], version.run_id, version.source) for version in found]


def logged(client, store, run):
    """The logged models of a run."""
    return client.search_logged_models([store.experiment_id], f"source_run_id='{run}'")


def test_the_list_of_matches_opens_with_our_columns(shipped):
    _, store, client = shipped
    kept = client.get_experiment(store.experiment_id).tags["mlflow.sharedViewState.arena"]
    columns = json.loads(kept)["selectedColumns"]
    assert {"tags.`score`", "tags.`winner`", "metrics.`exam/accuracy`", "attributes.`Dataset`"} <= set(columns)
    (run,) = client.search_runs([store.experiment_id], "attributes.run_name = 'duel'")
    named = {"metrics": run.data.metrics, "params": run.data.params, "tags": run.data.tags}
    for kind, name in (column.rstrip("`").split(".`") for column in columns):
        assert kind == "attributes" or name in named[kind]


def test_the_faces_are_a_data_set_once(shipped):
    home, store, client = shipped
    run = store.find(home.match("duel"))
    start = errands_of(home, "duel")[0]
    store.tell(run, start, entry_of(home, start), False)
    (used,) = client.get_run(run.id).inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.digest) == ("procedural:60", "abc")
    assert json.loads(used.dataset.source) == {"faces": "procedural:60"}
    assert json.loads(used.dataset.profile) == {"images": 60, "identities": 30, "synthetic": True}
    client.set_tag(run.id, "arena.errand", errands_of(home, "duel")[-1].id)


def test_the_champion_is_registered_once_and_again_when_the_match_goes_on(shipped, tmp_path, monkeypatch):
    home, store, client = shipped
    monkeypatch.chdir(tmp_path)
    home.create_match("rematch", home.match("duel").config, home.match("duel").facts)
    play_all(home, "rematch", detector_file())
    ship(home, "rematch", store)
    run = store.find(home.match("rematch")).id
    for _ in range(2):  # as after a crash when all was told and nothing noted
        client.set_tag(run, "arena.errand", "0")
        ship(home, "rematch", store)
    (model,) = logged(client, store, run)
    assert versions(client, "rematch") == [("2", run, model.artifact_location)]
    assert str(model.status) == "READY"
    assert [output.model_id for output in client.get_run(run).outputs.model_outputs] == [model.model_id]
    home.update_rounds("rematch", 3)
    play(home, 3, "rematch", last=True, detector=detector_file())
    ship(home, "rematch", store)
    assert [number for number, *_ in versions(client, "rematch")] == ["2", "3"]
    assert not list(tmp_path.iterdir())  # no store of its own in the current folder


def test_a_registry_out_of_order_waits_and_the_run_is_whole(shipped, monkeypatch):
    home, store, client = shipped
    home.create_match("unlucky", home.match("duel").config, home.match("duel").facts)
    play_all(home, "unlucky", detector_file())
    with monkeypatch.context() as patch:
        patch.setattr(client, "create_model_version", lambda *given, **more: (_ for _ in ()).throw(OSError("no")))
        with pytest.raises(OSError, match="no"):
            ship(home, "unlucky", store)
    run = client.get_run(store.find(home.match("unlucky")).id)
    assert (run.info.status, run.data.tags["score"]) == ("FINISHED", "A 1 : 1 B")
    assert unshipped(home) == {"unlucky": 1}
    ship(home, "unlucky", store)
    assert unshipped(home) == {}
    assert len(versions(client, "unlucky")) == len(logged(client, store, run.info.run_id)) == 1


def test_samples_are_where_the_slider_looks(shipped):
    home, store, client = shipped
    run = store.find(home.match("duel")).id
    other = client.create_run(store.experiment_id).info.run_id
    client.log_image(other, Image.new("RGB", (8, 8)), key="samples", step=2, timestamp=7)
    pattern = re.compile(r"images/samples\+step\+(\d+)\+timestamp\+\d+\+[\w-]+(\+compressed\.webp|\.png)")
    theirs = [pattern.fullmatch(file.path) for file in client.list_artifacts(other, "images")]
    client.delete_run(other)
    assert len(theirs) == 2
    assert all(theirs)
    ours = [pattern.fullmatch(file.path) for file in client.list_artifacts(run, "images")]
    assert sorted(m[1] + m[2] for m in ours) == [f"{n}{end}" for n in "012" for end in ("+compressed.webp", ".png")]
    files = contents(client, run)[1]
    assert all(picture(files[m[0]]).size == (16, 16) for m in ours)


def test_a_prolonged_match_runs_again_and_keeps_its_settings(shipped):
    home, store, client = shipped
    home.create_match("long", {**home.match("duel").config, "rounds": 1}, home.match("duel").facts)
    run = store.create(home.match("long"), 1)
    start = errands_of(home, "long")[0]
    store.tell(run, start, entry_of(home, start), False)
    play(home, 0, "long")
    play(home, 1, "long", last=True)
    ship(home, "long", store)
    assert client.get_run(run.id).info.status == "FINISHED"
    home.update_rounds("long", 2)
    play(home, 2, "long")
    ship(home, "long", store)
    assert client.get_run(run.id).info.status == "RUNNING"
    store.tell(store.find(home.match("long")), start, entry_of(home, start), False)  # a retry with other rounds
    assert client.get_run(run.id).data.params["rounds"] == "1"


def test_a_run_that_was_deleted_is_not_made_again(shipped):
    home, store, client = shipped
    home.create_match("unwanted", home.match("duel").config, home.match("duel").facts)
    ship(home, "unwanted", store)
    client.delete_run(store.find(home.match("unwanted")).id)
    play(home, 0, "unwanted")
    ship(home, "unwanted", store)
    assert unshipped(home) == {}
    assert "unwanted" not in {run.info.run_name for run in client.search_runs([store.experiment_id])}


def test_a_moved_home_is_told_what_to_do(shipped, tmp_path):
    home, _, _ = shipped
    (tmp_path / "arena.db").write_bytes((home.root / "arena.db").read_bytes())
    (tmp_path / "mlflow.db").write_bytes((home.root / "mlflow.db").read_bytes())
    with pytest.raises(ArenaError, match=r"was moved .* delete its mlflow\.db and mlartifacts"):
        ship_all(tmp_path)


def test_a_dead_server_costs_nothing_but_a_warning(shipped, tmp_path):
    home = new_home(tmp_path / "home")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    warnings = []
    uri = f"http://127.0.0.1:{port}"
    shipper = Shipper(home.root, uri, "duel", warnings.append)
    shipper.start()
    assert shipper.stop(timeout=60) == 1
    assert not shipper._thread.is_alive()
    assert warnings == [
        f"MLflow at {uri} is not up to date: it does not answer; "
        f"nothing is lost, catch up with: arena mlflow --mlflow {uri} --home {home.root}"
    ]
    home.close()


@pytest.mark.parametrize(
    "uri",
    ["", "here", "mlruns", "file:///tmp/mlruns", "http://", "http://host:port", "sqlite:///", "sqlite:mlflow.db",
     "sqlite:////no/such/folder/mlflow.db", "ftp://host/x"],
)  # fmt: skip
def test_nonsense_is_refused_with_an_example(uri):
    with pytest.raises(ArenaError, match=r"MLflow store.*: (give a server like http://|there is no folder)"):
        check_uri(uri)


def test_uris_that_mlflow_can_use(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert check_uri("http://127.0.0.1:5000/") == "http://127.0.0.1:5000"
    assert check_uri("sqlite:///mlflow.db") == f"sqlite:///{tmp_path}/mlflow.db"
    assert check_uri("postgresql+psycopg2://u:p@db/arena") == "postgresql+psycopg2://u:p@db/arena"
    assert check_uri(default_uri(tmp_path)) == f"sqlite:///{tmp_path}/mlflow.db"


def test_where_files_go(tmp_path):
    assert artifact_folder(tmp_path, "http://server:1") is None
    assert artifact_folder(tmp_path, "sqlite:////elsewhere/m.db") == Path("/elsewhere/mlartifacts")
    assert artifact_folder(tmp_path, "mysql://db/arena") == tmp_path / "mlartifacts"


def test_passwords_are_not_shown():
    assert shown("postgresql://me:secret@db/arena") == "postgresql://me:***@db/arena"
    assert shown("http://127.0.0.1:5000") == "http://127.0.0.1:5000"


def test_a_training_is_told_once(shipped, tmp_path):
    home, _, client = shipped
    told = training(tmp_path)
    assert [tell(told, home.root), tell(told, home.root)] == ["", ""]
    experiment = client.get_experiment_by_name("trainings")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["detector.width"] == "4"
    points, files = contents(client, run.info.run_id)
    assert [(value, step) for value, step, _ in points["validation/auroc"]] == [(0.6, 1), (0.7, 2)]
    assert set(files) == {"d.json"}
