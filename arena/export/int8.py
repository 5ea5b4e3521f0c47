"""A graph with weights and maps of 8 bits: a quarter of the size, and not quite the same answers."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from arena.export.card import INPUT
from arena.types import ArenaError, Images

_KINDS: Final = ("Conv", "Gemm", "MatMul")
MOST: Final = 200
"""Images that the ranges of the maps are read off."""
_AT_ONCE: Final = 20


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, images: Images) -> None:
        self.batches: Iterator[Images] = (images[i : i + _AT_ONCE] for i in range(0, len(images), _AT_ONCE))

    def get_next(self) -> dict[str, Any] | None:
        """The next batch, None after the last."""
        batch = next(self.batches, None)
        return None if batch is None else {INPUT: batch}


def quantised(model: onnx.ModelProto, images: Images) -> onnx.ModelProto:
    """The same graph, its convolutions and products in int8 with ranges read off images, uint8 `[N, S, S, 3]`.

    Raises ArenaError for a graph without a convolution, which is small already and measures finely.
    """
    if not any(node.op_type == "Conv" for node in model.graph.node):
        raise ArenaError("this detector has no convolutions, so there is nothing to gain from int8; leave --int8 out")
    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / "int8.onnx"
        quantize_static(
            model,
            str(path),
            _Reader(images[:MOST]),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(_KINDS),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        small: onnx.ModelProto = onnx.load(str(path))
    return small


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the warning that recommends a step which makes these graphs no better."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
