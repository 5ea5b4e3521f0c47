"""Find faces and cut them out: one wrapper around MTCNN, and the geometry from a face in a photo to a square crop.

K. Zhang et al., Joint Face Detection and Alignment Using Multi-task Cascaded Convolutional Networks, 2016; networks and
weights of facenet-pytorch.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from arena.faces.crop.memory import enough_memory
from arena.faces.decode import SMALLEST, Pixels
from arena.types import ArenaError, Images

Points = npt.NDArray[np.float32]
"""Left eye, right eye, nose, left and right corner of the mouth as seen in the image, float32 `[5, 2]`, (x, y)."""

LARGEST_SIDE: Final = 2048
"""Photos with a longer side are searched at reduced size: MTCNN takes about 100 bytes a pixel."""
# On one core 16 photos of 160 px at a time are searched 1.4 times as fast as one by one, 64 only 1.1 times; larger
# photos gain the same up to about four megapixels together (benchmarks/faces.py).
_BATCH_IMAGES = 16
_BATCH_PIXELS = 2**22
_BATCH_FEATURES = 32

_USUAL: Final = 20.0
"""Side in pixels of the smallest faces that MTCNN was made to find."""
_QUICK_SIDE: Final = 1000
OWN_SIDES: Final = {"rnet": 24, "onet": 48}
"""Sides in pixels of the boxes that MTCNN's second and third network look at."""
_LEAST: Final = 12.0
"""Side in pixels of what its first network sees."""

# Where the five points lie in an aligned 112-px crop: the template of ArcFace, whose crop is the face without margin.
# J. Deng et al., ArcFace: Additive Angular Margin Loss for Deep Face Recognition, 2019; values from InsightFace.
_TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float64
)


@dataclass(frozen=True)
class Found:
    """A face in a photo. `box`: left, top, right, bottom in pixels, maybe beyond the edge. `score`: 0 to 1."""

    box: tuple[float, float, float, float]
    score: float
    points: Points

    @property
    def size(self) -> float:
        """The shorter side of the box in pixels."""
        return min(self.box[2] - self.box[0], self.box[3] - self.box[1])


