from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
from facefiles import faces_in, write
from PIL import Image

from arena.faces.source import Face
from arena.faces.sources.opening import open_source
from arena.types import ArenaError


def stand_in(monkeypatch: pytest.MonkeyPatch, package: str, name: str, loader: Any) -> None:
    """Replace a loader that would download."""
    monkeypatch.setitem(sys.modules, package, SimpleNamespace())
    monkeypatch.setitem(sys.modules, f"{package}.datasets", SimpleNamespace(**{name: loader}))


def test_lfw_keeps_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def loader(data_home: str, **options: Any) -> None:
        photo = np.zeros((250, 250, 3), np.uint8)
        photo[50:200, 50:200] = 255
        folder = Path(data_home) / "lfw_home" / "lfw_funneled" / "Ann_Example"
        folder.mkdir(parents=True)
        Image.fromarray(photo).save(folder / "Ann_Example_0001.png")

    stand_in(monkeypatch, "sklearn", "fetch_lfw_people", loader)
    source = open_source(f"lfw:{tmp_path}")
    assert open_source(f"lfw:{tmp_path}").fingerprint() == source.fingerprint()  # the second time from the folder
    (tmp_path / "lfw_home" / "lfw-funneled.tgz").touch()
    with pytest.raises(ArenaError, match="was not unpacked to the end"):
        open_source(f"lfw:{tmp_path}")
    (face,) = source.faces(64)
    assert isinstance(face, Face)
    assert face.identity == "Ann_Example"
    assert face.image.shape == (150, 150, 3)
    assert face.image.min() == 255


def test_celeba_has_its_identities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def loader(root: str, **options: Any) -> SimpleNamespace:
        write(Path(root) / "celeba" / "img_align_celeba" / "000001.jpg", 1, 178, 218)
        write(Path(root) / "celeba" / "img_align_celeba" / "000002.jpg", 2, 178, 218)
        return SimpleNamespace(filename=["000001.jpg", "000002.jpg"], identity=np.array([[2880], [7]]))

    stand_in(monkeypatch, "torchvision", "CelebA", loader)
    assert faces_in(f"celeba:{tmp_path}") == {"000001.jpg": "02880", "000002.jpg": "00007"}
    source = open_source(f"celeba:{tmp_path}")
    assert source.count == 2
    assert source.fingerprint() == open_source(f"celeba:{tmp_path}").fingerprint()


@pytest.mark.parametrize(
    ("spec", "package", "name", "error"),
    [
        ("lfw", "sklearn", "fetch_lfw_people", URLError("no route to host\nat all")),
        ("celeba", "torchvision", "CelebA", RuntimeError("Dataset not found\nor corrupted")),
    ],
)
def test_offline_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str, package: str, name: str, error: Exception
) -> None:
    def loader(*arguments: Any, **options: Any) -> None:
        raise error

    stand_in(monkeypatch, package, name, loader)
    with pytest.raises(ArenaError, match="could not be downloaded") as caught:
        open_source(f"{spec}:{tmp_path}")
    assert f"{spec}:FOLDER" in str(caught.value)
    assert "\n" not in str(caught.value)
