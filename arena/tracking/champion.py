"""The detector that comes out of a match, as MLflow's model registry is to know it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arena.store.home import Home
from arena.store.names import SNAPSHOT
from arena.types import ArenaError

_OF_A_GRAPH = ("input", "output")
"""What an exported graph's card says of its two ends. Here a signature says it."""


@dataclass(frozen=True)
class Champion:
    """The detector of a match's last round. `name`: that of the registered model. `snapshot`: its file.

    `image_size`: in pixels. `card`: what goes with a detector that leaves the arena, JSON values: thresholds, verdict,
    licence and so on.
    """

    name: str
    round: int
    image_size: int
    snapshot: Path
    card: Mapping[str, Any]

    @property
    def tags(self) -> dict[str, str]:
        """What it is told from others by where models are listed. A face is fake from the threshold on."""
        verdict = self.card["verdict"] or {}
        told = {"detector": self.card["contender"], "image_size": self.image_size, "round": self.round}
        told |= {name: self.card[name] for name in ("threshold", "photo_threshold") if name in self.card}
        told |= {f"exam_{name}": verdict[name] for name in ("accuracy", "auroc") if name in verdict}
        return {name: f"{value:.6g}" if isinstance(value, float) else str(value) for name, value in told.items()}


def champion(home: Home, match: str, number: int) -> Champion | None:
    """The detector of a round; None where its weights are no more, or its contender is not here to load them."""
    path = home.round_folder(match, number) / SNAPSHOT.format(role="detector")
    if not path.exists():
        return None
    from arena.export.card import card_of, subject_of_round  # torch, which the news of rounds can do without

    try:
        subject = subject_of_round(home, match, number)
    except ArenaError:
        return None
    card = {name: value for name, value in card_of(subject).items() if name not in _OF_A_GRAPH}
    plain = json.loads(json.dumps(card))
    return Champion(f"{match}-detector", number, subject.snapshot.image_size, path, plain)
