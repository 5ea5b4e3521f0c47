"""A photo is judged in the visitor's browser, and the answer is the service's."""

from __future__ import annotations

import base64
from dataclasses import replace

import numpy as np
import pytest
import torch
from photofiles import drawn_face, encoded
from PIL import Image
from tiny import tiny_team

from arena import registry
from arena.faces.coding import Coding, Way, tables_of
from arena.faces.sources.drawn import FRAMING
from arena.photo.likeness import Likeness
from arena.service import devices
from arena.service.decoding import FORMATS
from arena.service.uploads import is_photo
from arena.snapshot import to_bytes

from .visiting import TOKEN, expect, service, witness

SIZE = 32
CODING = Coding(
    tuple((Way("JPEG", side, tables_of(90), sampling), 0.5) for side, sampling in ((SIZE, "4:2:0"), (48, "4:4:4"))), 9
)
WAYS = [("4:4:4", 40, [3, 5]), ("4:2:2", 61, [0, 0]), ("4:2:0", 50, [7, 1])]
needs_runtime = pytest.mark.skipif(devices.missing() is not None, reason="needs the browser's runtime: make on-device")
LOAD = """([name]) => import(`/page/device/${name}.js`).then((module) => Object.assign(window, module))"""
DECODE = """const image = { width: side, height: side, data: Uint8Array.from(atob(data), (c) => c.charCodeAt(0)) };
const told = (found) => btoa(String.fromCharCode(...found.data));"""


@pytest.fixture
def lived(home, request):
    """The home after two rounds, with detectors, `cnn` or another, that know how their faces are framed and coded."""
    from servedhome import play_all

    play_all(home)
    contender = registry.find("detector", getattr(request, "param", "cnn"))
    origin = {"framing": FRAMING.to_json(), "coding": CODING.to_json()}
    for number in (1, 2):
        snapshot = tiny_team(contender, image_size=SIZE, seed=number).snapshot(number)
        path = home.round_folder("duel", number) / "detector.snapshot.safetensors"
        path.write_bytes(to_bytes(replace(snapshot, origin=origin if number == 2 else {})))
    return home


def choose(page, content):
    page.get_by_test_id("photo-file").set_input_files({"name": "p.png", "mimeType": "image/png", "buffer": content})
    expect(page.get_by_test_id("photo-result")).to_be_visible(timeout=30_000)


def answers(page):
    """Keep what the service and the browser say of photos, as the page gets it."""
    page.evaluate("""async () => {
      const { localJudge } = await import("/page/device/judge.js");
      const { post } = await import("/page/api.js");
      const judge = await localJudge(await post("/on-device/kit"));
      window.both = async (data) => {
        const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
        const photo = new Blob([bytes], { type: "image/png" });
        return [await post("detect", photo), await judge(photo)];
      };
    }""")


@needs_runtime
@pytest.mark.parametrize("lived", ["cnn", "committee", "activations", "onet"], indirect=True)
def test_the_browser_answers_as_the_service_and_sends_nothing(lived, visit):
    with service(lived.root) as address:
        page = visit(address, "#/photo", TOKEN)
        toggle = page.get_by_test_id("on-device")
        expect(toggle).to_be_enabled()
        toggle.check()
        expect(page.get_by_test_id("on-device-note")).to_contain_text("are here", timeout=120_000)
        before = list(witness(page).requests)
        choose(page, encoded(drawn_face()))
        expect(page.get_by_test_id("photo-summary")).to_contain_text("1 face found")
        expect(page.get_by_test_id("prepared")).to_contain_text("framed as the training faces are")
        assert witness(page).requests == before

        answers(page)
        pictures = [
            drawn_face(),
            drawn_face(240),
            drawn_face().crop((0, 0, 275, 160)),
            Image.new("RGB", (60, 60), "grey"),
            drawn_face(48).crop((48, 0, 96, 48)),
        ]
        pictures += [Image.new("RGB", (300, 200), "grey")]
        for picture in pictures:
            theirs, ours = page.evaluate("data => both(data)", base64.b64encode(encoded(picture)).decode())
            assert theirs["score"] == pytest.approx(ours["score"], abs=1e-3)
            for key in ("verdict", "whole_image", "note", "prepared", "width", "height"):
                assert theirs[key] == ours[key], (picture.size, key)
            assert theirs["judge"] == ours["judge"]
            assert len(theirs["faces"]) == len(ours["faces"])
            for one, other in zip(theirs["faces"], ours["faces"], strict=True):
                assert one["refused"] == other["refused"]
                assert np.allclose(one["box"], other["box"], atol=0.1)
                assert np.allclose(one["square"], other["square"], atol=0.1)
                assert one["score"] == pytest.approx(other["score"], abs=1e-3)


@needs_runtime
def test_a_still_of_the_camera_stays_here_too(lived, visit):
    with service(lived.root) as address:
        page = visit(address, "#/photo", TOKEN, permissions=["camera"])
        page.get_by_test_id("on-device").check()
        expect(page.get_by_test_id("on-device-note")).to_contain_text("are here", timeout=120_000)
        before = list(witness(page).requests)
        page.get_by_test_id("use-camera").click()
        page.get_by_test_id("camera-take").click()
        expect(page.get_by_test_id("photo-summary")).to_contain_text("found", timeout=120_000)
        assert witness(page).requests == before


