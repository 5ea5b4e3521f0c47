from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save
from tiny import equal_states, pictures, tiny_team

from arena import registry
from arena.snapshot import FORMAT, player, read_snapshot, to_bytes
from arena.types import ArenaError, Snapshot

WEIGHTS = {"0.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "1.count": np.array(7, np.int64)}
SNAPSHOT = Snapshot("detector", "cnn", {"width": 4, "augment": False}, 16, 3, WEIGHTS, {"threshold": 0.1 + 0.2})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "snapshot.safetensors"


def write(path, header, **metadata):
    path.write_bytes(save(WEIGHTS, metadata={"snapshot": json.dumps(header)} | metadata))


def header(**changes):
    fields = {"role": "detector", "contender": "cnn", "options": {}, "image_size": 16, "round": 1, "extra": {}}
    return fields | {"format": FORMAT, "arena": "9.9"} | changes


def test_a_file_gives_back_the_snapshot(path):
    path.write_bytes(to_bytes(SNAPSHOT))
    read = read_snapshot(path)
    assert equal_states(read.weights, WEIGHTS)
    assert (read.role, read.contender, read.options) == ("detector", "cnn", {"width": 4, "augment": False})
    assert (read.image_size, read.round, read.extra) == (16, 3, {"threshold": 0.1 + 0.2})


def test_where_its_faces_came_from_survives_the_file_and_reaches_the_player(path):
    origin = {"synthetic": True, "coding": None, "framing": {"points": [[0.5, 0.25]]}, "coded": False}
    snapshot = replace(tiny_team(registry.find("detector", "cnn")).snapshot(0), origin=origin)
    path.write_bytes(to_bytes(snapshot))
    assert read_snapshot(path).origin == origin
    assert player(read_snapshot(path)).brief.origin == origin


def test_files_of_earlier_versions_say_nothing_of_their_faces(path):
    write(path, header())
    assert read_snapshot(path).origin == {}


def made_of_parts():
    inner = replace(SNAPSHOT, parts={"a": replace(SNAPSHOT, round=5), "b": replace(SNAPSHOT, weights={})})
    return replace(SNAPSHOT, role="generator", contender="both", parts={"inner": inner, "other": SNAPSHOT})


def equal(one, two):
    if not equal_states(one.weights, two.weights) or one.parts.keys() != two.parts.keys():
        return False
    bare = [replace(snapshot, weights={}, parts={}) for snapshot in (one, two)]
    return bare[0] == bare[1] and all(equal(one.parts[name], two.parts[name]) for name in one.parts)


def test_parts_come_back_whole_and_so_do_theirs(path):
    path.write_bytes(to_bytes(made_of_parts()))
    read = read_snapshot(path)
    assert equal(read, made_of_parts())
    assert read.parts["inner"].parts["a"].round == 5
    assert not equal(read, replace(made_of_parts(), parts={}))


def test_without_parts_earlier_versions_can_read_it(path):
    def format_of(snapshot):
        path.write_bytes(to_bytes(snapshot))
        with safe_open(path, framework="numpy") as file:
            return json.loads(file.metadata()["snapshot"])["format"]

    assert format_of(SNAPSHOT) == 2
    assert format_of(made_of_parts()) == FORMAT == 3


@pytest.mark.parametrize("written", [1, 2])
def test_earlier_formats_are_read(path, written):
    write(path, header(format=written))
    front = "detector/" if written == 1 else ""
    assert equal_states(read_snapshot(path).weights, {front + name: array for name, array in WEIGHTS.items()})


@pytest.mark.parametrize("name", ["a/b", ""])
def test_a_part_cannot_have_a_name_that_reads_as_another(name):
    other = {"": "parts//0.weight"}.get(name, "x")
    with pytest.raises(ValueError, match="a part of a snapshot cannot be named"):
        to_bytes(replace(SNAPSHOT, weights={other: WEIGHTS["0.weight"]}, parts={name: SNAPSHOT}))


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ([1], "is not a readable snapshot"),
        ({"a": 3}, "is not a readable snapshot"),
        ({"a": {}}, "a format this version cannot read"),
        ({"a": header(role="umpire")}, "a format this version cannot read"),
        ({"a": {k: v for k, v in header().items() if k != "round"}}, "does not say its round"),
    ],
)
def test_damaged_parts_are_no_snapshot(path, parts, complaint):
    write(path, header(parts=parts))
    with pytest.raises(ArenaError, match=complaint):
        read_snapshot(path)


def test_the_same_snapshot_is_the_same_bytes():
    assert to_bytes(SNAPSHOT) == to_bytes(SNAPSHOT)


def test_a_missing_file_is_called_missing(path):
    with pytest.raises(ArenaError, match=f"there is no snapshot at {path}"):
        read_snapshot(path)


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:-4], lambda data: b"\xff" * len(data)])
def test_a_damaged_file_is_no_snapshot(path, damage):
    path.write_bytes(damage(to_bytes(SNAPSHOT)))
    with pytest.raises(ArenaError, match="is not a readable snapshot"):
        read_snapshot(path)


def test_a_folder_is_no_snapshot(tmp_path):
    with pytest.raises(ArenaError, match="is not a readable snapshot"):
        read_snapshot(tmp_path)


def test_weights_without_a_header_are_no_snapshot(path):
    path.write_bytes(save(WEIGHTS))
    with pytest.raises(ArenaError, match="is not a readable snapshot"):
        read_snapshot(path)


@pytest.mark.parametrize("content", [[1], 3, None, "text"])
def test_a_header_of_another_kind_is_no_snapshot(path, content):
    write(path, content)
    with pytest.raises(ArenaError, match="is not a readable snapshot"):
        read_snapshot(path)


@pytest.mark.parametrize("changes", [{"format": FORMAT + 1}, {"role": "umpire"}])
def test_a_later_format_names_its_version(path, changes):
    write(path, header(**changes))
    with pytest.raises(ArenaError, match=r"was written by arena 9\.9 in a format this version cannot read"):
        read_snapshot(path)


@pytest.mark.parametrize("name", ["contender", "options", "image_size", "round", "extra"])
def test_an_incomplete_header_is_named(path, name):
    write(path, {key: value for key, value in header().items() if key != name})
    with pytest.raises(ArenaError, match=f"its header does not say its {name}"):
        read_snapshot(path)


def test_an_unknown_contender_cannot_take_a_seat(path):
    write(path, header(contender="nobody"))
    with pytest.raises(ArenaError, match="there is no detector named 'nobody'"):
        player(read_snapshot(path))


@pytest.mark.parametrize(
    ("width", "complaint"), [(8, r"values of the shape \[4, 3, 3, 3\] for '0.weight'"), (4, "no values for")]
)
def test_weights_of_another_network_cannot_take_a_seat(width, complaint):
    snapshot = tiny_team(registry.find("detector", "cnn")).snapshot(0)
    weights = {name: array for name, array in snapshot.weights.items() if width != 4 or name != "detector/0.weight"}
    other = Snapshot("detector", "cnn", {"width": width}, 16, 0, weights, snapshot.extra)
    with pytest.raises(ArenaError, match=f"these weights belong to another network: {complaint}"):
        player(other)


def test_a_seated_snapshot_does_not_lean_on_the_array_it_came_from():
    snapshot = tiny_team(registry.find("detector", "cnn")).snapshot(0)
    team = player(snapshot)
    before = team.answer(pictures(3)).scores
    for array in snapshot.weights.values():
        array[...] = 0
    assert np.array_equal(team.answer(pictures(3)).scores, before)
