"""Published networks for images, from timm: their layers, and their ImageNet weights where the cache holds them.

Nothing else imports timm, and nothing is ever downloaded: who wants the weights is told how to get them.
"""

from __future__ import annotations

import difflib
import hashlib
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from arena.networks.depthwise import Depthwise
from arena.networks.excite import Excite
from arena.networks.products import Product
from arena.types import ArenaError

_FILE = "model.safetensors"
"""How timm's publishers call the weights; those in any other form would have to be unpickled."""


class Backbone(nn.Module):
    """A network of timm without its classifier: images `[N, 3, S, S]` in [-1, 1] to features `[N, features]`.

    `name`: as timm has it, such as efficientnet_b0, with or without the tag of its weights. `pretrained`: start from
    its ImageNet weights. `normalise`: bring the images to the mean and deviation it was published for, inside it.
    Raises ArenaError for a name that timm does not know and for weights that are not in the cache.
    """

    def __init__(self, name: str, pretrained: bool = False, normalise: bool = True) -> None:
        super().__init__()
        import timm

        _check_name(name)
        given: dict[str, Any] = {"pretrained": pretrained}
        if pretrained:
            given["pretrained_cfg_overlay"] = {"file": str(weights_of(name))}
        self.body: nn.Module = timm.create_model(name, num_classes=0, **given)
        quicken(self.body)
        published: Any = self.body
        self.features = int(getattr(published, "head_hidden_size", None) or published.num_features)
        config = published.pretrained_cfg
        self.normalise = Normalise(config["mean"], config["std"]) if normalise else nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        """See above; the features are a mean over the last maps, with whatever the network does to it."""
        features: Tensor = self.body(self.normalise(images))
        return features


class Normalise(nn.Module):
    """Images in [-1, 1] less a mean and divided by a deviation, both by channel and in units of [0, 1]."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, mean: tuple[float, ...], deviation: tuple[float, ...]) -> None:
        super().__init__()
        self.register_buffer("mean", 2 * Tensor(mean).view(-1, 1, 1) - 1)
        self.register_buffer("deviation", 2 * Tensor(deviation).view(-1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """See above: `[N, 3, S, S]` in, float32 of the same shape out."""
        return (images - self.mean) / self.deviation


def quicken(network: nn.Module) -> None:
    """Put faster layers of the same weights and names in the place of those that they can stand for."""
    from timm.models._efficientnet_blocks import SqueezeExcite

    for parent in reversed(list(network.modules())):  # what is inside first
        for name, child in parent.named_children():
            if isinstance(child, nn.SiLU):
                child.inplace = False  # in place it would copy its input for the gradient
            if isinstance(child, nn.Conv2d):
                for layer in (Depthwise, Product):
                    if layer.stands_for(child):
                        setattr(parent, name, layer(child))
            if type(child) is SqueezeExcite:
                setattr(parent, name, Excite(child))


def take_any_dtype(network: nn.Module) -> nn.Module:
    """The network, whose convolutions and linear layers bring their input to the dtype of their weights.

    What lies between them may compute in float32 while they compute in bfloat16 (`networks.trainable.cast`).
    """
    for module in network.modules():
        if isinstance(module, (nn.modules.conv._ConvNd, nn.Linear)):
            module.register_forward_pre_hook(_as_its_weights)
    return network


def _as_its_weights(module: Any, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return inputs[0].to(module.weight.dtype), *inputs[1:]


def fetch(name: str, pretrained: bool) -> dict[str, str]:
    """SHA-256 of a network's ImageNet weights by what they are, for the record; of nothing where none are wanted.

    Raises ArenaError as `Backbone` does.
    """
    _check_name(name)
    if not pretrained:
        return {}
    with weights_of(name).open("rb") as file:
        return {f"ImageNet weights of {name}": hashlib.file_digest(file, "sha256").hexdigest()}


def weights_of(name: str) -> Path:
    """The file of a network's ImageNet weights in the cache of timm. Raises ArenaError where there is none."""
    import timm
    from huggingface_hub import try_to_load_from_cache

    config = timm.get_pretrained_cfg(name)
    if config is None or not config.hf_hub_id:
        raise ArenaError(f"nobody published ImageNet weights of {name} that could be read without unpickling them")
    found = try_to_load_from_cache(config.hf_hub_id, _FILE)
    if not isinstance(found, str):  # not there, or known not to exist
        raise ArenaError(
            f"the ImageNet weights of {name} are not on this machine, and nothing is downloaded unasked; "
            f"get them with `hf download {config.hf_hub_id} {_FILE}`, or leave pretrained off"
        )
    return Path(found)


def _check_name(name: str) -> None:
    import timm

    if not timm.is_model(name):
        close = difflib.get_close_matches(name, timm.list_models(), n=1)
        raise ArenaError(f"timm has no network named {name!r}" + (f", did you mean {close[0]!r}?" if close else ""))
