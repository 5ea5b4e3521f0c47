"""Contenders that are no "GAN or one network": each is awkward in its own way, and all must play."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scripted import Scripted, Stamper
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from arena.detector.team import NetworkDetector, NetworkOptions
from arena.detector.threshold import alarm_threshold
from arena.networks.blocks import Logit
from arena.networks.team import NetworkTeam
from arena.networks.trainable import Trainable
from arena.networks.training import as_pool, draw, run, seeded, to_range
from arena.registry import register
from arena.seeds import derive
from arena.types import LAST, Answer, Detector, Faces, Images, Material, Training


@dataclass(frozen=True)
class TrioOptions:
    """Options of the trio."""

    widths: tuple[int, ...] = (4, 6, 8)
    """Feature maps of each of its networks: a list, which must survive a snapshot's JSON."""
    batch: int = 8
    """Images per step."""
    steps: int = 3
    """Training steps per round."""


@register("detector", "trio")
class Trio(NetworkTeam[TrioOptions], Detector):
    """Three networks that are trained one after the other and averaged."""

    Options = TrioOptions
    threshold = 0.5

    def build(self) -> dict[str, Trainable]:
        brief = self.brief
        return {
            f"member-{i}": Trainable(
                nn.Sequential(
                    nn.Conv2d(3, width, 4, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), Logit(width)
                ),
                device=brief.device,
                precision=brief.precision,
                learning_rate=1e-3,
                trains=brief.trains,
            )
            for i, width in enumerate(self.options.widths)
        }

    def train(self, round: int, material: Material, *, learning_rate_scale: float = 1.0) -> Training:
        options = self.options
        reals, fakes = (as_pool(i, self.brief.device) for i in (material.faces.images, material.pool(LAST)))
        self.begin_training(learning_rate_scale)
        labels = torch.cat([torch.zeros(options.batch // 2), torch.ones(options.batch // 2)])

        def step() -> Tensor:
            images = to_range(torch.cat([draw(pool, options.batch // 2) for pool in (reals, fakes)]))
            losses = []
            for member in self.trainables.values():
                loss = binary_cross_entropy_with_logits(
                    member.network(images.to(next(member.network.parameters()).dtype)), labels
                )
                member.zero_grad()
                loss.backward()
                member.step()
                losses.append(loss.detach())
            return torch.stack(losses)

        course = self.course(round, options.steps, options.batch, learning_rate_scale)
        with seeded(derive(self.brief.seed, "train", round), self.brief.device):
            training = run(course, [step], tuple(self.trainables), self.is_finite, self.on_progress)
        self.images = training.images
        self.threshold = alarm_threshold(self.answer(material.faces.images).scores, self.brief.false_alarm_rate)
        return training

    @torch.no_grad()
    def answer(self, paper: Images) -> Answer:
        images = to_range(as_pool(paper, self.brief.device))
        members = [member.settle() for member in self.trainables.values()]
        logits = [network(images.to(next(network.parameters()).dtype)) for network in members]
        scores = torch.sigmoid(torch.stack(logits).double().mean(0))
        return Answer(scores.numpy(), self.threshold)

    def extra(self) -> dict[str, float]:
        return {"threshold": self.threshold}

    def take_extra(self, extra: Any) -> None:
        self.threshold = extra["threshold"]


@register("detector", "big-eyes")
class BigEyes(NetworkDetector[NetworkOptions]):
    """A network that sees 160 pixels, whatever the match's images have."""

    Options = NetworkOptions
    input_size = 160

    def build_network(self) -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, 4, 8, 8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), Logit(4))


@register("detector", "anatomist")
class Anatomist(Scripted, Detector):
    """No network: counts people, needs landmarks, and scores how far an image's brightness is from its faces'."""

    needs_points = True

    def __init__(self, options: Any, brief: Any) -> None:
        super().__init__(options, brief)
        self.people, self.eyes, self.level = 0, 0.0, 0.0

    @classmethod
    def fetch(cls, options: Any) -> dict[str, str]:
        return {"atlas": 64 * "0"}

    def check(self, faces: Faces) -> None:
        assert faces.identities.shape == (len(faces),)

    def train(self, round: int, material: Material, *, learning_rate_scale: float = 1.0) -> Training:
        faces = material.faces
        assert faces.points is not None
        assert faces.points.shape == (len(faces), 5, 2)
        self.people = len(np.unique(faces.identities))
        self.eyes = float(np.nanmean(faces.points[:, 1, 0] - faces.points[:, 0, 0]))
        self.level = float(faces.images.mean())
        return super().train(round, material, learning_rate_scale=learning_rate_scale)

    def answer(self, paper: Images) -> Answer:
        distance = np.abs(paper.mean((1, 2, 3)) - self.level)
        return Answer(distance / 255, 0.5)

    def state(self) -> Any:
        numbers = {"people": self.people, "eyes": self.eyes, "level": self.level}
        return super().state() | {name: np.array(float(value)) for name, value in numbers.items()}

    def restore(self, state: Any) -> None:
        super().restore(state)
        self.people = int(state["people"])
        self.eyes, self.level = float(state["eyes"]), float(state["level"])


class Unspeakable(Exception):  # noqa: N818
    """An exception that cannot cross a process boundary: it cannot be made from its arguments."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


@dataclass(frozen=True)
class QuitterOptions:
    """When a quitter quits, and at what."""

    round: int = 2
    """The round."""
    call: str = "train"
    """The call that raises: train, generate, answer, state or nothing."""
    times: int = 1000
    """How often it raises."""


class _Quits:
    """Raises in one round at one call."""

    def _maybe(self, call: str, round: int | None = None) -> None:
        self.now = self.now if round is None else round
        if (call, self.now) == (self.options.call, self.options.round) and self.raised < self.options.times:
            self.raised += 1
            raise Unspeakable(1, 2)


@register("generator", "quitter")
class QuittingStamper(_Quits, Stamper):
    """A stamper that raises something unheard-of in one round."""

    Options = QuitterOptions
    now, raised = 0, 0

    def train(self, round: int, material: Material, *, learning_rate_scale: float = 1.0) -> Training:
        self._maybe("train", round)
        return super().train(round, material, learning_rate_scale=learning_rate_scale)

    def generate(self, n: int, seed: int) -> Images:
        self._maybe("generate")
        return super().generate(n, seed)

    def state(self) -> Any:
        self._maybe("state")
        return super().state()


@register("detector", "quitter")
class QuittingReader(_Quits, Scripted, Detector):
    """A stamp reader that raises something unheard-of in one round."""

    Options = QuitterOptions
    now, raised = 0, 0

    def train(self, round: int, material: Material, *, learning_rate_scale: float = 1.0) -> Training:
        self._maybe("train", round)
        return super().train(round, material, learning_rate_scale=learning_rate_scale)

    def answer(self, paper: Images) -> Answer:
        self._maybe("answer")
        return Answer((paper[:, 0, 0] == 255).all(axis=1).astype(np.float64), 0.5)

    def state(self) -> Any:
        self._maybe("state")
        return super().state()
