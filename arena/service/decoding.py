"""Decode an upload, in a process of its own (see `forkserver`): what a stranger's file breaks is that process alone."""

from __future__ import annotations

import io
import os
import warnings
from typing import IO, Any, Final

from PIL import Image

from arena.faces.decode import OUT_OF_MEMORY, SMALLEST, Pixels, Unusable, decode

FORMATS: Final = ("PNG", "JPEG", "WEBP")
MOST_PIXELS: Final = 2**24
"""16 megapixels, and the few more that cameras of that name have."""
MOST_EXTRA: Final = 2**20
"""Bytes of a colour profile or of a text inside an image: photos have a few thousand."""
_ORIENTATION: Final = 0x0112
"""The EXIF tag that says how a camera was held."""
_PROBLEMS: Final = {
    "truncated": "the image cannot be read: its end is missing",
    "corrupt": "the image cannot be read: it is damaged",
    "too large": f"the image is too large: more than {MOST_PIXELS // 2**20} megapixels, or it takes too much memory",
    OUT_OF_MEMORY: "the image cannot be read: it takes too much memory",
    "too small": f"the image is too small: a side has less than {SMALLEST} pixels",
    "animated": "the image is an animation: send one frame of it",
    "extra": f"the image carries more than {MOST_EXTRA >> 20} MiB of text or colour profile: save it without",
}


opens_files: Final = False
"""Whatever a stranger's file makes of a decoder, it finds no other file on this machine."""


def warm() -> None:
    """Load the readers, and whatever they load in their turn once they read: later nothing can be opened."""
    Image.init()
    picture, turned = Image.new("RGB", (SMALLEST, SMALLEST)), Image.Exif()
    turned[_ORIENTATION] = 6
    for kind in FORMATS:
        file = io.BytesIO()
        picture.save(file, kind, exif=turned)
        read_photo(file)


def work(job: dict[str, Any], files: list[int]) -> dict[str, Any]:
    """Decode the first file into the second as RGB pixels; answers their `width` and `height`, or a `problem`."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # Pillow refuses twice as many while it opens the file, before it decodes
    try:
        with os.fdopen(files[0], "rb") as upload:
            upload.seek(0)  # where the service stopped writing
            image = read_photo(upload)
    except Unusable as unusable:
        return {"problem": _PROBLEMS[unusable.reason]}
    with os.fdopen(files[1], "wb") as pixels:
        pixels.write(image.data)
    return {"width": image.shape[1], "height": image.shape[0]}


def read_photo(file: IO[bytes]) -> Pixels:
    """A single PNG, JPEG or WebP image as uint8 `[H, W, 3]` RGB, upright. Raises Unusable."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the size is looked at here
        _check(file)
    file.seek(0)
    return decode(file)


def _check(file: IO[bytes]) -> None:
    """Look at everything that can be seen without decoding a pixel. Damage is left to `decode` to find."""
    try:
        with Image.open(file, formats=FORMATS) as image:
            pixels = image.width * image.height
            extra = max((len(v) for v in image.info.values() if isinstance(v, (bytes, str))), default=0)
            # A phone's JPEG often has a second picture in it, for depth or brightness: the first is the photo.
            is_animated = image.format != "MPO" and getattr(image, "is_animated", False)
    except (Image.DecompressionBombError, MemoryError):
        raise Unusable("too large") from None
    except Exception as error:  # readers raise anything on a broken file
        raise Unusable("extra" if "too large" in str(error).lower() else "corrupt") from None
    if pixels > MOST_PIXELS:
        raise Unusable("too large")
    if is_animated:
        raise Unusable("animated")
    if extra > MOST_EXTRA:
        raise Unusable("extra")
