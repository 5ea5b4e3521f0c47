from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from tiny import equal_states
from torch import nn

from arena.networks import training
from arena.networks.trainable import Trainable, cast, compute_dtype, frozen
from arena.networks.training import Course
from arena.types import ArenaError, Diverged

EVERY_BYTE = np.arange(256 * 3, dtype=np.uint8).reshape(4, 8, 8, 3)


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 2))


def trainable(precision="fp32", *, seed=0, learning_rate=0.01, **options):
    options = {"betas": (0.5, 0.9)} | options
    return Trainable(network(seed), device="cpu", precision=precision, learning_rate=learning_rate, **options)


def batch(number=0):
    return torch.randn(6, 3, 4, 4, generator=torch.Generator().manual_seed(number))


def descend(net, x):
    """Gradients of a loss that depends on every parameter."""
    output = net(x.to(next(net.parameters()).dtype)).float()
    (output**2).mean().add(output[:, 0].mean()).backward()


def learn(owner, steps=1, start=0):
    owner.network.train()
    for number in range(start, start + steps):
        owner.zero_grad()
        descend(owner.network, batch(number))
        owner.step()


class TestRandomness:
    def test_a_seed_decides_and_nothing_outside_notices(self):
        before = torch.get_rng_state()
        draws = []
        for seed in (1, 1, 2):
            with training.seeded(seed, "cpu"):
                draws.append(torch.rand(3))
        assert torch.equal(draws[0], draws[1])
        assert not torch.equal(draws[0], draws[2])
        assert torch.equal(torch.get_rng_state(), before)


class TestPixels:
    def test_a_pool_is_not_a_copy_and_may_be_read_only(self):
        images = EVERY_BYTE.copy()
        pool = training.as_pool(images, "cpu")
        images[0, 0, 0, 0] = 99
        assert pool[0, 0, 0, 0] == 99
        images.flags.writeable = False
        assert torch.equal(training.as_pool(images, "cpu"), pool)

    def test_a_draw_is_an_image_of_the_pool_mirrored_or_not(self):
        pool = torch.from_numpy(EVERY_BYTE)
        known = {image.tobytes(): (i, False) for i, image in enumerate(EVERY_BYTE)}
        known |= {np.ascontiguousarray(image[:, ::-1]).tobytes(): (i, True) for i, image in enumerate(EVERY_BYTE)}
        with training.seeded(0, "cpu"):
            drawn = training.draw(pool, 4000)
        assert drawn.dtype == torch.uint8
        found = [known[image.tobytes()] for image in drawn.numpy()]
        counts = [found.count((i, mirrored)) for i in range(4) for mirrored in (False, True)]
        assert all(400 < count < 600 for count in counts)

    def test_a_draw_need_not_be_mirrored(self):
        pool = torch.from_numpy(EVERY_BYTE)
        known = {image.tobytes() for image in EVERY_BYTE}
        drawn = training.draw(pool, 100, mirror=False).numpy()
        assert {image.tobytes() for image in drawn} == known

    def test_bytes_become_minus_one_to_one(self):
        pixels = torch.tensor([0, 51, 255], dtype=torch.uint8).reshape(1, 1, 1, 3)
        values = training.to_range(pixels)
        assert values.shape == (1, 3, 1, 1)
        assert values.flatten().tolist() == pytest.approx([-1.0, -0.6, 1.0])
        assert training.to_range(torch.from_numpy(EVERY_BYTE)).is_contiguous(memory_format=torch.channels_last)

    def test_every_byte_survives_the_way_there_and_back(self):
        images = training.to_images(training.to_range(torch.from_numpy(EVERY_BYTE)))
        assert images.dtype == np.uint8
        assert np.array_equal(images, EVERY_BYTE)
        assert images.flags.c_contiguous

    def test_outputs_are_rounded_and_clamped(self):
        output = torch.tensor([-7.0, -1 + 0.6 / 127.5, 0.0, 7.0], dtype=torch.float64).reshape(1, 1, 1, 4)
        assert training.to_images(output).flatten().tolist() == [0, 1, 128, 255]


