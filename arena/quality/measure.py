"""Measure fakes against real faces: what needs the reals is found once, what needs MTCNN is left out without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np
from PIL import Image

from arena.faces.crop.finder import Finder
from arena.faces.decode import Pixels
from arena.faces.framing import ENLARGED, SURE
from arena.images import check_images
from arena.quality import inception, jackknife
from arena.quality.distances import Cloud, diversity, frechet_distance, kernel_distance, nearness
from arena.quality.result import Estimate, Quality
from arena.quality.spectrum import Profiles, fine_detail, radial_profiles, spectrum_distance
from arena.types import ArenaError, Images

ONET = ("one_face", "onet_kid", "onet_frechet", "diversity", "nearest")
"""The measures that need MTCNN."""
_AT_ONCE = 4
"""Images searched together: 64 are no faster and take 150 MB more."""
_SCALE = np.float32(10)
"""Brings the mean square of a feature of real faces to 1 or 2, where the kernel's powers weigh about the same."""


@dataclass(frozen=True, eq=False)
class Reference:
    """Real faces as fakes are compared with them. `cloud`: None where MTCNN is not installed."""

    size: int
    reals: int
    profiles: Profiles
    cloud: Cloud | None


def quality(images: Images, reals: Images, *, search: int = 1000) -> Quality:
    """How good fakes are next to real faces, both uint8 `[N, S, S, 3]`, at least 20 of each.

    `search`: how many of the fakes, evenly spread, are searched for faces, which takes longest. Deterministic. Raises
    ArenaError for fewer images, or images of different sizes.
    """
    _check(images, "fakes")
    finder = face_finder()
    return measure(images, refer(reals, finder), finder, search=search)


def full_quality(images: Images, reals: Images, *, search: int = 1000) -> Quality:
    """The same with KID and FID of Inception features, where this machine has what they need."""
    found = quality(images, reals, search=search)
    try:
        kid, fid = inception.compare(images, reals)
        return replace(found, inception_kid=kid, inception_fid=fid)
    except ArenaError as error:
        return replace(found, missing={**found.missing, **dict.fromkeys(inception.NAMES, str(error))})


def face_finder() -> Finder | None:
    """MTCNN as the share of faces is defined by: on the CPU, looking for faces of 20 px; None without its package."""
    return Finder("cpu") if find_spec("facenet_pytorch") else None


def refer(reals: Images, finder: Finder | None) -> Reference:
    """Prepare real faces, uint8 `[N, S, S, 3]`, to compare fakes with. Raises ArenaError for too few."""
    _check(reals, "real faces")
    cloud = _cloud(reals, finder) if finder else None
    return Reference(reals.shape[1], len(reals), radial_profiles(reals), cloud)


def measure(images: Images, reference: Reference, finder: Finder | None, *, search: int = 1000) -> Quality:
    """How good fakes are next to `reference`; see `quality`. Without a finder, only what needs none."""
    _check(images, "fakes")
    if images.shape[1] != reference.size:
        raise ArenaError(f"fakes of {images.shape[1]} px cannot be compared with real faces of {reference.size} px")
    profiles = radial_profiles(images)
    found: dict[str, Any] = {
        "spectrum": spectrum_distance(profiles, reference.profiles),
        "fine_detail": fine_detail(profiles, reference.profiles),
    }
    if finder is None or reference.cloud is None:
        missing = dict.fromkeys(ONET, "facenet-pytorch, which has the face detector MTCNN, is not installed")
        return Quality(len(images), reference.reals, missing=missing, **found)
    if search:
        found["one_face"] = one_face(images, finder, search)
    cloud = _cloud(images, finder)
    compare: dict[str, Callable[[Cloud, Cloud], Estimate]] = {
        "onet_kid": kernel_distance,
        "onet_frechet": frechet_distance,
        "diversity": diversity,
        "nearest": nearness,
    }
    found |= {name: function(cloud, reference.cloud) for name, function in compare.items()}
    return Quality(len(images), reference.reals, **found)


def one_face(images: Images, finder: Finder, most: int) -> Estimate:
    """Share of images, uint8 `[N, S, S, 3]`, in which there is exactly one face, and MTCNN gives it 0.9 or more.

    Of at most so many images, evenly spread; smaller ones are enlarged to 160 px, as MTCNN was made for photos.
    """
    index = np.unique(np.linspace(0, len(images) - 1, min(most, len(images))).round().astype(np.int64))
    hits = 0
    for start in range(0, len(index), _AT_ONCE):
        larger = [enlarged(images[i]) for i in index[start : start + _AT_ONCE]]
        hits += sum(len(faces) == 1 and faces[0].score >= SURE for faces in finder.find(larger))
    return jackknife.share(hits, len(index))


def enlarged(image: Pixels) -> Pixels:
    """An image `[S, S, 3]` at 160 px, if it is smaller."""
    if len(image) >= ENLARGED:
        return np.asarray(image)
    return np.asarray(Image.fromarray(np.asarray(image)).resize((ENLARGED, ENLARGED), Image.Resampling.BICUBIC))


def _cloud(images: Images, finder: Finder) -> Cloud:
    return Cloud(_SCALE * finder.features(images))


def _check(images: Images, what: str) -> None:
    check_images(images, what)
    if len(images) < jackknife.FEWEST:
        raise ArenaError(f"at least {jackknife.FEWEST} {what} are needed to measure anything, not {len(images)}")
