"""What is let in, what is decoded, and what is refused with which words."""

from __future__ import annotations

import asyncio
import io
import os
import time

import numpy as np
import pytest
from fastapi import Request
from photofiles import KINDS, chunk, drawn_face, encoded, png_of, seeds, text_bomb, webp_of
from PIL import Image
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from arena.faces.decode import Unusable
from arena.service import decoding
from arena.service.decoding import MOST_PIXELS, read_photo, work
from arena.service.uploads import anonymous_file, is_photo, receive
from arena.service.workers import Worker

FACE = drawn_face(32)
PNG = encoded(FACE)


@pytest.fixture(autouse=True)
def _pillow_stays_as_it_is(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)


def received(*chunks, announced=None, most=1000, seconds=30.0, pause=0.0, leaves=False):
    """What is in the file after an upload of these chunks."""
    waiting = list(chunks)

    async def next_message():
        await asyncio.sleep(pause)
        if not waiting and leaves:
            return {"type": "http.disconnect"}
        body = waiting.pop(0) if waiting else b""
        return {"type": "http.request", "body": body, "more_body": bool(waiting) or leaves}

    headers = [] if announced is None else [(b"content-length", str(announced).encode())]
    request = Request({"type": "http", "headers": headers}, next_message)
    with anonymous_file() as file:
        asyncio.run(receive(request, file, most, seconds))
        assert waiting == []
        return os.pread(file, 10**6, 0)


def refused(*chunks, **options):
    with pytest.raises(HTTPException) as error:
        received(*chunks, **options)
    return error.value.status_code, error.value.detail


def test_an_upload_in_any_pieces():
    data = PNG[:900]
    assert received(data) == data
    assert received(*(data[i : i + 1] for i in range(len(data)))) == data
    assert received(data[:5], b"", data[5:], announced=len(data)) == data


def test_too_many_bytes_are_counted_and_not_believed():
    status, detail = refused(PNG[:600], PNG[600:1100], most=1000)
    assert status == 413
    assert "0.001 MB" in detail
    assert refused(PNG[:600], bytes(401), announced=10, most=1000)[0] == 413
    assert len(received(PNG[:600], bytes(400), most=1000)) == 1000


def test_too_many_announced_bytes_are_not_waited_for():
    for announced in (1001, 10**30):
        with pytest.raises(HTTPException) as error:
            received(announced=announced, leaves=True)
        assert error.value.status_code == 413


@pytest.mark.parametrize("data", [b"", b"x", b"GIF89a" + bytes(50), b"%PDF-1.7" + bytes(50), PNG[:7], b"RIFFxxxxWAVE"])
def test_what_does_not_say_it_is_a_photo(data):
    status, detail = refused(data)
    assert status == 415
    assert "PNG, JPEG or WebP" in detail


def test_it_is_looked_at_before_the_rest_has_come():
    with pytest.raises(HTTPException):
        received(b"GIF89a" + bytes(20), leaves=True)


@pytest.mark.parametrize("kind", KINDS)
def test_photos_by_their_first_bytes(kind):
    assert is_photo(encoded(FACE, kind)[:12])


def test_who_drips_is_not_waited_for():
    start = time.monotonic()
    assert refused(*[PNG[:20]] * 1000, pause=0.05, seconds=0.2)[0] == 408
    assert time.monotonic() - start < 20


def test_who_leaves():
    with pytest.raises(ClientDisconnect):
        received(PNG[:100], leaves=True)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_decoded(kind):
    pixels = read_photo(io.BytesIO(encoded(FACE, kind)))
    assert (pixels.shape, pixels.dtype) == ((32, 64, 3), np.uint8)
    assert np.abs(pixels.astype(int) - np.asarray(FACE)).mean() < 12


@pytest.mark.parametrize("kind", KINDS)
def test_a_photo_is_turned_upright(kind):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    pixels = read_photo(io.BytesIO(encoded(FACE, kind, exif=exif)))
    turned = np.asarray(FACE.transpose(Image.Transpose.ROTATE_270))
    assert pixels.shape == (64, 32, 3)
    assert np.abs(pixels.astype(int) - turned).mean() < 12


