"""Photos that show nobody, in every format, whole and broken, and a detector to judge them."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image
from tiny import tiny_team

from arena import registry
from arena.faces.procedural import render
from arena.snapshot import to_bytes

KINDS = ("PNG", "JPEG", "WEBP")


def drawn_face(size=160):
    """A face that is found, in a wider picture."""
    page = Image.new("RGB", (size * 2, size), (90, 110, 130))
    page.paste(Image.fromarray(render(20, np.array([0]), np.array([0]), size)[0]), (size, 0))
    return page


def drawn_crowd():
    """24 faces of 24 people, in four rows."""
    page = Image.new("RGB", (960, 640), (90, 110, 130))
    for i, face in enumerate(render(20, np.arange(24), np.zeros(24, np.int64), 160)):
        page.paste(Image.fromarray(face), (i % 6 * 160, i // 6 * 160))
    return page


def encoded(image, kind="PNG", **options):
    """An image as the bytes of a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(name, data):
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of(*chunks, width=16, height=16):
    """A PNG whose header is right, with these chunks before its grey pixels."""
    rows = zlib.compress(b"\0" * (width + 1) * height) if width * height < 10**6 else zlib.compress(b"\0")
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + b"".join([header, *chunks, chunk(b"IDAT", rows), chunk(b"IEND", b"")])


def text_bomb(size):
    """A PNG of a few kB whose text is `size` bytes long."""
    return png_of(chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * size)))


def webp_of(width, height):
    """The beginning of a WebP that says it is this large."""
    sides = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + sides
    return b"RIFF" + struct.pack("<I", len(body)) + body


def give_detector(home, match, number, image_size=16):
    """Put the weights of a detector that never trained into a committed round."""
    team = tiny_team(registry.find("detector", "cnn"), image_size=image_size)
    path = home.round_folder(match, number) / "detector.snapshot.safetensors"
    path.write_bytes(to_bytes(team.snapshot(number)))
    return path


def seeds(size=48):
    """Small valid files of every kind, with what broken ones are made of: text, profiles, transparency, turns."""
    face = drawn_face(size).crop((size, 0, 2 * size, size))
    exif = Image.Exif()
    exif[0x0112] = 6
    return [
        encoded(face),
        encoded(face.convert("RGBA")),
        encoded(face.quantize(16)),
        encoded(face.convert("L").convert("I;16")),
        encoded(face, "JPEG", exif=exif),
        encoded(face, "JPEG", progressive=True, icc_profile=bytes(500)),
        encoded(face.convert("CMYK"), "JPEG"),
        encoded(face, "WEBP", exif=exif),
        encoded(face.convert("RGBA"), "WEBP", lossless=True),
    ]


def mutated(rng, files):
    """A damaged file: bits flipped, cut off, lengths and sides made up, texts and repetitions put in."""
    data = bytearray(files[rng.integers(len(files))])
    how = rng.integers(8)
    if how == 0:  # bits anywhere
        for place in rng.integers(len(data), size=rng.integers(1, 20)):
            data[place] ^= 1 << int(rng.integers(8))
    elif how == 1:  # bits where formats keep what counts
        for place in rng.integers(min(len(data), 64), size=rng.integers(1, 4)):
            data[place] ^= 1 << int(rng.integers(8))
    elif how == 2:
        del data[rng.integers(len(data)) :]
    elif how == 3:  # an absurd number of four bytes, as a length or a side
        place = int(rng.integers(len(data) - 4))
        data[place : place + 4] = rng.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\0\xff\xff\xff"])
    elif how == 4:  # a PNG that says it is any size, its checksums right
        width, height = (int(side) for side in 2 ** rng.integers(0, 17, 2))
        return png_of(width=width, height=height)
    elif how == 5:
        return text_bomb(int(2 ** rng.integers(10, 27)))
    elif how == 6:  # a stretch again
        start, length = int(rng.integers(len(data))), int(rng.integers(1, 200))
        data[start:start] = data[start : start + length] * int(rng.integers(1, 50))
    else:
        return webp_of(*(int(side) for side in rng.integers(1, 2**24, 2))) + bytes(data[30:])
    return bytes(data)
