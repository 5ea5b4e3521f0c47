"""Is a part of the face another person's? A small network for each part and edge that may have been swapped.

The detector of the AI R&D Challenge 2018, task 2, whose swaps `face-swap` forges. Each network, a filter, learns from
swaps that it makes itself of Team B's own faces and from Team A's galleries.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from arena.detector.calibrated import SCORING_BATCH
from arena.detector.changes import change
from arena.detector.last_layer import SteadyDetector, SteadyOptions, features
from arena.detector.team import Batches
from arena.faces.coding import coder
from arena.faces.parts.paste import EDGES, Swap
from arena.faces.parts.shapes import PARTS
from arena.faces.parts.swaps import least_found, swapped
from arena.networks.small_resnet import small_resnet
from arena.networks.training import as_pool, draw, to_range
from arena.registry import register
from arena.seeds import derive, rng
from arena.types import Faces, Images, Material, NoFace, Scores, Training

SURE: Final = 0.99
SURER: Final[Mapping[str, float]] = MappingProxyType({"EYES": 0.999, "RIGHT_EYE": 0.999})
"""How sure a filter has to be to overrule the first one, by its part."""


@dataclass(frozen=True)
class FacePartsOptions(SteadyOptions):
    """Options of the filters."""

    filters: tuple[str, ...] = (
        "MOUTH_blur",
        "MOUTH_blur",
        "EYES_blur",
        "LEFT_EYE_cut",
        "LEFT_EYE_blur",
        "RIGHT_EYE_cut",
        "RIGHT_EYE_blur",
    )
    """What each network looks for: a part, and how it is put in. The first gives the score unless another is sure."""
    cascade: Literal["original", "max", "mean"] = "original"
    """How many opinions become one: the first filter's, or a surer one's that is above its threshold; the highest; or
    the mean of the logits."""
    thresholds: tuple[float, ...] = ()
    """From which probability on each filter overrules the first; none given: 0.999 for EYES and RIGHT_EYE, 0.99 for
    other parts."""
    own: float = 0.5
    """Share of the fakes in a batch that are swaps of the filter's own part and edge; the others are Team A's."""
    swaps: int = 200
    """Swaps that are made for each part and edge in every round."""
    candidates: int = 8
    """Donors drawn for every swap, of which the one who looks the same way is taken; 1 takes any."""
    colour: bool = False
    """Give the part the mean and the contrast of the colours it covers."""
    no_face: Literal["whole", "fake"] = "fake"
    """What a photo without a face is: fake, or to be judged as a whole."""
    width: int = 16
    """Feature maps of a network's first stage; the others have twice and four times as many."""
    average: float = 0.97

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.filters:
            part, _, edge = name.rpartition("_")
            if part not in PARTS or edge not in EDGES:
                raise ValueError(f"{name!r} is no filter; it needs a part and an edge, such as MOUTH_blur")
        if not self.filters or self.cascade not in ("original", "max", "mean"):
            raise ValueError("there must be a filter, and cascade must be original, max or mean")
        if self.thresholds and not (
            len(self.thresholds) == len(self.filters) and all(0 < sure < 1 for sure in self.thresholds)
        ):
            raise ValueError("thresholds must be one for each filter, in (0, 1)")
        if not 0 <= self.own <= 1 or self.swaps < 1 or self.candidates < 1 or self.width < 1:
            raise ValueError("own must be in [0, 1], swaps, candidates and width at least 1")
        if self.no_face not in ("whole", "fake"):
            raise ValueError(f"no_face must be whole or fake, not {self.no_face!r}")

    def ways(self) -> list[Swap]:
        """How each filter's own swaps are made."""
        pairs = (name.rpartition("_") for name in self.filters)
        return [Swap(part, edge, self.colour) for part, _, edge in pairs]  # type: ignore[arg-type]

    def bounds(self) -> list[float]:
        """The logit from which on each filter overrules the first."""
        sure = self.thresholds or [SURER.get(way.part, SURE) for way in self.ways()]
        return [math.log(p / (1 - p)) for p in sure]