@needs_runtime
def test_what_cannot_be_done_on_the_device_is_said(lived, visit):
    with service(lived.root) as address:
        page = visit(address, "#/photo?match=duel&round=1", TOKEN)
        witness(page).allow("status of 422 .*/on-device/kit")
        page.get_by_test_id("on-device").check()
        expect(page.get_by_test_id("photo-problem")).to_contain_text(
            "Nobody knows how this detector's training faces are"
        )


@pytest.fixture
def stubbed(lived, visit, monkeypatch, tmp_path):
    """The page with the switch on: `stubbed(runtime)`, whose kit is empty."""
    monkeypatch.setattr(devices, "RUNTIME", tmp_path)
    with service(lived.root) as address:

        def turned_on(runtime):
            for name in devices.RUNTIME_FILES:
                (tmp_path / name).write_text(runtime)
            page = visit(address, "#/photo", TOKEN)
            page.route("**/on-device/kit*", lambda route: route.fulfill(json={"files": {}}))
            page.get_by_test_id("on-device").check()
            return page

        yield turned_on


def test_a_photo_that_cannot_be_judged_here_is_said(stubbed):
    page = stubbed("export const env = { wasm: {} };")
    damaged, small = encoded(drawn_face())[:2000], encoded(Image.new("RGB", (40, 12)))
    for content, said in ((damaged, "and whole"), (small, "a side has less than 16 pixels"), (b"no photo", "WebP")):
        page.get_by_test_id("photo-file").set_input_files({"name": "p.png", "mimeType": "image/png", "buffer": content})
        expect(page.get_by_test_id("photo-problem")).to_contain_text(said)


def test_a_browser_that_breaks_says_so_and_may_try_again(stubbed):
    page = stubbed("throw new Error('no memory left');")
    expect(page.get_by_test_id("photo-problem")).to_contain_text("could not bring the detector here: no memory left")
    photo = {"name": "p.png", "mimeType": "image/png", "buffer": encoded(drawn_face())}
    page.get_by_test_id("photo-file").set_input_files(photo)
    expect(page.get_by_test_id("photo-problem")).to_contain_text("Try again")


def test_without_the_runtime_the_switch_is_off_and_says_why(lived, visit, monkeypatch, tmp_path):
    monkeypatch.setattr(devices, "RUNTIME", tmp_path)
    with service(lived.root) as address:
        page = visit(address, "#/photo", TOKEN)
        expect(page.get_by_test_id("on-device")).to_be_disabled()
        expect(page.get_by_test_id("on-device-note")).to_contain_text("make on-device")


def noisy(side):
    rng = np.random.default_rng(side)
    y, x = np.mgrid[:side, :side][..., None]
    smooth = 120 + 80 * np.sin(x / 7 + np.arange(3)) * np.cos(y / 9)
    return (smooth + rng.normal(0, 9, (side, side, 3))).clip(0, 255).astype(np.uint8)


def test_the_browser_reads_the_kinds_of_files_that_the_service_reads(duel, visit):
    page = visit(duel, "#/matches")
    page.evaluate(LOAD, ["judge"])
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"):
        content = encoded(Image.fromarray(noisy(40)), kind)
        head = list(content[:12])
        assert page.evaluate("(head) => isPhoto(new Uint8Array(head))", head) == is_photo(content[:12]), kind
        assert is_photo(content[:12]) == (kind in FORMATS)


@pytest.mark.parametrize(("sampling", "side", "corner"), WAYS)
def test_faces_are_coded_to_the_bit(duel, visit, sampling, side, corner):
    image = noisy(40)
    way = Way("JPEG", side, tables_of(75), sampling, tuple(corner))
    page = visit(duel, "#/matches")
    page.evaluate(LOAD, ["jpeg"])
    told = {"tables": way.tables, "sampling": sampling, "side": side, "corner": corner}
    found = page.evaluate(
        f"([data, side, way]) => {{ {DECODE} return told(coded(image, way)); }}", [text(image), 40, told]
    )
    assert np.array_equal(pixels(found, 40), way.code(image))


@pytest.mark.parametrize("box", [(10.25, 5.5, 120.75, 116.0), (-12.25, -8.0, 90.0, 94.25), (60.0, 60.0, 95.0, 95.0)])
def test_faces_are_cut_to_the_bit(duel, visit, box):
    image = noisy(130)
    page = visit(duel, "#/matches")
    page.evaluate(LOAD, ["likeness"])
    found = page.evaluate(
        f"([data, side, box]) => {{ {DECODE} return told(cut(image, box, 32)); }}", [text(image), 130, box]
    )
    off = np.abs(pixels(found, 32).astype(int) - Likeness(None, None, 32).cut(image, box))
    assert (off.max(), (off > 0).mean()) <= (1, 1e-3)


def test_the_finder_looks_at_the_same_pixels(duel, visit):
    scales = [12 / 20, 12 / 40, 12 / 40 * 0.709, 12 / 40 * 0.709**2]
    page = visit(duel, "#/matches")
    page.evaluate(LOAD, ["finder"])
    for scale in scales:
        found = page.evaluate("scale => Array.from({ length: 400 }, (_, x) => cell(x, 399 - x, scale))", scale)
        places = torch.stack((torch.arange(400.0), 399 - torch.arange(400.0)), 1)
        theirs = torch.cat([((2 * places + edge) / scale).floor() for edge in (1, 12)], 1)  # as MTCNN has it
        assert np.array_equal(found, theirs.numpy()), scale


def text(image):
    return base64.b64encode(image.tobytes()).decode()


def pixels(found, side):
    return np.frombuffer(base64.b64decode(found), np.uint8).reshape(side, side, 3)
