"""Options that every detector has that learns from real faces and galleries."""

from __future__ import annotations

from dataclasses import dataclass

from arena.detector.changes import CHANGES


@dataclass(frozen=True)
class DetectorOptions:
    """What of its material a detector trains with, and how its images are changed."""

    memory: float = 0.5
    """Share of the fakes in a batch that come from the reservoir of older galleries."""
    augment: bool = True
    """Whether the training images, real and fake alike, are changed as the switches below say."""
    shrink: bool = False
    """Half of them shrunk by up to 2, among their mirror images: as fakes are that were drawn larger. For who sees
    traces; who sees faces learns less among mirror images (experiments/team-b)."""
    zoom: bool = True
    """Zoomed by 0.85 to 1.25."""
    shift: bool = True
    """Shifted by up to 10 % of the side."""
    mirror: bool = True
    """Half of them mirrored."""
    brightness: bool = True
    """Brighter or darker by up to an eighth of the range."""
    contrast: bool = True
    """0.7 to 1.3 times the contrast."""
    colour: bool = True
    """0.6 to 1.3 times the saturation, and each channel stronger or weaker by 8 %."""
    blur: bool = True
    """Half of them blurred by up to 1.1 pixels, or sharpened."""
    noise: bool = True
    """A quarter of them with Gaussian noise of up to 2.5 % of the range."""
    resize: bool = True
    """A quarter of them shrunk to as little as a third, and enlarged again."""
    jpeg: bool = True
    """Half of them through JPEG of a quality of 55 to 98."""
    validation: float = 0.15
    """Share of its real faces, of whole people, that the team never trains on and sets its alarm threshold with."""

    def __post_init__(self) -> None:
        if not (0 <= self.memory < 1 and 0 < self.validation < 1):
            raise ValueError("memory must be in [0, 1) and validation in (0, 1)")

    def changes(self) -> list[str]:
        """Which of `changes.CHANGES` act on the training images."""
        return [name for name in CHANGES if self.augment and getattr(self, name)]