class TestPrecision:
    def test_bf16_leaves_normalisation_in_float32(self):
        net = cast(network(), "bf16")
        dtypes = [p.dtype for p in net.parameters()]
        assert dtypes == [torch.bfloat16] + [torch.float32] * 2 + [torch.bfloat16] * 2
        assert {b.dtype for b in net.buffers()} == {torch.float32, torch.int64}
        assert compute_dtype("bf16") == torch.bfloat16

    def test_fp32_changes_nothing(self):
        assert {p.dtype for p in cast(network(), "fp32").parameters()} == {torch.float32}
        assert compute_dtype("fp32") == torch.float32

    def test_a_transposed_convolution_is_a_convolution(self):
        assert cast(nn.ConvTranspose2d(3, 3, 2), "bf16").weight.dtype == torch.bfloat16

    def test_the_probe_decides_and_draws_nothing(self):
        before = torch.get_rng_state()
        assert training.bf16_pays("cpu", repeats=1) in (True, False)
        assert torch.equal(torch.get_rng_state(), before)

    def test_frozen_weights_get_no_gradient_but_pass_it_on(self):
        net = network()
        net[3].bias.requires_grad_(False)
        x = batch().requires_grad_()
        with frozen(net):
            output = net(x)
        output.sum().backward()
        assert x.grad.any()
        assert all(p.grad is None for p in net.parameters())
        assert [p.requires_grad for p in net.parameters()] == [True] * 4 + [False]

    def test_frozen_weights_thaw_after_an_error(self):
        net = network()
        with pytest.raises(KeyError), frozen(net):
            raise KeyError
        assert all(p.requires_grad for p in net.parameters())


