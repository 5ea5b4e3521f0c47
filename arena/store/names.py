"""The files of a round's folder by name; docs/architecture.md says what each is for."""

from __future__ import annotations

STATE, SNAPSHOT = "{role}.state.safetensors", "{role}.snapshot.safetensors"
EXAM, GALLERY, FAKES, SAMPLES = "exam.safetensors", "gallery.npy", "fakes.npy", "samples.png"
SAMPLE_SCORES = "sample-scores.npy"
"""The detector's scores of the samples, float64 `[64]`, row by row as on their sheet; the opening has none."""
