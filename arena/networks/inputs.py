"""What a network is shown of an image: its pixels, or only how they differ from those around them."""

from __future__ import annotations

from typing import Final, Literal

from torch import Tensor, cat
from torch.nn.functional import pad

Input = Literal["rgb", "high-pass", "neighbours"]
CHANNELS: Final[dict[Input, int]] = {"rgb": 3, "high-pass": 3, "neighbours": 6}
"""The inputs, and how many channels each of them has. Options spell them out, so that they are listed without torch."""


def seen(images: Tensor, input: Input) -> Tensor:
    """Images `[N, 3, S, S]` as a network sees them, of their dtype: `[N, CHANNELS[input], S, S]`.

    `rgb`: the pixels. `high-pass`: what a 3x3 blur takes away from them. `neighbours`: each pixel's difference to the
    next on the right and to the next below.
    """
    if input == "rgb":
        return images
    if input == "neighbours":
        # The last row and column have no next one: their own copy differs by 0.
        longer = pad(images, (0, 1, 0, 1), mode="replicate")
        return cat([longer[..., :-1, 1:] - images, longer[..., 1:, :-1] - images], 1)
    edged = pad(images, (1, 1, 1, 1), mode="reflect")
    tall = (edged[..., :-2, :] + 2 * edged[..., 1:-1, :] + edged[..., 2:, :]) / 4
    return images - (tall[..., :-2] + 2 * tall[..., 1:-1] + tall[..., 2:]) / 4
