"""Face swaps: a part of one person's face in that of another, forged as in the AI R&D Challenge 2018, task 2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from arena.faces.coding import coder
from arena.faces.parts.donors import Places, donors_for
from arena.faces.parts.paste import EDGES, Swap, swap
from arena.faces.parts.shapes import PARTS
from arena.faces.parts.swaps import least_found
from arena.generator.bandit import Bandit, passes
from arena.generator.bank import BankOptions, BankTeam
from arena.registry import register
from arena.seeds import derive, rng
from arena.snapshot import player
from arena.types import Brief, Detector, Faces, Images, Knowledge, Material, Sources, State

MOST_REALS = 128
"""Real faces that Team B's snapshot is asked about, to know what it makes of one."""


@dataclass(frozen=True)
class FaceSwapOptions(BankOptions):
    """Options of face swaps."""

    parts: tuple[str, ...] = ("LEFT_BROW", "RIGHT_BROW", "LEFT_EYE", "RIGHT_EYE", "EYES", "NOSE", "MOUTH", "INFACE")
    """Parts that are swapped; left and right as seen, an eye with its brow, INFACE from the brows to the jaw."""
    edges: tuple[str, ...] = ("cut", "blur")
    """How a part is put in: cut, with a hard edge; blur, with a mask that is dilated and feathered."""
    colour: bool = True
    """Give the part the mean and the contrast of the colours it covers."""
    poisson: bool = False
    """Keep the part's gradients and let its level follow the face around it; a third to a sixth of the speed."""
    candidates: int = 8
    """Donors drawn for every target, of which the one who looks the same way is taken; 1 takes any."""
    probe: int = 12
    """Fakes of each part and edge that Team B's last snapshot is asked about every round."""
    memory: float = 0.7
    """What the answers of the round before are worth beside the latest."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, known in (("parts", PARTS), ("edges", EDGES)):
            given = getattr(self, name)
            if not given or not set(given) <= set(known) or len(set(given)) < len(given):
                raise ValueError(f"{name} must be some of {', '.join(known)}, not {list(given)}")
        if self.candidates < 1 or self.probe < 1 or not 0 <= self.memory <= 1:
            raise ValueError("candidates and probe must be at least 1, memory in [0, 1]")


@dataclass(frozen=True, eq=False)
class Swaps:
    """What was swapped: `images` uint8 `[n, S, S, 3]`, `masks` uint8 `[n, S, S]`, places in the bank, and the arms."""

    images: Images
    masks: npt.NDArray[np.uint8]
    donors: Places
    targets: Places
    arms: Places


@register("generator", "face-swap")
class FaceSwap(BankTeam[FaceSwapOptions]):
    """No network: parts of one person's face in another's; learns which part and edge passes Team B."""

    Options = FaceSwapOptions
    needs_points = True

    def __init__(self, options: FaceSwapOptions, brief: Brief) -> None:
        super().__init__(options, brief)
        pairs = product(options.parts, options.edges)
        self.arms = [Swap(part, edge, options.colour, options.poisson) for part, edge in pairs]  # type: ignore[arg-type]
        self.bandit = Bandit.fresh(len(self.arms))

    def check(self, faces: Faces) -> None:
        """See `types.Team.check`."""
        least_found(faces, "face-swap", "Team A")

    def learn(self, round: int, material: Material) -> tuple[Knowledge, str, Mapping[str, float]]:
        """See `BankTeam.learn`: ask Team B's last snapshot about fakes of every part and edge, coded as in an exam."""
        if not material.opponents or not len(self.bank):
            return "none", "", {}
        opponent: Detector = player(material.opponents[0], self.brief.device, self.brief.precision)
        seed, probe, arms = derive(self.brief.seed, "probe", round), self.options.probe, len(self.arms)
        fakes = self._swapped(np.repeat(np.arange(arms), probe), rng(seed, "pairs")).images
        code = coder(self.brief.origin)
        reals = self.bank.images[:MOST_REALS]
        scores = opponent.answer(np.concatenate([reals, fakes if code is None else code(fakes, seed)])).scores
        passed = passes(scores[len(reals) :].reshape(arms, probe), scores[: len(reals)]).sum(1)
        self.bandit = self.bandit.told(passed, probe, self.options.memory)
        return "whitebox", "", {"caught": 1 - float(passed.sum()) / (arms * probe)}

    def make(self, n: int, seed: int) -> Images:
        """See `BankTeam.make`."""
        return self.swaps(n, seed).images

    def swaps(self, n: int, seed: int) -> Swaps:
        """`n` swaps and what they are made of; parts and edges as the bandit likes them."""
        draw = rng(seed, "swaps")
        return self._swapped(self.bandit.draw(n, draw), draw)

    def sources(self, n: int, seed: int) -> Sources | None:
        """See `types.Generator.sources`."""
        if not len(self.bank):
            return None
        made, faces = self.swaps(n, seed), self.bank.images
        masks = made.masks[..., None].repeat(3, 3)
        words = tuple(f"{self.arms[arm].part} {self.arms[arm].edge}" for arm in made.arms)
        return Sources({"target": faces[made.targets], "donor": faces[made.donors], "mask": masks}, words)

    def numbers(self) -> State:
        """See `BankTeam.numbers`."""
        return {"bandit/passed": self.bandit.passed, "bandit/caught": self.bandit.caught}

    def take_numbers(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """See `BankTeam.take_numbers`."""
        self.bandit = Bandit(np.asarray(arrays["bandit/passed"]), np.asarray(arrays["bandit/caught"]))

    def _swapped(self, arms: Places, draw: np.random.Generator) -> Swaps:
        bank = self.bank
        targets = draw.integers(0, len(bank), len(arms))
        donors = donors_for(targets, bank.identities, bank.points, draw, self.options.candidates)
        images = np.empty((len(arms), *bank.images.shape[1:]), np.uint8)
        masks = np.empty(images.shape[:3], np.uint8)
        for i, (arm, donor, target) in enumerate(zip(arms, donors, targets, strict=True)):
            done = swap(
                self.arms[arm], bank.images[donor], bank.points[donor], bank.images[target], bank.points[target]
            )
            images[i], masks[i] = done.image, done.mask
        return Swaps(images, masks, donors, targets, arms)
