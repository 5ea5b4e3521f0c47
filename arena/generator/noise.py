"""Noise: the generator that every rating can be anchored to, because it is the same in every match."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arena.generator.fixed import FixedGenerator
from arena.registry import register
from arena.seeds import rng
from arena.types import Images

CONTRAST = 50.0
"""Standard deviation of each image in grey levels, about that of a photographed face."""
SHARED = 0.9
"""Share of the variance that the colours have in common: photographs are almost grey."""
BATCH = 100
"""Images made at a time; what is drawn does not depend on it."""


@dataclass(frozen=True)
class NoiseOptions:
    """There is nothing to choose: it would not be the same opponent everywhere."""


@register("generator", "noise")
class Noise(FixedGenerator[NoiseOptions]):
    """Cloudy noise with the spectrum of photographs, the same in every match: the floor of every rating."""

    Options = NoiseOptions

    def generate(self, n: int, seed: int) -> Images:
        """See `types.Generator.generate`.

        Amplitudes fall with 1/f, as in photographs (Field 1987, Relations between the statistics of natural images and
        the response properties of cortical cells); phases are random, so there is nothing to see.
        """
        draw, size = rng(seed, "noise"), self.brief.image_size
        images = np.empty((n, size, size, 3), np.uint8)
        frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)).astype(np.float32)
        frequency[0, 0] = np.inf  # every image has the same brightness
        for start in range(0, n, BATCH):
            white = draw.standard_normal((len(images[start : start + BATCH]), 4, size, size), np.float32)
            pink = np.fft.irfft2(np.fft.rfft2(white) / frequency, (size, size))
            pink /= pink.std(axis=(2, 3), keepdims=True)
            mixed = SHARED**0.5 * pink[:, :1] + (1 - SHARED) ** 0.5 * pink[:, 1:]
            images[start : start + BATCH] = np.clip(128 + CONTRAST * mixed, 0, 255).round().transpose(0, 2, 3, 1)
        return images