class TestTrainable:
    @pytest.mark.parametrize("weight_decay", [0.0, 0.1])
    def test_steps_as_adam_does(self, weight_decay):
        # Kingma, Ba 2015, algorithm 1, with the weight decay added to the gradient; in float64.
        owner = trainable(weight_decay=weight_decay)
        expected = {name: p.detach().double().numpy() for name, p in network().named_parameters()}
        first, second = (dict.fromkeys(expected, 0.0) for _ in range(2))
        for t in range(1, 6):
            learn(owner, start=t)
            for name, p in owner.network.named_parameters():
                gradient = p.grad.double().numpy() + weight_decay * expected[name]
                first[name] = 0.5 * first[name] + 0.5 * gradient
                second[name] = 0.9 * second[name] + 0.1 * gradient**2
                scale = np.sqrt(second[name] / (1 - 0.9**t)) + 1e-8
                expected[name] = expected[name] - 0.01 * first[name] / (1 - 0.5**t) / scale
        for name, value in expected.items():
            np.testing.assert_allclose(owner.weights()[name], value, rtol=1e-4, atol=1e-6, err_msg=name)

    @pytest.mark.parametrize("weight_decay", [0.0, 0.1])
    def test_descends_with_momentum(self, weight_decay):
        owner = trainable(weight_decay=weight_decay, optimiser="sgd")
        plain = network()
        sgd = torch.optim.SGD(plain.parameters(), lr=0.01, momentum=0.5, weight_decay=weight_decay)
        for step in range(4):
            learn(owner, start=step)
            sgd.zero_grad()
            descend(plain.train(), batch(step))
            sgd.step()
        for name, value in plain.named_parameters():
            np.testing.assert_allclose(owner.weights()[name], value.detach(), rtol=1e-4, atol=1e-6, err_msg=name)

    def test_the_first_step_of_adam_by_hand(self):
        owner = trainable(learning_rate=0.01)
        before = owner.weights()["3.weight"]
        learn(owner)
        gradient = owner.network[3].weight.grad.numpy()
        # Bias correction makes both moments the gradient itself: m / sqrt(v) is its sign.
        np.testing.assert_allclose(owner.weights()["3.weight"], before - 0.01 * np.sign(gradient), atol=1e-6)

    def test_a_scaled_learning_rate_scales_the_step(self):
        owner = trainable(learning_rate=0.01)
        before = owner.weights()["3.bias"]
        owner.scale_learning_rate(0.25)
        learn(owner)
        np.testing.assert_allclose(np.abs(owner.weights()["3.bias"] - before), 0.0025, rtol=1e-3)

    def test_bf16_computes_with_rounded_copies_of_float32_masters(self):
        owner = trainable("bf16")
        learn(owner, 3)
        weights = owner.weights()
        assert {array.dtype for array in weights.values()} == {np.dtype("float32"), np.dtype("int64")}
        for name, working in owner.network.named_parameters():
            assert torch.equal(torch.from_numpy(weights[name]).to(working.dtype), working.detach()), name
        assert any(torch.from_numpy(w).bfloat16().float().numpy().tobytes() != w.tobytes() for w in weights.values())

    def test_bf16_starts_from_exact_weights(self):
        assert equal_states(trainable("bf16").weights(), trainable("fp32").weights())

    def test_bf16_does_not_lose_small_steps(self):
        owner = trainable("bf16", learning_rate=1e-6)
        working, master = owner.network[3].weight.detach().clone(), owner.weights()["3.weight"]
        learn(owner, 3)
        assert torch.equal(owner.network[3].weight.detach(), working)
        assert np.all(owner.weights()["3.weight"] != master)

    @pytest.mark.parametrize("precision", ["fp32", "bf16"])
    def test_the_moving_average_by_hand(self, precision):
        owner = trainable(precision, average=0.75)
        plain = trainable(precision)
        expected = plain.weights()
        for number in range(3):
            learn(owner, start=number)
            learn(plain, start=number)
            expected = {n: 0.75 * e + 0.25 * plain.weights()[n] for n, e in expected.items()}
        played, state = owner.weights(), owner.state()
        for name, _ in owner.network.named_parameters():
            np.testing.assert_allclose(played[name], expected[name], rtol=1e-5, atol=1e-7)
            assert np.array_equal(state[name], plain.weights()[name])

    def test_the_average_plays_and_the_last_weights_train(self):
        owner = trainable(average=0.5)
        learn(owner, 3)
        last = copy.deepcopy(owner.network.state_dict())
        playing = owner.settle()
        assert not playing.training
        assert playing is not owner.network
        weights = owner.weights()
        for name, value in playing.state_dict().items():
            assert np.array_equal(value.numpy(), weights[name]), name
        assert all(torch.equal(value, last[name]) for name, value in owner.network.state_dict().items())

    def test_without_an_average_the_last_weights_play(self):
        owner = trainable()
        assert owner.settle() is owner.network
        assert not owner.network.training

    @pytest.mark.parametrize("optimiser", ["adam", "sgd"])
    @pytest.mark.parametrize("average", [0.0, 0.5])
    @pytest.mark.parametrize("precision", ["fp32", "bf16"])
    def test_restored_it_goes_on_bit_for_bit(self, precision, average, optimiser):
        one, two = (trainable(precision, seed=seed, average=average, optimiser=optimiser) for seed in (0, 1))
        learn(one, 2)
        two.restore(one.state())
        assert equal_states(one.state(), two.state())
        for owner in (one, two):
            learn(owner, 2, start=2)
        assert equal_states(one.state(), two.state())
        x = batch().to(compute_dtype(precision))
        assert torch.equal(one.settle()(x), two.settle()(x))

    def test_a_state_names_everything(self):
        names = set(network().state_dict())
        parameters = {name for name, _ in network().named_parameters()}
        columns = {
            f"{column}/{name}" for column in ("adam/step", "adam/exp_avg", "adam/exp_avg_sq") for name in parameters
        }
        assert set(trainable().state()) == names | columns
        assert set(trainable(average=0.5).state()) == names | columns | {f"average/{name}" for name in parameters}

    def test_weights_fit_the_plain_network(self):
        owner = trainable("bf16")
        learn(owner)
        plain = network(seed=1)
        plain.load_state_dict({name: torch.from_numpy(array) for name, array in owner.weights().items()})
        expected = owner.settle()(batch().bfloat16()).float()
        torch.testing.assert_close(plain.eval()(batch()), expected, rtol=0.05, atol=0.05)

    @pytest.mark.parametrize("average", [0.0, 0.5])
    def test_loaded_weights_play(self, average):
        one, two = trainable(average=average), trainable(seed=1, average=average)
        learn(one, 2)
        two.load_weights(one.weights())
        assert equal_states(one.weights(), two.weights())
        assert torch.equal(one.settle()(batch()), two.settle()(batch()))

    def test_a_state_of_another_shape_is_refused(self):
        # copy_ would spread a single value over a whole layer and say nothing.
        state = trainable().state() | {"3.bias": np.zeros(1, np.float32)}
        with pytest.raises(ArenaError, match=r"another network: values of the shape \[1\] for '3.bias' \[2\]"):
            trainable().restore(state)

    @pytest.mark.parametrize("name", ["3.bias", "1.weight", "1.running_var"])
    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_one_number_that_is_not_finite_is_found(self, name, value):
        owner = trainable("bf16")
        assert owner.is_finite()
        weights = owner.weights()
        weights[name][1] = value
        owner.load_weights(weights)
        assert not owner.is_finite()