@register("detector", "face-parts")
class FaceParts(SteadyDetector[FacePartsOptions]):
    """A small ResNet for each part of the face and way of swapping it; the first decides unless another is sure."""

    Options = FacePartsOptions
    needs_points = True
    _own: Mapping[Swap, Images] = MappingProxyType({})

    @property
    def no_face(self) -> NoFace:  # type: ignore[override]
        """See `types.Detector.no_face`: an option."""
        return self.options.no_face

    def build_network(self) -> nn.Module:
        """See `NetworkDetector.build_network`."""
        return Filters(self.options, self.brief.image_size, self.channels)

    def check(self, faces: Faces) -> None:
        """See `types.Team.check`."""
        super().check(faces)
        if self.options.own:
            least_found(faces[self._split(faces)[1]], "face-parts", "Team B")

    def train(self, round: int, material: Material, *, learning_rate_scale: float = 1.0) -> Training:
        """See `types.Team.train`: first every filter's own swaps are made, coded as those of an exam."""
        faces = material.faces[self._split(material.faces)[1]]
        code, seed = coder(self.brief.origin), derive(self.brief.seed, "swaps", round)
        self._own = {}
        for way in dict.fromkeys(self.options.ways() if self.options.own else ()):
            mark = f"{way.part}_{way.edge}"
            made = swapped(way, faces, self.options.swaps, rng(seed, mark), self.options.candidates)
            self._own[way] = made if code is None else code(made, derive(seed, mark, "coding"))
        return super().train(round, material, learning_rate_scale=learning_rate_scale)

    def lessons(self, network: nn.Module, images: Tensor, labels: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        """See `SteadyDetector.lessons`: of every filter on its own part of the batch."""
        filters = cast(Filters, network).filters
        parts = zip(*(all.chunk(len(filters)) for all in (self._fitted(images), labels)), strict=True)
        return {
            f"filters.{i}.{name}": (seen, truth)
            for i, (part, truth) in enumerate(parts)
            for name, seen in features(filters[i], part).items()
        }

    @torch.no_grad()
    def opinions(self, images: Images) -> Scores:
        """What each filter alone makes of images, uint8 `[N, S, S, 3]`: probability of fake, float64 `[F, N]`."""
        network = self.trainables["detector"].settle()
        parts = []
        for i in range(0, len(images), SCORING_BATCH):
            batch = self._fitted(to_range(as_pool(images[i : i + SCORING_BATCH], self.brief.device)))
            parts.append(torch.stack(network.opinions([batch] * len(self.options.filters))))  # type: ignore[operator]
        return torch.sigmoid(torch.cat(parts, 1).double()).cpu().numpy()

    def loss(self, images: Tensor, labels: Tensor, step: int) -> Tensor:
        """See `NetworkDetector.loss`: every filter on its own part of the batch."""
        parts = list(self._fitted(images).chunk(len(self.options.filters)))
        logits = torch.cat(self.network.opinions(parts))  # type: ignore[operator]
        return binary_cross_entropy_with_logits(logits.float(), labels)

    def _batches(self, reals: Tensor, last: Tensor, older: Tensor) -> Batches:
        """See `NetworkDetector._batches`: a batch for each filter, one after the other."""
        half, ways = self.options.batch // 2, self.options.ways()
        own = round(half * self.options.own)
        old = int((half - own) * self.options.memory) if len(older) else 0
        shared = [(reals, half), (last, half - own - old), (older, old)]
        pools = [[*shared, (as_pool(self._own[way], self.brief.device), own)] if own else shared for way in ways]
        labels = torch.cat([torch.zeros(half), torch.ones(half)]).to(reals.device).repeat(len(ways))

        def batch(step: int) -> tuple[Tensor, Tensor]:
            changes = self.changes(step)
            parts = [
                change(to_range(_drawn(wanted)), [c for c in changes if c != "mirror" or has_no_side(way)])
                for wanted, way in zip(pools, ways, strict=True)
            ]
            return torch.cat(parts), labels

        return batch


class Filters(nn.Module):
    """The networks of all filters, and the rule by which their opinions become one."""

    bounds: Tensor

    def __init__(self, options: FacePartsOptions, side: int, channels: int) -> None:
        super().__init__()
        self.cascade = options.cascade
        self.filters = nn.ModuleList(small_resnet(side, options.width, channels) for _ in options.filters)
        self.register_buffer("bounds", torch.tensor(options.bounds(), dtype=torch.float32))

    def opinions(self, batches: list[Tensor]) -> list[Tensor]:
        """Logits `[N]` of each filter on what it sees of its own images, `[N, C, S, S]`."""
        return [network(images) for network, images in zip(self.filters, batches, strict=True)]

    def forward(self, images: Tensor) -> Tensor:
        """Logits `[N]` of what is seen of images, `[N, C, S, S]`."""
        return combined(torch.stack(self.opinions([images] * len(self.filters))), self.bounds, self.cascade)


def combined(logits: Tensor, bounds: Tensor, cascade: str) -> Tensor:
    """Logits `[N]` from those of the filters `[F, N]`; `bounds` `[F]`: from where on each overrules the first."""
    if cascade == "max":
        return logits.amax(0)
    if cascade == "mean":
        return logits.mean(0)
    sure = logits >= bounds[:, None]
    return torch.where(sure, torch.maximum(logits, logits[:1]), logits[:1]).amax(0)


def has_no_side(way: Swap) -> bool:
    """Whether a part is still the same part in the mirror."""
    return not way.part.startswith(("LEFT_", "RIGHT_"))


def _drawn(wanted: list[tuple[Tensor, int]]) -> Tensor:
    return torch.cat([draw(pool, n, mirror=False) for pool, n in wanted if n])
