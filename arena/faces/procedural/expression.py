"""What the face does in one shot: how it smiles, how wide eyes and mouth are open, where it looks."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from arena.faces.procedural.draws import Draws


@dataclass(frozen=True)
class Expression:
    """`smile`: -0.35 sad, 0 none, 1 broad. `mouth_open`: 0 to 1.1. `eyes_open`: around 1. `brow`: raised by.

    `gaze_x`, `gaze_y`: shift of the irises. `teeth`: 0 or 1, whether an open mouth shows them.
    """

    smile: Tensor
    mouth_open: Tensor
    eyes_open: Tensor
    brow: Tensor
    gaze_x: Tensor
    gaze_y: Tensor
    teeth: Tensor

    @classmethod
    def draw(cls, shot: Draws) -> Expression:
        """An expression of the shot stream: people smile at cameras."""
        smile = shot.normal(0.60, 0.40).clamp(-0.3, 1.15)
        return cls(
            smile=smile,
            mouth_open=(shot.normal(-0.12, 0.40) + 0.60 * smile).clamp(0, 1.1),
            eyes_open=shot.normal(1.02, 0.10) - 0.16 * smile.clamp(min=0),
            brow=shot.normal(0, 0.008),
            gaze_x=shot.normal(0, 0.026),
            gaze_y=shot.normal(-0.006, 0.008),
            teeth=shot.chance(0.9),
        )
