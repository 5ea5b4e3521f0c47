"""`arena detect` on videos, and into the files of competitions, with the real face finder."""

from __future__ import annotations

import csv
import json
import zipfile

import numpy as np
import pytest
from facefiles import film
from photofiles import drawn_face, encoded
from tiny import tiny_team

from arena import registry
from arena.snapshot import to_bytes

FACE = np.asarray(drawn_face())


@pytest.fixture
def detect(arena, tmp_path):
    """Run `arena detect` with a detector that never trained; lines of stdout and of stderr."""
    snapshot = tmp_path / "detector.safetensors"
    snapshot.write_bytes(to_bytes(tiny_team(registry.find("detector", "cnn")).snapshot(1)))

    def run(*words, status=0):
        ended, out, err = arena("detect", *words, "--snapshot", snapshot)
        assert ended == status, err
        return out.splitlines(), err.splitlines()

    return run


@pytest.fixture
def album(tmp_path):
    """A folder with a video of 26 frames, 13 of them with a face, a photo and the labels of both."""
    folder = tmp_path / "album"
    folder.mkdir()
    empty = np.full_like(FACE, 90)
    film(folder / "clip.mp4", [FACE if i % 2 == 0 else empty for i in range(26)])
    (folder / "photo.jpg").write_bytes(encoded(drawn_face(), "JPEG", quality=95))
    (folder / "metadata.json").write_text(json.dumps({"clip.mp4": {"label": "FAKE"}}))
    return folder


def test_a_line_for_a_video(detect, album):
    (line,), _ = detect(album / "clip.mp4")
    assert line.startswith(f"{album / 'clip.mp4'}: ")
    assert line.endswith("(alarm from 0.500), trimmed-mean of 13 faces in 26 frames")


def test_every_second_frame_and_another_rule(detect, album):
    out, _ = detect(album / "clip.mp4", "--every", 2, "--video-aggregate", "max", "--json")
    *faces, whole = map(json.loads, out)
    assert [face["frame"] for face in faces] == list(range(0, 26, 2))
    assert faces[1]["seconds"] == pytest.approx(0.08)
    assert len(faces[0]["box"]) == 4
    assert (whole["frames"], whole["faces"], whole["rule"]) == (13, 13, "max")
    assert whole["score"] == max(face["score"] for face in faces)


def test_few_faces_cannot_say(detect, album):
    (line,), _ = detect(album / "clip.mp4", "--every", 4)
    assert ": cannot say 0.500 " in line
    assert line.endswith("a trimmed mean needs 12 faces that can be judged, and there are 7 faces")


def test_photos_and_videos_of_a_folder_and_a_zip(detect, album, tmp_path):
    packed = tmp_path / "album.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(album.iterdir()):
            archive.write(path, path.name)
    out, err = detect(album, packed, "--format", "csv")
    rows = list(csv.DictReader(out))
    assert [(row["file"].removeprefix(str(tmp_path)), row["face"], row["frames"], row["faces"]) for row in rows] == [
        (f"/album{end}/{name}", face, frames, faces)
        for end in ("", ".zip")
        for name, face, frames, faces in [
            ("clip.mp4", "", "26", "13"),
            ("photo.jpg", "", "", "1"),
            ("photo.jpg", "1", "", ""),
        ]
    ]
    assert [row["score"] for row in rows[:3]] == [row["score"] for row in rows[3:]]
    assert err[-1] == "28 faces in 4 photos and videos"


def test_scores_hang_neither_on_order_nor_on_company(detect, album, tmp_path):
    other = tmp_path / "other.png"
    other.write_bytes(encoded(drawn_face(240)))
    one, _ = detect(other, album / "clip.mp4", "--format", "csv")
    two, _ = detect(album / "clip.mp4", "--format", "csv")
    three, _ = detect(album, other, "--format", "csv")
    assert set(one) | set(two) <= set(three)


def test_results_are_what_is_scored(detect, arena, album):
    (album / "broken.mp4").write_bytes(b"no video")
    out, err = detect(album, "--format", "results", status=1)
    assert [line.partition(",")[0] for line in out] == ["clip.mp4", "photo.jpg"]
    assert all(len(line.rpartition(".")[2]) == 4 for line in out)
    assert err[-2].endswith("broken.mp4 cannot be used: not a video or truncated")
    assert err[-1] == "error: 1 of 3 photos and videos cannot be used; judged were 14 faces in 2 photos and videos"


