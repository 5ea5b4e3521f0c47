"""A detector as an ONNX graph: from pixels to scores, with everything in it that it does to an image.

What has gradients has a graph: it is the detector's critic that is written down, after the pixels' way into its range
and before a sigmoid.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from arena.detector.calibrated import SCORING_BATCH
from arena.export.card import INPUT, OUTPUT
from arena.networks.training import to_range
from arena.types import ArenaError, Critic, Detector, Images, Scores


class _Scorer(nn.Module):
    def __init__(self, critic: Critic) -> None:
        super().__init__()
        self.critic = critic

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels, uint8 `[N, S, S, 3]`, to the probability of fake, float32 `[N]`."""
        return torch.sigmoid(self.critic(to_range(pixels)).float())


def graph_of(detector: Detector, size: int) -> onnx.ModelProto:
    """A detector that plays on the CPU in fp32, as a graph from `pixels`, uint8 `[N, S, S, 3]`, to `score`, `[N]`.

    `size`: S. Raises ArenaError for a detector that has no graph.
    """
    name, critic = detector.contender, detector.critic()
    if critic is None:
        raise ArenaError(f"{name} cannot be exported: its score is no formula of the pixels that a file could hold")
    example = torch.zeros(2, size, size, 3, dtype=torch.uint8)
    try:
        return export_module(_Scorer(critic).eval(), example, {0: torch.export.Dim("N")}, INPUT, OUTPUT)
    except torch.onnx.errors.OnnxExporterError as error:
        raise ArenaError(f"{name} cannot be exported: ONNX has no form of something that it computes") from error


def export_module(
    module: nn.Module, example: Tensor, free: dict[int, Any], input: str = "input", output: str | None = None
) -> onnx.ModelProto:
    """A module of one input as a graph. `free`: the axes of the input that may have any length, by their number.

    Raises `torch.onnx.errors.OnnxExporterError` where ONNX has no form of it.
    """
    with torch.no_grad():
        module(example)  # what is computed once and kept must not be computed, and kept, while it is traced
    program = torch.onnx.export(
        module,
        (example,),
        dynamo=True,
        input_names=[input],
        output_names=output and [output],
        dynamic_shapes=(free,),
        verbose=False,
    )
    if program is None:
        raise RuntimeError("torch.onnx.export gave nothing")
    model: onnx.ModelProto = program.model_proto
    for node in model.graph.node:
        del node.metadata_props[:]  # where in whose files each operation was written
    return model


def run(model: bytes, images: Images) -> Scores:
    """What an exported graph makes of images, uint8 `[N, S, S, 3]`, on one thread: float64 `[N]`."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    parts = np.array_split(np.ascontiguousarray(images), math.ceil(len(images) / SCORING_BATCH))
    scores: Scores = np.concatenate([session.run([OUTPUT], {INPUT: part})[0] for part in parts]).astype(np.float64)
    return scores
