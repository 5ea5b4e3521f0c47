"""Images between arrays and files: sheets, PNGs that say what they are, and the pixel range of networks."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Literal

import numpy as np
from PIL import Image, PngImagePlugin

from arena import __version__
from arena.types import Images

Artificial = Literal["generated", "composite", "unknown", "synthetic", "mixed"]
"""Where pixels come from that no camera saw: a trained generator, pictures of faces that a program put together, fakes
by somebody who has not said, the procedural renderer, or a sheet of several faces of which a generator made some."""
Origin = Artificial | Literal["real"]
"""Where pixels come from; real ones from a photograph."""

# IPTC's vocabulary for the digital source type of media, https://cv.iptc.org/newscodes/digitalsourcetype
_SOURCE_TYPE: dict[Artificial, str] = {
    "generated": "trainedAlgorithmicMedia",
    "synthetic": "algorithmicMedia",
    "mixed": "compositeSynthetic",
    "composite": "compositeSynthetic",
    "unknown": "compositeSynthetic",
}
_SENTENCE: dict[Artificial, str] = {
    "generated": "AI-generated: these faces were made by a generator network and show nobody.",
    "synthetic": "Synthetic: these faces were drawn by a procedural renderer and show nobody.",
    "composite": "Manipulated: a program put faces here together from others; they show nobody as they are.",
    "unknown": "Manipulated or AI-generated: faces here are fakes of unknown making; they show nobody as they are.",
    "mixed": "Contains AI-generated faces: some on this sheet were made by a generator network and show nobody.",
}
_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/{kind}"/>'
    "</rdf:RDF></x:xmpmeta>"
)


def check_images(images: object, what: str) -> Images:
    """Return `images` if they are a uint8 array `[N, H, W, 3]`; raise ValueError that names `what` otherwise."""
    if not isinstance(images, np.ndarray):
        raise ValueError(f"{what} must be a NumPy array, not {type(images).__name__}")
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
        raise ValueError(f"{what} must be uint8 [N, H, W, 3], not {images.dtype} {list(images.shape)}")
    return images


def sheet(images: Images, columns: int, gap: int = 0) -> Images:
    """Tile images, uint8 `[N, H, W, 3]`, row by row into one image `[1, H', W', 3]`; missing tiles are black."""
    n, height, width, _ = images.shape
    rows = -(-n // columns)
    page = np.zeros((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), np.uint8)
    for i, image in enumerate(images):
        top, left = (i // columns) * (height + gap), (i % columns) * (width + gap)
        page[top : top + height, left : left + width] = image
    return page[None]


def png(image: Images, origin: Origin, note: str = "") -> bytes:
    """One image `[1, H, W, 3]` as PNG bytes. What is not real says so in its text chunks and in XMP (IPTC)."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Software", f"arena {__version__}")
    if origin != "real":
        info.add_text("Description", _SENTENCE[origin])
        info.add_itxt("XML:com.adobe.xmp", xmp(origin))
    if note:
        info.add_text("Comment", note)
    buffer = io.BytesIO()
    Image.fromarray(image[0]).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def xmp(origin: Artificial) -> str:
    """The XMP packet that marks an image as not photographed (IPTC digital source type)."""
    return _XMP.format(kind=_SOURCE_TYPE[origin])


def animation(
    frames: Sequence[Images], origin: Artificial, kind: Literal["gif", "webp"], seconds_per_frame: float = 0.6
) -> bytes:
    """Frames, each `[1, H, W, 3]`, as an endless animation that says what they are."""
    pages = [Image.fromarray(frame[0]) for frame in frames]
    options: dict[str, object] = {"save_all": True, "append_images": pages[1:], "loop": 0}
    options["duration"] = round(1000 * seconds_per_frame)
    if kind == "gif":
        options["comment"] = _SENTENCE[origin].encode()
    else:
        options |= {"xmp": xmp(origin).encode(), "quality": 85, "method": 4}
    buffer = io.BytesIO()
    pages[0].save(buffer, kind.upper(), **options)
    return _with_xmp(buffer.getvalue(), origin) if kind == "gif" else buffer.getvalue()


def _with_xmp(gif: bytes, origin: Artificial) -> bytes:
    """A GIF with the XMP packet, for which Pillow has no option, before its last byte: XMP specification 3, 1.1.2."""
    block = b"\x21\xff\x0bXMP DataXMP" + xmp(origin).encode() + bytes([1, *range(255, -1, -1), 0])
    return gif[:-1] + block + gif[-1:]
