"""Published networks: their features, their own normalisation, their weights from the cache and from nowhere else."""

import hashlib

import pytest
import safetensors.torch
import torch
from torch import nn

from arena.networks import backbones
from arena.networks.backbones import Backbone, Normalise, take_any_dtype
from arena.networks.depthwise import Depthwise
from arena.networks.trainable import cast
from arena.types import ArenaError

NAME = "test_efficientnet"
KNOWN_AS = f"ImageNet weights of {NAME}"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of weights, and a way out that nobody may take."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("socket.socket.connect", lambda *to: pytest.fail(f"went to {to}"))
    return tmp_path


def published(cache, **changed):
    """Put weights into the cache as downloads leave them there; returns the file and what is in it."""
    torch.manual_seed(1)
    import timm

    weights = {name: value.contiguous() for name, value in timm.create_model(NAME).state_dict().items()} | changed
    config = timm.get_pretrained_cfg(NAME)
    folder = cache / f"models--{config.hf_hub_id.replace('/', '--')}"
    for part in ("refs", "snapshots/abc"):
        (folder / part).mkdir(parents=True)
    (folder / "refs" / "main").write_text("abc")
    file = folder / "snapshots/abc/model.safetensors"
    safetensors.torch.save_file(weights, file)
    return file, weights


@pytest.mark.parametrize("name", [NAME, f"{NAME}.r160_in1k", "test_resnet", "test_vit"])
def test_a_network_has_as_many_features_as_it_says(name):
    network = Backbone(name).eval()
    side = 160 if "vit" in name else 40
    assert network(torch.zeros(2, 3, side, side)).shape == (2, network.features)


def test_images_are_brought_to_the_mean_and_deviation_of_the_published_network():
    normalise = Normalise((0.5, 0.25, 0.0), (0.5, 0.25, 1.0))
    images = torch.tensor([-1.0, 0.0, 1.0]).view(3, 1, 1, 1).expand(3, 3, 2, 2)
    expected = torch.tensor([[-1.0, -1, 0], [0, 1, 0.5], [1, 3, 1]])
    assert torch.equal(normalise(images)[:, :, 0, 0], expected)
    network = Backbone(NAME)
    assert network.normalise.mean.flatten().tolist() == pytest.approx([-0.03, -0.088, -0.188])
    assert isinstance(Backbone(NAME, normalise=False).normalise, nn.Identity)


@pytest.mark.parametrize("name", [NAME, "test_convnext", "test_vit"])
def test_it_computes_in_either_precision(name):
    torch.manual_seed(0)
    exact, images = take_any_dtype(Backbone(name)).eval(), torch.rand(2, 3, 160, 160)
    with torch.no_grad():
        features = exact(images)
        mixed = cast(exact, "bf16")(images.to(torch.bfloat16)).float()
    torch.testing.assert_close(mixed, features, atol=0.05 * float(features.abs().max()), rtol=0.05)
    assert not torch.equal(mixed, features)


def test_grouped_convolutions_stay_exact():
    network = cast(nn.Sequential(Backbone("mobilenetv2_100"), nn.Conv2d(4, 4, 3, groups=2)), "bf16")
    dtypes = {(m.groups > 1, m.weight.dtype) for m in network.modules() if isinstance(m, nn.Conv2d)}
    assert dtypes == {(True, torch.float32), (False, torch.bfloat16)}
    assert {m.weight.dtype for m in network.modules() if isinstance(m, Depthwise)} == {torch.float32}


def test_weights_come_from_the_cache_and_are_known_by_their_hash(cache):
    file, weights = published(cache)
    network = Backbone(NAME, pretrained=True)
    found = network.body.state_dict()
    assert all(torch.equal(found[name], weights[name]) for name in found)
    assert backbones.fetch(NAME, True) == {KNOWN_AS: hashlib.sha256(file.read_bytes()).hexdigest()}
    assert backbones.fetch(NAME, False) == {}


@pytest.mark.parametrize("ask", [lambda: backbones.fetch(NAME, True), lambda: Backbone(NAME, pretrained=True)])
def test_without_them_it_says_so_at_once_and_how_to_get_them(cache, ask):
    with pytest.raises(ArenaError, match=r"are not on this machine.*hf download timm/test_efficientnet.r160_in1k"):
        ask()


def test_one_that_is_published_in_no_safe_form_is_refused(cache):
    with pytest.raises(ArenaError, match="nobody published ImageNet weights of coatnet_0_224"):
        Backbone("coatnet_0_224", pretrained=True)


@pytest.mark.parametrize("ask", [lambda name: backbones.fetch(name, False), Backbone])
def test_a_name_that_timm_does_not_know_is_an_error_with_a_hint(ask):
    with pytest.raises(ArenaError, match="no network named 'efficientnet_b00', did you mean 'efficientnet_b0'"):
        ask("efficientnet_b00")