def test_a_folder_of_the_dfdc_layout_is_scored(detect, arena, album, tmp_path):
    for name in ("one", "two", "three"):
        (album / f"{name}.mp4").write_bytes((album / "clip.mp4").read_bytes())
    (album / "photo.jpg").unlink()
    labels = {f"{name}.mp4": {"label": label} for name, label in zip(("clip", "one"), ("FAKE", "REAL"), strict=True)}
    labels |= {"two.mp4": {"label": "FAKE"}, "three.mp4": {"label": "REAL"}}
    (album / "metadata.json").write_text(json.dumps(labels))
    results = tmp_path / "results.csv"
    detect(album, "--format", "results", "--every", 2, "-o", results)
    status, out, err = arena("score", results, album / "metadata.json", "--json")
    assert (status, json.loads(out.splitlines()[0])) == (0, json.loads(out.splitlines()[0]) | {"value": 0.5}), err


def test_a_sample_submission_is_filled(detect, album, tmp_path):
    sample = tmp_path / "sample.csv"
    sample.write_text("path,y\n./photo.jpg,0\nclip,0\n")
    out, err = detect(album, "--format", sample)
    header, photo, clip = (tmp_path / "sample_out.csv").read_text().splitlines()
    assert (header, out) == ("path,y", [])
    assert photo.startswith("./photo.jpg,0.")
    assert clip.startswith("clip,0.")
    assert err[-2] == f"2 scores in {tmp_path / 'sample_out.csv'}"
    detect(album, "--format", sample, "-o", tmp_path / "mine.csv")
    assert (tmp_path / "mine.csv").read_text().splitlines() == [header, photo, clip]


def test_what_cannot_be_judged_has_a_half_in_a_submission(detect, album, tmp_path):
    sample = tmp_path / "sample.csv"
    sample.write_text("path,y\nphoto.jpg,0\nclip.mp4,0\n")
    (album / "clip.mp4").write_bytes(b"no video")
    _, err = detect(album, "--format", sample, status=1)
    assert (tmp_path / "sample_out.csv").read_text().endswith("clip.mp4,0.500000\n")
    assert "1 of 2 files could not be judged and have 0.5" in err


def test_a_truncated_video_is_judged_up_to_there_and_says_so(detect, tmp_path):
    noisy = [FACE.copy() for _ in range(40)]
    for i, frame in enumerate(noisy):  # so that frames differ and the file is long
        frame[:, :100] = np.random.default_rng(i).integers(0, 256, (160, 100, 3))
    clip = film(tmp_path / "clip.mp4", noisy, movflags="faststart")
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    out, err = detect(clip, status=1)
    assert "it is truncated: only its first frames were judged" in out[0]
    assert err == [f"error: the video {clip} is truncated: only its first frames were judged"]


def bad_input(album, tmp_path):
    """Files of every kind of wrong."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "note.txt").write_text("nothing to see")
    film(tmp_path / "wall.mp4", [np.full_like(FACE, 90)] * 3)
    clip = (album / "clip.mp4").read_bytes()
    (tmp_path / "half.mp4").write_bytes(clip[: len(clip) // 2])
    (tmp_path / "one-column.csv").write_text("id\nphoto.jpg\n")
    (tmp_path / "unknown.csv").write_text("id,y\nphoto.jpg,0\nnobody.jpg,0\n")
    (tmp_path / "good.csv").write_text("id,y\nphoto.jpg,0\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["half.mp4"], "the video half.mp4 cannot be used: not a video or truncated"),
        (["none.mp4"], "the video none.mp4 cannot be read: No such file or directory"),
        (["wall.mp4"], "the video wall.mp4 shows no face in 3 frames"),
        (["empty"], "there are no photos or videos there"),
        (["notes"], "there are no photos or videos there"),
        (["album", "--format", "one-column.csv"], "one-column.csv line 1: a column is missing"),
        (["album", "--format", "unknown.csv"], "unknown.csv line 3: there is no file named 'nobody.jpg'"),
        (["album", "--format", "good.csv", "-o", "none/out.csv"], "none/out.csv cannot be written: No such file"),
        (["album", "--format", "good.csv", "-o", "empty"], "empty cannot be written: it is a folder"),
        (["album", "--format", "good.csv", "--json"], "give either --json or --format good.csv"),
        (["album", "--format", "xml"], "--format takes lines, table, csv, json, results or a sample submission"),
        (["album", "-o", "out.csv"], "-o is for --format results and SAMPLE.csv"),
    ],
)
def test_bad_input_is_one_sentence(detect, album, tmp_path, words, sentence):
    bad_input(album, tmp_path)
    _, err = detect(*words, status=1)
    assert sentence in err[-1]
    assert err[-1].startswith("error: ")


@pytest.mark.parametrize("words", [("--every", 0), ("--video-aggregate", "median")])
def test_bad_options_are_refused(detect, album, words):
    _, err = detect(album, *words, status=2)
    assert words[0] in " ".join(err)