def course(steps, **changes):
    fields = {"role": "detector", "round": 4, "steps": steps, "batch": 8, "images_before": 100}
    return Course(**(fields | {"learning_rate_scale": 0.5, "device": "cpu"} | changes))


def scripted(losses):
    """A step that returns the next of these pairs of losses."""
    remaining = iter(losses)
    return lambda: torch.tensor(next(remaining))


def run(steps, losses, healthy=lambda: True, on_progress=lambda progress: None):
    return training.run(course(steps), [scripted(losses)], ("one", "two"), healthy, on_progress)


class TestRun:
    def test_means_by_hand(self):
        # Two whole windows of 20 steps and one of 5: losses 1, 2 and 4, and their negatives.
        losses = [[1.0, -1.0]] * 20 + [[2.0, -2.0]] * 20 + [[4.0, -4.0]] * 5
        report = run(45, losses)
        mean = (20 * 1 + 20 * 2 + 5 * 4) / 45
        assert report.losses == pytest.approx({"one": mean, "two": -mean})
        points = [(point.images, point.losses["one"], point.losses["two"]) for point in report.curve]
        assert points == [(260, 1.0, -1.0), (420, 2.0, -2.0), (460, 4.0, -4.0)]
        assert (report.steps, report.images, report.learning_rate_scale) == (45, 460, 0.5)
        assert report.seconds > 0

    def test_tells_how_far_it_is(self):
        seen = []
        run(25, [[1.0, 2.0]] * 25, on_progress=seen.append)
        assert [(p.role, p.round, p.step, p.steps, p.losses) for p in seen] == [
            ("detector", 4, step, 25, {"one": 1.0, "two": 2.0}) for step in (20, 25)
        ]
        assert all(p.images_per_second > 0 for p in seen)

    @pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
    def test_a_loss_that_is_not_finite_is_named(self, bad):
        losses = [[1.0, 1.0]] * 27 + [[1.0, bad]] + [[1.0, 1.0]] * 72
        with pytest.raises(Diverged) as caught:
            run(100, losses)
        assert (caught.value.role, caught.value.what, caught.value.step) == ("detector", "loss 'two'", 40)

    def test_a_weight_that_is_not_finite_is_found_at_the_end(self):
        with pytest.raises(Diverged, match="a weight was not finite by step 3"):
            run(3, [[1.0, 1.0]] * 3, healthy=lambda: False)

    def test_no_steps_are_no_training(self):
        report = run(0, [])
        assert (report.steps, report.images, report.curve) == (0, 100, ())
        assert report.losses == {"one": 0.0, "two": 0.0}

    def test_the_steps_of_a_cycle_take_turns_from_the_first(self):
        taken = []

        def step(name):
            return lambda: taken.append(name) or torch.zeros(2)

        first, other = step("first"), step("other")
        training.run(course(7), [first, other, other], ("one", "two"), lambda: True, lambda progress: None)
        assert taken == ["first", "other", "other", "first", "other", "other", "first"]

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
    def test_a_captured_step_counts_like_an_eager_one(self):
        count = torch.zeros(2, device="cuda")

        def step():
            return count.add_(1).clone()

        report = training.run(course(50, device="cuda"), [step], ("one", "two"), lambda: True, lambda progress: None)
        assert count.tolist() == [50, 50]
        assert report.losses["one"] == pytest.approx(25.5)


def test_one_thread_is_one_thread():
    training.use_one_thread()
    assert torch.get_num_threads() == 1
    assert float(torch.tensor(1e-38) * 1e-3) == 0  # a denormal, flushed
