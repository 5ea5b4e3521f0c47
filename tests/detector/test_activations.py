from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny import pictures, tiny_team

from arena import registry
from arena.detector import activations as module
from arena.detector.activations import sight
from arena.faces.crop.finder import Finder
from arena.networks.training import as_pool, to_range

pytest.importorskip("facenet_pytorch", reason="activations asks networks of facenet-pytorch")
ACTIVATIONS = registry.find("detector", "activations")


def tensor(images):
    return to_range(as_pool(images, "cpu"))


def maps_of_rnet(images, side):
    """Mean and deviation of RNet's maps, layer by layer as MTCNN itself goes through them."""
    rnet, found = Finder("cpu").network("rnet"), []
    seen = torch.nn.functional.interpolate(images, size=side, mode="bilinear", antialias=True)
    seen = (seen - 127.5) * 0.0078125
    for number in (1, 2, 3):
        seen = getattr(rnet, f"prelu{number}")(getattr(rnet, f"conv{number}")(seen))
        found += [seen.mean((2, 3)), seen.std((2, 3), correction=0)]
        seen = seen if number == 3 else getattr(rnet, f"pool{number}")(seen)
    return torch.cat(found, 1).detach().numpy()


@pytest.mark.parametrize("size", [16, 64, 128])
def test_its_numbers_are_last_features_and_statistics_of_maps(size):
    faces = pictures(3, size=size)
    numbers = tiny_team(ACTIVATIONS).measure(tensor(faces)).numpy()
    assert numbers.shape == (3, 1224)
    assert numbers.dtype == np.float32
    np.testing.assert_allclose(numbers[:, :256], Finder("cpu").features(faces), atol=1e-3)
    pixels = torch.from_numpy(faces).permute(0, 3, 1, 2).float()
    for i, side in enumerate(module.SIDES):
        begin = 384 + 280 * i
        np.testing.assert_allclose(numbers[:, begin : begin + 280], maps_of_rnet(pixels, side), atol=2e-3)


def test_fine_detail_is_looked_at_enlarged_and_amplified():
    faces = pictures(2, size=128)
    pixels = torch.from_numpy(faces).permute(0, 3, 1, 2).float()
    edged = torch.nn.functional.pad(pixels, (1, 1, 1, 1), mode="reflect")
    blur = torch.tensor([1.0, 2.0, 1.0]).outer(torch.tensor([1.0, 2.0, 1.0])).div(16).expand(3, 1, 3, 3)
    fine = 127.5 + 4 * (pixels - torch.nn.functional.conv2d(edged, blur, groups=3))
    found = sight(tensor(faces))[:, 944:].numpy()
    np.testing.assert_allclose(found, maps_of_rnet(fine, 192), atol=5e-3)


def test_light_hardly_moves_what_fine_detail_says():
    faces = pictures(4, size=32).clip(60, 190)
    plain, brighter = (sight(tensor(images))[:, 944:] for images in (faces, faces + 40))
    np.testing.assert_allclose(brighter.numpy(), plain.numpy(), atol=1e-3)


def test_an_answer_does_not_hang_on_who_else_is_asked():
    faces = pictures(11, size=32)
    together = tiny_team(ACTIVATIONS).measure(tensor(faces))
    alone = torch.cat([sight(tensor(faces[i : i + 1])) for i in range(11)])
    np.testing.assert_allclose(together.numpy(), alone.numpy(), atol=1e-3)


def test_its_opinion_has_gradients_even_of_a_picture_of_nothing():
    images = torch.stack([torch.zeros(3, 32, 32), tensor(pictures(1, size=32))[0]]).requires_grad_()
    tiny_team(ACTIVATIONS).measure(images).sum().backward()
    assert torch.isfinite(images.grad).all()
    assert images.grad[1].abs().max() > 0


def test_what_it_took_is_on_record():
    found = ACTIVATIONS.cls.fetch(ACTIVATIONS.options())
    assert list(found) == ["weights of RNet", "weights of ONet"]
    assert found["weights of RNet"] != found["weights of ONet"]
    assert {len(digest) for digest in found.values()} == {64}