class Finder:
    """Finds faces in images of any size. MTCNN itself takes batches of one size only and stumbles over small ones."""

    def __init__(self, device: str = "auto", min_size: float = 20.0, quick: bool = False) -> None:
        """The networks are loaded when they are first needed.

        `device`: auto, cpu or cuda. `min_size`: shorter side in pixels of the smallest face looked for; half of it
        takes four times as long. `quick`: images with a side above 1,000 px are shrunk first, as long as such
        faces keep 20 px; it is half as fast again, and points move by 1 % of the face. Raises ArenaError for a device
        that is not there.
        """
        if device not in ("auto", "cpu", "cuda"):
            raise ArenaError(f"the device must be auto, cpu or cuda, not {device!r}")
        self._device = pick_device(device) if device == "cuda" else device
        # Boxes come out a little smaller or larger than they were looked for: at 0.8 every box of 50 px is found.
        # Below 20 px, where MTCNN was made to begin, it only takes longer and finds no more.
        self.smallest = max(_LEAST, min(min_size, max(_USUAL, 0.8 * min_size)))
        """Side in pixels of the smallest square that MTCNN itself looks at."""
        self._quick = quick

    @cached_property
    def _mtcnn(self) -> Any:
        import torch
        from facenet_pytorch import MTCNN

        device = torch.device(pick_device(self._device))
        mtcnn = MTCNN(keep_all=True, min_face_size=self.smallest, device=device).eval()
        return mtcnn.to(memory_format=torch.channels_last)  # its pooling is twice to seven times as fast on a CPU

    def network(self, name: str) -> Any:
        """One of MTCNN's networks, `pnet`, `rnet` or `onet`: a module of its own, in the usual order of memory."""
        import torch

        return copy.deepcopy(getattr(self._mtcnn, name)).to(memory_format=torch.contiguous_format)

    def find(self, images: Sequence[Pixels]) -> list[list[Found]]:
        """The faces in each image, the largest first; images uint8 `[H, W, 3]` of any sizes.

        Images of one size are searched together, up to 16 or four megapixels at a time. Raises OutOfMemory.
        """
        found: list[list[Found]] = [[] for _ in images]
        groups: dict[tuple[int, ...], list[int]] = {}
        reduced = []
        for i, image in enumerate(images):
            factor = self._reduction(max(image.shape[:2]))
            reduced.append((np.asarray(Image.fromarray(image).reduce(factor)) if factor > 1 else image, factor))
            # A side below the smallest face leaves MTCNN no scale to search at, which it takes for an error.
            if min(reduced[i][0].shape[:2]) > max(self._sought(factor), SMALLEST):
                groups.setdefault((*reduced[i][0].shape[:2], factor), []).append(i)
        for (height, width, factor), members in groups.items():
            step = max(1, min(_BATCH_IMAGES, _BATCH_PIXELS // (height * width)))
            self._mtcnn.min_face_size = self._sought(factor)
            for start in range(0, len(members), step):
                some = members[start : start + step]
                for i, faces in zip(some, self._search([reduced[i][0] for i in some]), strict=True):
                    found[i] = [_enlarged(face, reduced[i][1]) for face in faces]
        return found

    def _reduction(self, side: int) -> int:
        """By how much an image with this longer side is shrunk before it is searched."""
        needed = -(-side // LARGEST_SIDE)
        return max(needed, int(self.smallest // _USUAL)) if self._quick and side > _QUICK_SIDE else needed

    def _sought(self, reduction: int) -> float:
        """Side in pixels of the smallest face that is looked for in an image shrunk by so much."""
        return max(_USUAL, self.smallest / reduction) if self._quick and reduction > 1 else self.smallest

    def features(self, images: Images) -> npt.NDArray[np.float32]:
        """What ONet, MTCNN's last network, knows of faces cut out already: its 256 features below its answers.

        `images`: uint8 `[N, S, S, 3]`, brought to 48 px as ONet wants them. Returns float32 `[N, 256]`.
        """
        import torch

        from arena.faces.crop.knowledge import Knowledge

        network = Knowledge(self._mtcnn.onet, OWN_SIDES["onet"])
        found = []
        for start in range(0, len(images), _BATCH_FEATURES):
            with torch.inference_mode(), enough_memory("look at faces"):
                batch = torch.from_numpy(np.array(images[start : start + _BATCH_FEATURES])).to(self._mtcnn.device)
                found.append(network(batch.permute(0, 3, 1, 2).float()).cpu().numpy())
        return np.concatenate(found)

    def _search(self, images: list[Pixels]) -> list[list[Found]]:
        try:
            with enough_memory("search a photo for faces"):
                boxes, scores, points = self._mtcnn.detect(np.stack(images), landmarks=True)
        except (RuntimeError, IndexError):  # candidates that lie wholly outside an image: let the others be
            return [[]] if len(images) == 1 else [self._search([image])[0] for image in images]
        return [_found(*one) for one in zip(boxes, scores, points, strict=True)]


def pick_device(name: str) -> str:
    """`cpu`, `cuda`, or the better one for `auto`. Raises ArenaError when CUDA is asked for and not there."""
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise ArenaError("there is no CUDA device on this machine; use --device cpu")
    return name


def _found(boxes: Any, scores: Any, points: Any) -> list[Found]:
    if boxes is None:
        return []
    # Equally many faces in every image of a batch make NumPy nest the arrays as objects.
    rows = zip(np.asarray(boxes, np.float64), scores, np.asarray(points, np.float32), strict=True)
    faces = [Found((box[0], box[1], box[2], box[3]), float(score), five) for box, score, five in rows]
    return sorted(faces, key=lambda face: -face.size)


def _enlarged(face: Found, factor: int) -> Found:
    left, top, right, bottom = (side * factor for side in face.box)
    return face if factor == 1 else Found((left, top, right, bottom), face.score, face.points * np.float32(factor))


def overlap(one: Found, other: Found) -> float:
    """Intersection over union of two boxes, in [0, 1]."""
    left, top = max(one.box[0], other.box[0]), max(one.box[1], other.box[1])
    right, bottom = min(one.box[2], other.box[2]), min(one.box[3], other.box[3])
    both = max(0.0, right - left) * max(0.0, bottom - top)
    areas = sum((face.box[2] - face.box[0]) * (face.box[3] - face.box[1]) for face in (one, other))
    return both / (areas - both) if both else 0.0


def cut(image: Pixels, face: Found, size: int, margin: float, align: bool) -> Pixels:
    """The crop of a face, uint8 `[size, size, 3]`; what lies beyond the photo is black.

    `margin`: part of the face's longer side that is added on every side. `align`: turned and scaled so that the five
    points come as near as they can to where they lie in an upright face; else the square around the box, upright
    as it is in the photo and without distortion.
    """
    if align and np.ptp(face.points, axis=0).min() > 1:
        matrix = similarity(face.points, (_TEMPLATE + 112 * margin) * size / (112 * (1 + 2 * margin)))
    else:
        left, top, right, bottom = face.box
        side = max(right - left, bottom - top, 1.0) * (1 + 2 * margin)
        scale = size / side
        matrix = np.array(
            [
                [scale, 0, size / 2 - scale * (left + right) / 2],
                [0, scale, size / 2 - scale * (top + bottom) / 2],
            ]
        )
    return _warp(image, matrix, size)


def similarity(
    source: npt.ArrayLike, target: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> npt.NDArray[np.float64]:
    """Turn, scale and shift, float64 `[2, 3]`, that brings points `[n, 2]` nearest to others in least squares.

    `weights`: how much each point counts, `[n]`; alike when not said. S. Umeyama, Least-Squares Estimation of
    Transformation Parameters Between Two Point Patterns, 1991, eqs. 40-43.
    """
    x, y = (np.asarray(points, np.float64) @ (1, 1j) for points in (source, target))
    w = np.ones(len(x)) if weights is None else np.asarray(weights, np.float64)
    x_mean, y_mean = (w @ x) / w.sum(), (w @ y) / w.sum()
    x, y = x - x_mean, y - y_mean
    # In the plane a turn with a scale is a complex factor, and the best one a quotient.
    factor = (w * x.conj()) @ y / max(w @ abs(x) ** 2, 1e-12)
    shift = y_mean - factor * x_mean
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])


def _warp(image: Pixels, matrix: npt.NDArray[np.float64], size: int) -> Pixels:
    """The photo under `matrix`, which maps photo to crop.

    Sampled at twice the size, from a region that was shrunk to about that, and halved: sampling alone would alias.
    """
    twice = 2 * size
    scale = 2 * float(np.hypot(*matrix[:, 0]))
    inverse = np.linalg.inv(np.vstack([2 * matrix, [0, 0, 1]]))[:2]
    corners = inverse @ np.array([[0, twice, 0, twice], [0, 0, twice, twice], [1, 1, 1, 1]])
    factor = max(1, int(1 / max(scale, 1e-6)))
    pad = 4 * factor
    height, width = image.shape[:2]
    left, top = (max(0, int(np.floor(low)) - pad) for low in corners.min(1))
    right, bottom = (int(np.ceil(high)) + pad for high in corners.max(1))
    region = Image.fromarray(image[top : min(bottom, height), left : min(right, width)])
    if 0 in region.size:
        return np.zeros((size, size, 3), np.uint8)
    small = region.reduce(factor) if factor > 1 else region
    inverse[:, 2] -= (left, top)
    coefficients = (inverse / factor).ravel().tolist()
    sampled = small.transform((twice, twice), Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC)
    return np.asarray(sampled.resize((size, size), Image.Resampling.LANCZOS))
