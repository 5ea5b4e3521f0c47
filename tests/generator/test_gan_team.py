from __future__ import annotations

import contextlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny import SIZE, brief, equal_states, material, pictures, tiny_team

from arena import registry
from arena.faces.coding import Coding, Way
from arena.generator import team as gan
from arena.networks.training import as_pool, seeded, to_range
from arena.snapshot import player

DCGAN = registry.find("generator", "dcgan")
CNN = registry.find("detector", "cnn")


def trained(number=1, opponent=None, **options):
    team = tiny_team(DCGAN, options=options)
    return team, team.train(number, material(pictures(30), None, None, *([opponent] if opponent else [])))


def test_the_opening_has_its_own_number_of_steps():
    assert trained(0, warmup_steps=7, steps=2)[1].steps == 7
    assert trained(1, warmup_steps=7, steps=2)[1].steps == 2
    assert trained(0, warmup_steps=0)[1].images == 0


def test_the_discriminator_learns_to_tell_real_from_fake():
    team, report = trained(1, steps=60, learning_rate=2e-3, recipe="2016")
    assert report.curve[-1].losses["discriminator"] < report.curve[0].losses["discriminator"]
    real = torch.from_numpy(pictures(30)).permute(0, 3, 1, 2) / 127.5 - 1
    fake = torch.from_numpy(team.generate(30, 1)).permute(0, 3, 1, 2) / 127.5 - 1
    critic = team.trainables["discriminator"].network.eval()
    assert critic(fake).mean() > critic(real).mean()  # above 0 means fake


def step_gradients(pressure, critic, **options):
    """Gradients of the generator after one step from the same start."""
    team = tiny_team(DCGAN, options={"pressure": pressure, **options})
    with seeded(1, "cpu"):
        losses = team.step(as_pool(pictures(30), "cpu"), critic)
    return [p.grad.clone() for p in team.trainables["generator"].network.parameters()], losses


def critic():
    return tiny_team(CNN, trains=False).critic()


def test_pressure_scales_the_opponents_part_of_the_gradient():
    blind, (_, own) = step_gradients(0.3, None)
    none, (_, same, evasion) = step_gradients(0.0, critic(), margin=0.0)
    some, _ = step_gradients(0.5, critic())
    double, _ = step_gradients(1.0, critic())
    assert own == same
    assert 0.3 < evasion < 1.5
    for b, n, s, d in zip(blind, none, some, double, strict=True):
        torch.testing.assert_close(b, n)
        torch.testing.assert_close(d - n, 2 * (s - n), rtol=1e-3, atol=1e-6)
    assert any((s - n).abs().max() > 1e-4 for n, s in zip(none, some, strict=True))


def test_a_margin_evades_an_opponent_that_is_so_much_surer():
    judge = critic()
    further, (_, _, evasion) = step_gradients(0.5, judge, margin=2.0)
    surer, (_, _, same) = step_gradients(0.5, lambda images: judge(images) + 2.0, margin=0.0)
    _, (_, _, without) = step_gradients(0.5, judge, margin=0.0)
    assert evasion == same > without + 1
    for one, other in zip(further, surer, strict=True):
        torch.testing.assert_close(one, other)


def test_the_generators_step_leaves_the_discriminators_gradients_alone():
    team = tiny_team(DCGAN)
    before = []
    adam_step = team.trainables["discriminator"].step
    team.trainables["discriminator"].step = lambda: (
        before.extend(p.grad.clone() for p in discriminator.parameters()),
        adam_step(),
    )
    discriminator = team.trainables["discriminator"].network
    with seeded(1, "cpu"):
        team.step(as_pool(pictures(30), "cpu"), None)
    assert all(torch.equal(b, p.grad) for b, p in zip(before, discriminator.parameters(), strict=True))
    assert all(p.requires_grad for p in discriminator.parameters())


def test_real_and_fake_pass_the_discriminator_one_after_the_other():
    # In one batch, batch norm would mix the statistics of both.
    team = tiny_team(DCGAN)
    seen = []
    team.trainables["discriminator"].network.register_forward_pre_hook(
        lambda module, inputs: seen.append(len(inputs[0]))
    )
    team.step(as_pool(pictures(30), "cpu"), None)
    assert seen == [8, 8, 8]  # real, fake, and the fake again for the generator


def test_the_opponent_is_judged_as_it_plays_and_does_not_learn():
    opponent = tiny_team(CNN)
    critic, why = tiny_team(DCGAN)._critic(1, material(pictures(3), None, None, opponent.snapshot(1)))
    images = to_range(as_pool(pictures(5), "cpu"))
    logits = critic(images)
    assert not logits.requires_grad
    np.testing.assert_allclose(torch.sigmoid(logits.double()).numpy(), opponent.score(pictures(5)), atol=1e-6)
    assert why == ""


def test_a_report_says_what_team_a_knew_and_why_it_did_not():
    assert (trained()[1].knowledge, trained()[1].why) == ("none", "")
    assert trained(1, tiny_team(CNN).snapshot(1))[1].knowledge == "whitebox"
    reader = registry.find("detector", "stamp-reader").team(brief())
    report = trained(1, reader.snapshot(1))[1]
    assert (report.knowledge, report.why) == ("none", "stamp-reader has no gradients to train against")
    assert set(report.losses) == {"discriminator", "generator"}


