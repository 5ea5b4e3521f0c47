"""Films of walks through latents over HTTP: made by a process of its own, marked, kept, and refused like samples."""

from __future__ import annotations

import io

import pytest
from matches import played, start, tiny
from PIL import Image
from servedhome import served

from arena.service.client import Client
from arena.store.home import Home
from arena.types import ArenaError


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A match of a generator with latents, and one of a generator without."""
    root = tmp_path_factory.mktemp("walked") / "home"
    for name, generator in (("drawn", None), ("noisy", "noise")):
        match = start(root, tiny(generator, rounds=1), name)
        played(match)
        match.home.close()
    home = Home.open(root)
    yield home
    home.close()


@pytest.fixture(scope="module")
def client(home):
    with served(home.root) as address, Client(address, timeout=240) as client:
        yield client


def test_a_walk_is_a_film_that_says_what_it_is(client):
    path = "matches/drawn/rounds/1/walk.webp"
    answer = client._http.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert client.walk("drawn", 1) == answer.content
    with Image.open(io.BytesIO(answer.content)) as film:
        assert (film.n_frames, film.size) == (40, (64, 64))
        assert b"trainedAlgorithmicMedia" in film.info["xmp"]
    assert client._http.get(path, headers={"if-none-match": answer.headers["etag"]}).status_code == 304
    assert client._http.get("matches/drawn/rounds/0/walk.webp").content != answer.content


def test_a_generator_without_latents_says_so(client):
    answer = client._http.get("matches/noisy/rounds/1/walk.webp")
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("noise draws no faces from latents")
    with pytest.raises(ArenaError, match="noise draws no faces from latents"):
        client.walk("noisy", 1)


def test_weights_that_are_gone_cannot_walk(home, client):
    weights = home.round_folder("drawn", 0) / "generator.snapshot.safetensors"
    stored = weights.read_bytes()
    client._http.get("matches/drawn/rounds/0/walk.webp")
    weights.unlink()
    try:
        assert client._http.get("matches/drawn/rounds/0/walk.webp").status_code == 200  # it is kept
        with served(home.root) as address, Client(address) as other:
            answer = other._http.get("matches/drawn/rounds/0/walk.webp")
            assert answer.status_code == 404
            assert "were pruned" in answer.json()["detail"]
    finally:
        weights.write_bytes(stored)
