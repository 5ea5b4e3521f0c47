"""Image files for the tests of faces: nothing here shows anybody."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from arena.faces.source import Face, Skipped
from arena.faces.sources.opening import open_source


def picture(seed: int, width: int = 40, height: int = 40) -> Image.Image:
    """Smooth random colours, different for every seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def write(path: Path, seed: int, width: int = 40, height: int = 40) -> Path:
    """Save a picture under any name; PNG, so that its pixels are exact."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(seed, width, height))
    return path


def encoded(seed: int, width: int = 40, height: int = 40, kind: str = "PNG") -> bytes:
    """A picture as the bytes of a file."""
    buffer = io.BytesIO()
    picture(seed, width, height).save(buffer, kind)
    return buffer.getvalue()


def plain_render(seed: int, identities: np.ndarray, shots: np.ndarray, size: int = 64) -> np.ndarray:
    """A stand-in for the renderer: plain colours that tell identity and shot."""
    images = np.zeros((len(identities), size, size, 3), np.uint8)
    images[..., 0], images[..., 1] = identities[:, None, None], shots[:, None, None]
    return images


def people(root: Path, persons: int, shots: int) -> Path:
    """A folder of sub-folders, one per person."""
    for person in range(persons):
        for shot in range(shots):
            write(root / f"person{person:02d}" / f"{shot}.png", seed=100 * person + shot)
    return root


def faces_in(spec: str | Path) -> dict[str, str | None]:
    """Name and identity of every face of a source."""
    return {face.name: face.identity for face in open_source(str(spec)).faces() if isinstance(face, Face)}


def skipped_in(spec: str | Path) -> dict[str, str]:
    """Name of everything a source skips, and why."""
    return {face.name: face.reason for face in open_source(str(spec)).faces() if isinstance(face, Skipped)}


def film(path: Path, images: list[np.ndarray], times: list[int] | None = None, **options: str) -> Path:
    """A video of these frames, shown at `times` (in 1/25 s)."""
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for i, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = (times or range(len(images)))[i], Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