def test_a_second_picture_in_a_phones_jpeg_does_no_harm():
    double = encoded(FACE, "MPO", save_all=True, append_images=[FACE])
    assert is_photo(double)
    assert read_photo(io.BytesIO(double)).shape == (32, 64, 3)


@pytest.mark.parametrize("width", [MOST_PIXELS // 1024, MOST_PIXELS // 1024 + 1])
def test_sixteen_megapixels_and_no_more(width):
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2
    file = io.BytesIO(encoded(Image.new("L", (width, 1024)), compress_level=1))
    if width * 1024 > MOST_PIXELS:
        with pytest.raises(Unusable, match="too large"):
            read_photo(file)
    else:
        assert read_photo(file).shape == (1024, width, 3)


def frames(kind):
    return encoded(FACE, kind, save_all=True, append_images=[FACE.rotate(90)], duration=100)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (PNG[:-100], "end is missing"),
        (encoded(FACE, "JPEG")[:-100], "end is missing"),
        (encoded(FACE, "WEBP")[:-100], "damaged"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "damaged"),
        (encoded(FACE, "GIF"), "damaged"),
        (encoded(FACE, "TIFF"), "damaged"),
        (png_of(width=15), "too small"),
        (png_of(width=60_000, height=60_000), "too large"),
        (webp_of(2**24, 2**24) + bytes(100), "too large|damaged"),
        (text_bomb(2**22), "text or colour profile"),
        (png_of(chunk(b"tEXt", b"Comment\0" + b"a" * (2**20 + 1))), "text or colour profile"),
        (encoded(FACE, icc_profile=bytes(2**20 + 1)), "text or colour profile"),
        (encoded(FACE, "JPEG", icc_profile=bytes(2**20 + 1)), "text or colour profile"),
        (encoded(FACE, "WEBP", icc_profile=bytes(2**20 + 1)), "text or colour profile"),
        (frames("PNG"), "animation"),
        (frames("WEBP"), "animation"),
    ],
)
def test_what_is_refused_says_why(data, reason):
    with anonymous_file() as upload, anonymous_file() as pixels:
        os.write(upload, data)
        answer = work({}, [os.dup(upload), os.dup(pixels)])
        assert os.fstat(pixels).st_size == 0
    assert set(answer) == {"problem"}
    assert any(word in answer["problem"] for word in reason.split("|")), answer


def test_pixels_are_handed_on():
    with anonymous_file() as upload, anonymous_file() as pixels:
        os.write(upload, PNG)
        assert work({}, [os.dup(upload), os.dup(pixels)]) == {"width": 64, "height": 32}
        assert os.pread(pixels, 10**6, 0) == np.asarray(FACE).tobytes()


def kinds():
    """Whole files of every format that is accepted, in every form that a reader has code of its own for."""
    turned = Image.Exif()
    turned[0x0112] = 6
    return [
        *seeds(),
        encoded(FACE, "MPO", save_all=True, append_images=[FACE]),
        encoded(FACE.convert("1")),
        encoded(FACE.convert("LA")),
        encoded(FACE.convert("P"), transparency=0),
        encoded(FACE, exif=turned, dpi=(72, 72)),
        encoded(FACE.convert("L"), "JPEG", comment=b"hello"),
        encoded(FACE, "WEBP", icc_profile=bytes(500), xmp=b"<x/>"),
    ]


def test_every_format_is_read_where_nothing_more_can_be_opened():
    """As in the process that decodes: where an import or a table had to be opened, a good file would be damaged."""
    assert decoding.opens_files is False

    async def scenario():
        worker = Worker(decoding.__name__, at_once=1, seconds=60, memory=2**29, start_seconds=60, idle_seconds=60)
        answers = []
        try:
            for data in kinds():
                with anonymous_file() as upload, anonymous_file() as pixels:
                    os.write(upload, data)
                    answers.append(await worker.run({}, (upload, pixels)))
                    assert os.fstat(pixels).st_size == 3 * answers[-1].get("width", 0) * answers[-1].get("height", 0)
        finally:
            worker.stop()
        return answers

    assert [answer for answer in asyncio.run(scenario()) if "problem" in answer] == []
