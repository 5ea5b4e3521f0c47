from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tiny import SIZE, brief, equal_states, material, pictures, tiny_team
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate

from arena import registry
from arena.generator.losses import zero_centred
from arena.generator.progan import ProGANOptions
from arena.networks.growing import (
    Deviation,
    Discriminator,
    Generator,
    Stage,
    equalised,
    pixel_norm,
    shrunk,
)
from arena.snapshot import player
from arena.types import ArenaError

PROGAN = registry.find("generator", "progan")
WIDTHS = [8, 4, 2]


def team(**options):
    return tiny_team(PROGAN, options=options)


def pair(build, number):
    """Networks of a stage and of the next one while it fades in, with the same weights where both have them."""
    torch.manual_seed(0)
    lower, upper = build(Stage(number)), build(Stage(number + 1, 0.5))
    shared = {name: value for name, value in lower.state_dict().items() if name in upper.state_dict()}
    assert shared.keys() == lower.state_dict().keys()
    upper.load_state_dict(upper.state_dict() | shared)
    return lower, upper


def doubled(images):
    return interpolate(images, scale_factor=2.0)


@pytest.mark.parametrize(
    ("images", "stage"),
    [
        (0, Stage(0)),
        (99, Stage(0)),
        (100, Stage(1, 0.0)),
        (125, Stage(1, 0.5)),
        (150, Stage(1)),
        (199, Stage(1)),
        (210, Stage(2, 0.2)),
        (10**6, Stage(2)),
    ],
)
def test_the_stages_by_hand(images, stage):
    found = Stage.at(images, 100, last=2)
    assert found.number == stage.number
    assert found.alpha == pytest.approx(stage.alpha)
    assert found.fades == (stage.alpha < 1)


def test_a_stage_in_words():
    assert [str(Stage(0)), str(Stage(1, 0.4)), str(Stage(2))] == ["4 px", "8 px, fading in 40 %", "16 px"]


@pytest.mark.parametrize("number", [0, 1])
def test_the_generators_fade_leads_from_the_lower_stage_to_the_upper(number):
    lower, upper = pair(lambda stage: Generator(5, WIDTHS, stage), number)
    latents, seen = torch.randn(3, 5, 1, 1), {}
    for alpha in (0.0, 0.25, 1.0):
        upper.stage = Stage(number + 1, alpha)
        seen[alpha] = upper(latents)
    side = 4 << number
    assert seen[0.0].shape == (3, 3, 2 * side, 2 * side)
    torch.testing.assert_close(seen[0.0], doubled(lower(latents)))
    torch.testing.assert_close(seen[0.25], 0.75 * seen[0.0] + 0.25 * seen[1.0])
    whole = Generator(5, WIDTHS, Stage(number + 1))
    whole.load_state_dict({n: v for n, v in upper.state_dict().items() if not n.startswith(f"colour.{number}.")})
    assert torch.equal(seen[1.0], whole(latents))


@pytest.mark.parametrize("number", [0, 1])
def test_the_discriminators_fade_leads_from_the_lower_stage_to_the_upper(number):
    lower, upper = pair(lambda stage: Discriminator(WIDTHS, stage), number)
    images = torch.randn(3, 3, 8 << number, 8 << number)
    upper.stage = Stage(number + 1, 0.0)
    torch.testing.assert_close(upper(images), lower(avg_pool2d(images, 2)))
    upper.stage = Stage(number + 1)
    whole = Discriminator(WIDTHS, upper.stage)
    whole.load_state_dict({n: v for n, v in upper.state_dict().items() if not n.startswith(f"colour.{number}.")})
    assert torch.equal(upper(images), whole(images))


def test_pixel_norm_by_hand():
    maps = torch.tensor([3.0, 4.0]).view(1, 2, 1, 1)
    torch.testing.assert_close(pixel_norm(maps), maps / math.sqrt((9 + 16) / 2))


def test_equalised_weights_by_hand():
    layer = equalised(nn.Conv2d(2, 1, 3))
    stored = layer.parametrizations.weight.original
    torch.testing.assert_close(layer.weight, stored * math.sqrt(2 / 18))


@pytest.mark.parametrize(
    ("layer", "side"),
    [(nn.Conv2d(64, 64, 3, padding=1), 8), (nn.Conv2d(64, 64, 4), 4), (nn.ConvTranspose2d(64, 64, 4), 1)],
)
def test_equalised_layers_keep_the_variance(layer, side):
    torch.manual_seed(0)
    made = equalised(layer, gain=1.0)(torch.randn(64, 64, side, side))
    inside = made[..., 1:-1, 1:-1] if side == 8 else made
    assert inside.std().item() == pytest.approx(1, abs=0.1)


def test_the_batchs_deviation_by_hand():
    maps = torch.zeros(2, 2, 1, 1)
    maps[0, 0], maps[1, 0] = 1.0, 5.0  # deviations of 2 and 0
    seen = Deviation()(maps)
    torch.testing.assert_close(seen[:, :2], maps)
    torch.testing.assert_close(seen[:, 2], torch.ones(2, 1, 1), atol=1e-3, rtol=0)


