"""What each measure is called and how its number is written: the same on the command line, the page and MLflow."""

from __future__ import annotations

from dataclasses import dataclass

from arena.quality.result import UNBIASED, Estimate, Quality


@dataclass(frozen=True)
class Words:
    """`title`: what it is. `best`: where good fakes are. `style`: how its number is written."""

    title: str
    best: str
    style: str = "{:.3f}"


MEASURES: dict[str, Words] = {
    "one_face": Words("looks like a face", "high: MTCNN finds exactly one face, p >= 0.9", "{:.0%}"),
    "onet_kid": Words("kernel distance of ONet features", "0; not Inception KID"),
    "onet_frechet": Words("Frechet distance of ONet features", "low; not Inception FID", "{:.2f}"),
    "diversity": Words("diversity", "1: as different from each other as the reals", "{:.2f}"),
    "nearest": Words("distance to the nearest real face", "1: as a real face's own nearest; 0 is a copy", "{:.2f}"),
    "spectrum": Words("distance of the power spectra, dB", "0", "{:.1f}"),
    "fine_detail": Words("fine detail, dB", "0; below is blurred, above is noisy", "{:+.1f}"),
    "inception_kid": Words("KID (Inception)", "0"),
    "inception_fid": Words("FID (Inception)", "low", "{:.1f}"),
}
"""The measures in the order in which they are shown."""
FRECHET = ("onet_frechet", "inception_fid")
"""Those that few images make too large."""
BIASED = f"biased: with fewer than {UNBIASED:,} images of each kind it is too large"


def written(name: str, estimate: Estimate) -> str:
    """The number of a measure."""
    return MEASURES[name].style.format(estimate.value)


def interval(name: str, estimate: Estimate) -> str:
    """Its 95 % interval."""
    style = MEASURES[name].style
    return f"{style.format(estimate.low)} to {style.format(estimate.high)}"


def remark(name: str, quality: Quality) -> str:
    """What has to be said beside a number."""
    return BIASED if name in FRECHET and quality.is_biased else ""


def in_lines(quality: Quality) -> list[str]:
    """A quality as lines of text: each measure with its interval, then what is missing and why, each reason once."""
    lines = [
        f"{MEASURES[name].title} {written(name, estimate)} ({interval(name, estimate)}, n {estimate.n})"
        + (f"; {remark(name, quality)}" if remark(name, quality) else "")
        for name, estimate in quality.estimates.items()
    ]
    return lines + missing_lines(quality)


def missing_lines(quality: Quality) -> list[str]:
    """What was not measured and why, a line for each reason."""
    reasons: dict[str, list[str]] = {}
    for name, why in quality.missing.items():
        reasons.setdefault(why, []).append(MEASURES[name].title if name in MEASURES else name)
    return [f"not measured: {', '.join(titles)}: {why}" for why, titles in reasons.items()]


def in_short(quality: Quality) -> str:
    """A round's quality on one line: what people ask first, '' where nothing of it was measured."""
    parts = []
    if (one := quality.one_face) is not None:
        parts.append(f"{one.value:.0%} (+-{max(one.high - one.value, one.value - one.low):.0%}) look like a face")
    if (kid := quality.onet_kid) is not None:
        parts.append(f"ONet distance {kid.value:.2f}")
    return ", ".join(parts)
