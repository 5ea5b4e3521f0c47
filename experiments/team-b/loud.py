"""How a training goes, told line by line."""

from __future__ import annotations

from arena.training.course import Epoch, Observer


class Loud(Observer):
    """A line for each epoch and each stage."""

    def on_stage(self, text: str) -> None:
        """See Observer."""
        print(f"# {text}", flush=True)

    def on_epoch(self, epoch: Epoch, is_best: bool) -> None:
        """See Observer."""
        told = f"AUROC {epoch.auroc:.3f}, alarms {epoch.alarms:.1%}, {epoch.seconds:.0f} s"
        print(f"#   epoch {epoch.epoch}: {told}{' *' if is_best else ''}", flush=True)
