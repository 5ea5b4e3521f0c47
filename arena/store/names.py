"""The files of a round's folder by name; docs/architecture.md says what each is for."""

from __future__ import annotations

from pathlib import Path

STATE, SNAPSHOT = "{role}.state.safetensors", "{role}.snapshot.safetensors"
EXAM, GALLERY, FAKES, SAMPLES = "exam.safetensors", "gallery.npy", "fakes.npy", "samples.png"
SAMPLE_SCORES = "sample-scores.npy"
"""The detector's scores of the samples, float64 `[64]`, row by row as on their sheet; the opening has none."""
SAMPLE_SOURCES = "sample-sources.safetensors"
"""What those samples are made of, where the generator can tell: uint8 `[64, S, S, 3]` by name, and a word on each."""
PROBES = "probes.json"
"""In a match's folder: what shortcut probes made of its last detector, once somebody has asked."""
ROUNDS, STATES = "rounds", "states"
"""Folders of a match: what every round leaves for good, and the training state of the last rounds."""


def state_folder(round_folder: Path) -> Path:
    """Where the training state of a round is, staged or acknowledged as the round's own folder is."""
    return round_folder.parent.parent / STATES / round_folder.name
