from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from facefiles import picture
from PIL import Image, ImageEnhance

from arena.faces.sets.cache import FaceSet
from arena.faces.sets.leaks import find_leaks, join_near_duplicates, near_duplicates, perceptual_hashes
from arena.faces.sets.split import Split


def pictures(n: int, size: int = 64) -> np.ndarray:
    return np.stack([np.asarray(picture(seed, size, size)) for seed in range(n)])


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def face_set(images: np.ndarray, identities: list[int]) -> FaceSet:
    names = [f"{i}.png" for i in range(len(images))]
    return FaceSet(images, np.array(identities), names, [], "a test", False, "", "", {}, {}, Path())


def split(a: list[int], b: list[int], exam: list[int]) -> Split:
    return Split(np.array(a), np.array(b), np.array(exam))


def test_a_hash_is_the_sign_of_the_lowest_frequencies() -> None:
    x = (np.arange(64) + 0.5) / 64
    wave = 128 + 100 * np.cos(np.pi * x)  # exactly the first horizontal frequency, all others zero
    image = np.broadcast_to(wave[None, :, None], (64, 64, 3)).round().astype(np.uint8)
    first_bit = int(np.packbits([1, *[0] * 63]).view(np.uint64)[0])
    assert int(perceptual_hashes(image[None])[0]) & first_bit
    assert not int(perceptual_hashes(image[None, :, ::-1])[0]) & first_bit


@pytest.mark.parametrize("size", [64, 50])
def test_changed_copies_are_found_and_strangers_are_not(size: int) -> None:
    images = pictures(40, size)
    original = Image.fromarray(images[0])
    small = original.resize((size * 3 // 4,) * 2).resize((size, size))
    copies = [jpeg(images[0], 30), np.asarray(small), np.asarray(ImageEnhance.Brightness(original).enhance(1.1))]
    found = near_duplicates(np.concatenate([images, copies]))
    assert found.tolist() == [[0, 40], [0, 41], [0, 42], [40, 41], [40, 42], [41, 42]]


def test_pairs_across_blocks_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arena.faces.sets.leaks._BLOCK", 7)
    images = pictures(20)
    calls: list[tuple[int, int | None]] = []
    pairs = near_duplicates(np.concatenate([images, images[3:5]]), lambda done, total: calls.append((done, total)))
    assert pairs.tolist() == [[3, 20], [4, 21]]
    assert calls[-1] == (22, 22)


def test_frames_of_videos_pair_up_by_the_hundred() -> None:
    frames = np.repeat(pictures(5), 30, axis=0).astype(int)
    noisy = np.clip(frames + np.random.default_rng(0).integers(-2, 3, frames.shape), 0, 255).astype(np.uint8)
    pairs = near_duplicates(noisy)
    assert len(pairs) == 5 * 30 * 29 // 2
    assert (pairs[:, 0] // 30 == pairs[:, 1] // 30).all()


def test_plain_and_no_images() -> None:
    assert near_duplicates(np.zeros((2, 64, 64, 3), np.uint8)).tolist() == []
    assert near_duplicates(np.zeros((0, 64, 64, 3), np.uint8)).shape == (0, 2)


def test_leaks_name_files_and_parts() -> None:
    images = pictures(5)
    faces = face_set(np.concatenate([images, jpeg(images[0], 50)[None]]), [0, 1, 2, 3, 1, 5])
    leaks = find_leaks(faces, split([0, 1], [2, 3, 4], [5]))
    assert [str(leak) for leak in leaks] == [
        "1.png (a) and 4.png (b): identity",
        "0.png (a) and 5.png (exam): near-duplicate",
    ]
    assert find_leaks(faces, split([0, 5], [1, 4], [2, 3])) == []
    assert find_leaks(faces, split([0], [1], [2])) == []  # faces that are in no part leak nowhere


def test_people_who_share_a_photo_are_joined() -> None:
    images = pictures(4)
    twice = np.concatenate([images, jpeg(images[0], 50)[None], jpeg(images[3], 50)[None]])
    # 0~4 joins identities 0 and 2, 3~5 joins 3 and 2: one group of four images
    assert join_near_duplicates(twice, np.array([0, 1, 0, 3, 2, 2])).tolist() == [0, 1, 0, 0, 0, 0]
