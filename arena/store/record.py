"""What the ledger holds of a round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def without_curves(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record without the training curves, which are long; MLflow shows them."""
    training = {
        role: {key: value for key, value in report.items() if key != "curve"}
        for role, report in record["training"].items()
    }
    return {**record, "training": training}