def test_real_faces_fade_in_like_fakes():
    images = torch.randn(2, 3, 16, 16)
    small = avg_pool2d(images, 2)
    torch.testing.assert_close(shrunk(images, Stage(1)), small)
    torch.testing.assert_close(shrunk(images, Stage(1, 0.0)), doubled(avg_pool2d(images, 4)))
    assert torch.equal(shrunk(images, Stage(2)), images)


def test_growing_keeps_what_there_was_and_drops_what_faded_out():
    growing = team()
    growing.begin_training(1.0)
    assert growing.train(1, material(pictures(30))).grown == str(growing.stage)
    growing.become(Stage(1))
    before = growing.state()
    growing.become(Stage(2, 0.5))
    after = growing.state()
    assert before.keys() < after.keys()
    kept = before.keys() - {"stage", "alpha"}
    assert equal_states({n: before[n] for n in kept}, {n: after[n] for n in kept})
    growing.become(Stage(2))
    gone = after.keys() - growing.state().keys()
    assert gone
    assert all("colour.1." in name for name in gone)


@pytest.mark.parametrize(("first", "second"), [(3, 4), (6, 5), (7, 7), (12, 2)])
def test_resumes_bit_for_bit_in_the_middle_of_a_fade_and_across_stages(first, second):
    """Batches of 8, stages of 40 images: layers fade in at steps 6 and 7, and from step 11 to 13."""
    steadfast, stopped, resumed = (team(images_per_stage=40, warmup_steps=first, steps=second) for _ in range(3))
    for late in (steadfast, stopped):
        late.train(0, material(pictures(30)))
    resumed.restore(stopped.state())
    assert resumed.stage == steadfast.stage
    assert equal_states(resumed.state(), steadfast.state())
    for late in (steadfast, resumed):
        late.train(1, material(pictures(30)))
    assert equal_states(resumed.state(), steadfast.state())
    assert np.array_equal(resumed.generate(3, 1), steadfast.generate(3, 1))


def test_the_stage_of_a_step_is_counted_over_rounds():
    seen = []
    growing = team(images_per_stage=40, steps=4)
    for number in range(1, 5):
        growing.train(number, material(pictures(30)))
        seen.append(growing.extra())
    # After 4, 8, 12 and 16 steps: the middle of the last batch at 28, 60, 92 and 124 images.
    assert [extra["stage"] for extra in seen] == [0, 1, 2, 2]
    assert [extra["alpha"] for extra in seen] == pytest.approx([1, 1, 0.6, 1])


def test_a_player_shows_the_stage_of_its_snapshot():
    growing = team(images_per_stage=40, steps=6)
    growing.train(1, material(pictures(30)))
    snapshot = growing.snapshot(1)
    assert snapshot.extra == {"stage": 1.0, "alpha": pytest.approx(0.2)}
    playing = player(snapshot)
    assert playing.stage == growing.stage
    made = playing.generate(4, 1)
    assert np.array_equal(made, growing.generate(4, 1))
    blocks = made.reshape(4, 8, 2, 8, 2, 3)
    assert (blocks == blocks[:, :, :1, :, :1]).all()  # 8x8 pixels, each of them repeated
    assert len(np.unique(made)) > 1


def test_an_old_snapshot_is_taken_by_a_grown_team():
    growing = team()
    early = growing.snapshot(0)
    growing.train(1, material(pictures(30)))
    growing.load(early)
    assert growing.extra() == early.extra
    assert equal_states(growing.snapshot(0).weights, early.weights)


def test_penalties_are_as_strong_as_for_enlarged_images():
    growing = team(r1=4.0, r2=2.0)
    found = []
    for number in range(3):
        growing.become(Stage(number))
        found.append(growing.zero_centred_weights())
    assert found == [(0.25, 0.125), (1.0, 0.5), (4.0, 2.0)]
    torch.manual_seed(0)
    small = torch.randn(2, 3, 4, 4, requires_grad=True)
    enlarged = interpolate(small.detach(), scale_factor=4.0).requires_grad_()
    discriminator = Discriminator(WIDTHS, Stage(0))
    slopes = []
    for images, logits in ((small, discriminator(small)), (enlarged, discriminator(avg_pool2d(enlarged, 4)))):
        slopes.append(zero_centred(images, logits).item())
    assert 4.0 * slopes[1] == pytest.approx(0.25 * slopes[0])


def test_another_size_is_one_sentence():
    with pytest.raises(ArenaError, match="not 48: set image_size"):
        PROGAN.team(brief(image_size=48))


@pytest.mark.parametrize("wrong", [{"width": 0}, {"images_per_stage": 0}])
def test_wrong_options_are_one_sentence(wrong):
    with pytest.raises(ValueError, match="must be at least 1"):
        ProGANOptions(**wrong)


def test_it_ends_at_the_matchs_size():
    assert team().widths == [16, 8, 4]
    assert 4 << (len(team().widths) - 1) == SIZE