@pytest.mark.parametrize("coded", [True, False])
def test_the_opponent_sees_fakes_coded_where_the_referee_codes_them(monkeypatch, coded):
    way = Way("JPEG", SIZE, ((40,) * 64,) * 2, "4:4:4")
    origin = {"coding": Coding(((way, 1.0),), 1).to_json(), "coded": coded}
    courses, real_run = [], gan.run
    monkeypatch.setattr(gan, "run", lambda course, *rest: (courses.append(course), real_run(course, *rest))[1])
    team, opponent = tiny_team(DCGAN, origin=origin), tiny_team(CNN).snapshot(1)
    fake = torch.rand(4, 3, SIZE, SIZE) * 2 - 1
    given = material(pictures(30), None, None, opponent)
    (plain, _), (seen, _) = tiny_team(DCGAN)._critic(1, given), team._critic(1, given)
    assert torch.equal(plain(fake), seen(fake)) != coded
    monkeypatch.setattr(team, "course", lambda *arguments: replace(DCGAN.cls.course(team, *arguments), captures=True))
    with contextlib.suppress(RuntimeError, AssertionError):  # there is no GPU to capture anything here
        team.train(1, given)
    assert courses[0].captures != coded  # Pillow does not run inside a CUDA graph


def test_label_smoothing_reaches_the_loss():
    _, (plain, _) = step_gradients(0.0, None, recipe="2016", smoothing=0.0)
    _, (smooth, _) = step_gradients(0.0, None, recipe="2016", smoothing=0.2)
    assert plain != smooth


def test_a_moving_average_plays_but_does_not_train():
    plain, averaged = (trained(average=a)[0] for a in (0.0, 0.9))
    kept = {n: a for n, a in averaged.state().items() if "average/" not in n}
    assert equal_states(kept, plain.state())
    assert not np.array_equal(averaged.generate(4, 1), plain.generate(4, 1))


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_resuming_with_an_average_equals_never_having_stopped(average):
    one, two = trained(average=average)[0], tiny_team(DCGAN, options={"average": average})
    two.restore(one.state())
    for team in (one, two):
        team.train(2, material(pictures(30)))
    assert equal_states(one.state(), two.state())
    assert np.array_equal(one.generate(4, 1), two.generate(4, 1))


def test_more_images_than_one_batch_of_samples(monkeypatch):
    team = trained()[0]
    whole = team.generate(7, 1)
    monkeypatch.setattr(gan, "SAMPLING_BATCH", 3)
    parts = team.generate(7, 1)
    assert whole.shape == parts.shape == (7, SIZE, SIZE, 3)
    assert np.abs(whole.astype(int) - parts).max() <= 1  # only rounding depends on the batch


def test_every_eighth_step_is_penalised_and_weighs_as_much_as_all():
    team = tiny_team(DCGAN, options={"r1": 0.5, "every": 8})
    pool = as_pool(pictures(30), "cpu")
    _, *others = team.cycle(pool, None)
    assert len(others) == 7
    assert len(set(others)) == 1
    assert len(tiny_team(DCGAN, options={"r1": 0.0}).cycle(pool, None)) == 1

    def discriminator_loss(**options):
        with seeded(1, "cpu"):
            return tiny_team(DCGAN, options=options).cycle(pool, None)[0]()[0].item()

    none, once, eight = (discriminator_loss(r1=r1, every=every) for r1, every in ((0.0, 1), (0.5, 1), (0.5, 8)))
    assert once > none
    assert eight - none == pytest.approx(8 * (once - none), rel=1e-3)


@pytest.mark.parametrize(
    "options",
    [
        {"loss": "hinge", "spectral": True},
        {"loss": "wasserstein", "r1": 0.0, "gradient_penalty": 10.0, "every": 1},
        {"r2": 0.5},
        {"augment": "colour,translation,cutout"},
        {"discriminator_norm": "group", "norm": "none"},
        {"recipe": "2016", "upsample": "nearest"},
        {"discriminator_learning_rate": 2e-3},
    ],
)
def test_every_switch_changes_the_training(options):
    plain, other = trained()[0], trained(**options)[0]
    assert not np.array_equal(plain.generate(4, 1), other.generate(4, 1))
    assert other.is_finite()


def test_anticipating_is_evading_a_copy_that_has_trained_on_what_was_published():
    opponent = tiny_team(CNN, options={"input": "rgb"})
    opponent.train(1, material(pictures(30), pictures(20, seed=5)))
    snapshot, published = opponent.snapshot(1), 255 - pictures(20, seed=6)
    given = material(pictures(30), published, published[:5], snapshot)
    images = to_range(as_pool(published, "cpu"))
    as_it_is, _ = tiny_team(DCGAN, options={"anticipate": 0})._critic(2, given)
    ahead, why = tiny_team(DCGAN, options={"anticipate": 30})._critic(2, given)
    same, _ = tiny_team(DCGAN, options={"anticipate": 30})._critic(2, given)
    assert why == ""
    assert ahead(images).mean() > as_it_is(images).mean()  # it has learned that these are fake
    assert torch.equal(ahead(images), same(images))
    assert not ahead(images).requires_grad
    assert np.array_equal(player(snapshot).answer(published).scores, opponent.answer(published).scores)


def test_robust_evasion_shows_the_opponent_changed_fakes():
    seen = []

    def look(images):
        seen.append(images.detach())
        return images.mean((1, 2, 3))

    for robust in ("", "cutout"):
        step_gradients(1.0, look, robust=robust)
    plain, cut = seen
    assert (cut == 0).sum() > (plain == 0).sum() + 100


def test_a_copy_that_cannot_be_trained_is_evaded_as_it_is():
    opponent = tiny_team(CNN, options={"learning_rate": 1e38})
    given = material(pictures(30), 255 - pictures(20), None, opponent.snapshot(1))
    report = tiny_team(DCGAN, options={"anticipate": 2}).train(2, given)
    assert report.knowledge == "whitebox"
    assert report.why.startswith("its copy of cnn could not be trained: the detector diverged")
