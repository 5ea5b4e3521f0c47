"""The head over a published network."""

import numpy as np
import pytest
from tiny import material, pictures, tiny_options, tiny_team
from torch import nn

from arena import registry
from arena.types import ArenaError

INCEPTION = registry.find("detector", "inception-resnet")


def test_its_head_is_the_originals():
    team = tiny_team(INCEPTION, options={"hidden": 512, "dropout": 0.5})
    body, dense, active, dropout, logit = team.network
    assert (dense.in_features, dense.out_features, logit.in_features) == (body.features, 512, 512)
    assert isinstance(active, nn.ReLU)
    assert dropout.p == 0.5


def test_the_network_behind_it_is_inception_resnet_v2_with_its_own_size_of_images():
    options = INCEPTION.options()
    assert (options.backbone, options.input_side, options.learning_rate) == ("inception_resnet_v2", 80, 1e-4)
    team = INCEPTION.team(tiny_team(INCEPTION).brief, {"batch": 4, "steps": 1})
    assert team.network[0].features == 1536
    team.check(material(pictures(40)).faces)
    assert team.score(pictures(2)).shape == (2,)


@pytest.mark.parametrize("backbone", ["test_resnet", "test_byobnet"])
def test_any_backbone_will_do(backbone):
    team = tiny_team(INCEPTION, options={"backbone": backbone, "steps": 40, "learning_rate": 3e-3, "augment": False})
    reals, fakes = pictures(30, seed=2), 255 - pictures(30, seed=3)
    team.train(1, material(reals, fakes))
    assert np.mean(team.score(fakes)) > np.mean(team.score(reals)) + 0.3


@pytest.mark.parametrize(("options", "complaint"), [({"hidden": 0}, "hidden"), ({"dropout": 1.0}, "dropout")])
def test_impossible_options_are_refused(options, complaint):
    with pytest.raises(ArenaError, match=complaint):
        INCEPTION.options(tiny_options(INCEPTION, **options))
