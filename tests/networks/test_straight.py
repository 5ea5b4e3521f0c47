from __future__ import annotations

import numpy as np
import torch

from arena.networks.straight import through
from arena.networks.training import to_range
from arena.types import Images


def darker(images: Images, seed: int) -> Images:
    """Takes a grey level that depends on the seed from every image."""
    return np.clip(images.astype(int) - 1 - seed % 7, 0, 255).astype(np.uint8)


def fakes(dtype: torch.dtype = torch.float32) -> torch.Tensor:
    torch.manual_seed(3)
    return torch.tanh(torch.randn(4, 3, 8, 8)).to(dtype)


def test_forward_is_the_coded_image_to_the_bit() -> None:
    for dtype in (torch.float32, torch.bfloat16):
        half = torch.full((2, 3, 8, 8), 0.5, dtype=dtype)
        torch.manual_seed(0)
        seed = int(torch.randint(2**62, ()))
        pixels = torch.from_numpy(darker(np.full((2, 8, 8, 3), 191, np.uint8), seed))
        torch.manual_seed(0)
        assert torch.equal(through(half, darker), to_range(pixels).to(dtype))


def test_backward_is_the_identity() -> None:
    images = fakes().requires_grad_()
    weights = torch.randn_like(images)
    (through(images, darker) * weights).sum().backward()
    assert images.grad is not None
    assert torch.equal(images.grad, weights)


def test_a_network_sees_coded_images_and_its_gradient_is_taken_there() -> None:
    """d/dx of f(code(x)) is f'(code(x)): for f = x squared, twice the coded image."""
    images = fakes().requires_grad_()
    torch.manual_seed(1)
    through(images, darker).square().sum().backward()
    torch.manual_seed(1)
    assert images.grad is not None
    assert torch.equal(images.grad, 2 * through(images.detach(), darker))


def test_what_is_drawn_follows_from_the_random_state() -> None:
    seen = []
    for seed in (5, 5, 6):
        images = fakes()
        torch.manual_seed(seed)
        seen.append(through(images, lambda images, drawn: images * 0 + np.uint8(drawn % 251)))
    assert torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[0], seen[2])
