"""Every word of the arena that needs explaining, once: commands, page and docs/glossary.md show these texts."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from arena.types import ArenaError


@dataclass(frozen=True)
class Entry:
    """A word. `plain`: one sentence for a layman. `exact`: for who wants to know it all. `where`: what computes it.

    `term`: as people see it. `names`: what else it is called, in results and tables. `where` is a dotted module name,
    with the function where there is one.
    """

    term: str
    plain: str
    exact: str
    where: str
    names: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The term as a part of an address: lower case, words joined by '-'."""
        return _key(self.term)


GLOSSARY = (
    Entry(
        "accuracy",
        "The share of an exam's faces that the detector called right: one half is guessing, 1 is everything.",
        "By the half marking the half of the exam with the highest scores is called fake, ties at the cut in "
        "equal parts; by the threshold marking what reaches the detector's alarm threshold is.",
        "arena.referee.marking",
        ("marked accuracy", "marking", "half"),
    ),
    Entry(
        "alarm threshold",
        "The score from which on the detector says fake; it sets it itself, so that real faces rarely raise the alarm.",
        "The conformal threshold of held-out real faces: of n of them floor(rate (n + 1)) - 1 may reach it, "
        "which keeps a stranger's chance of a false alarm at the rate or below. A score at or above it is an alarm.",
        "arena.detector.threshold.alarm_threshold",
        ("threshold", "conformal threshold", "alarm level"),
    ),
    Entry(
        "anticipate",
        "The generator practises against what the detector is about to become, not only against what it was.",
        "Before it evades, Team A trains a copy of Team B's last snapshot for so many steps on its own "
        "published fakes.",
        "arena.generator.team",
    ),
    Entry(
        "AUROC",
        "How often the detector is more suspicious of a fake than of a real face: 0.5 is guessing, 1 is always.",
        "The area under the ROC curve: the probability that a random fake scores above a random real face, "
        "ties counted half. It needs no threshold. Its interval is DeLong's on the logit scale, with people "
        "as clusters.",
        "arena.referee.metrics.auroc",
        ("area under the curve",),
    ),
    Entry(
        "average precision",
        "How pure the list of the most suspicious faces stays, from its top down to the last fake.",
        "Mean precision over the recalls, without interpolation, as scikit-learn defines it.",
        "arena.referee.metrics.average_precision",
        ("average_precision",),
    ),
    Entry(
        "Brier score",
        "How far the detector's probabilities are from the truth: 0 is best, and always saying one half gives 0.25.",
        "The mean squared distance of the scores, taken as probabilities, from 1 for fakes and 0 for real faces.",
        "arena.referee.metrics.brier",
        ("brier",),
    ),
    Entry(
        "call",
        "What the detector says of a face: it calls it real or fake.",
        "In an exam by the marking; in use, and for photos, a face that scores at the alarm threshold or above "
        "it is called fake.",
        "arena.referee.marking",
        ("called real", "called fake", "calls"),
    ),
    Entry(
        "clear win",
        "A round won by more than luck explains.",
        "The p-value is below the significance, and the round is neither degenerate nor a forfeit. The standings "
        "count these.",
        "arena.referee.verdict.Verdict.clear_winner",
        ("clear", "clear wins", "lost", "void"),
    ),
    Entry(
        "degenerate",
        "The detector told no face from any other, so the round says nothing about skill.",
        "All scores of the exam are equal, or by the threshold marking all lie on one side of it; the rule "
        "still names a winner, but nobody is credited.",
        "arena.referee.verdict.verdict",
    ),
    Entry(
        "EER",
        "The share of mistakes where as many fakes are missed as real faces are suspected: lower is better.",
        "Equal error rate: where the ROC curve meets the line of as many misses as false alarms.",
        "arena.referee.metrics.eer",
        ("equal error rate",),
    ),
    Entry(
        "evasion",
        "What the generator learns to do: change its fakes until the detector it last met takes them for real.",
        "A loss that lowers the score which Team B's last snapshot gives a fake, coded as in an exam.",
        "arena.generator.losses.evasion_loss",
        ("evade",),
    ),
    Entry(
        "exam",
        "What decides a round: faces that neither team has seen, half of them fake, which the detector has "
        "to tell apart.",
        "Real faces of the referee's own part, one a person while there are enough, and new fakes of an unused seed; "
        "both are drawn from a secret, pledged by hash before the round.",
        "arena.referee.exam.draw_paper",
        ("paper",),
    ),
    Entry(
        "false alarms",
        "The share of real faces that the detector takes for fakes.",
        "1 minus the true negative rate at the detector's own alarm threshold, measured on the exam.",
        "arena.referee.verdict.Verdict.false_alarm_rate",
        ("alarms", "false alarm rate", "false_alarm_rate"),
    ),
    Entry(
        "forfeit",
        "A team could not play this round, so the other one has won it without merit.",
        "Its training diverged at every learning rate that was tried, or its answer could be used by nobody. The team "
        "plays on with its old weights, and the round counts as void.",
        "arena.play.round",
        ("forfeits",),
    ),
    Entry(
        "gallery",
        "The fakes that the generator publishes after a round, for the detector to learn from.",
        "Coded as the real faces' files were; the last gallery is a pool of its own in the detector's material, and "
        "older ones come as the reservoir.",
        "arena.play.desk",
    ),
    Entry(
        "in use",
        "How the detector does with its own alarm threshold, as one would use it: fakes caught, and false alarms.",
        "The true positive rate (tpr) and 1 - true negative rate (tnr) at that threshold. They decide nothing.",
        "arena.referee.verdict.verdict",
        ("caught", "fakes caught", "tpr", "tnr"),
    ),
    Entry(
        "interval",
        "Where the truth very likely lies: with other faces the number would have come out a little different.",
        "95 %: Wilson's for accuracies, DeLong's for the AUROC; faces of one person are a cluster, as they are alike.",
        "arena.referee.metrics",
        ("95 %", "confidence interval", "accuracy_low", "auroc_low"),
    ),
    Entry(
        "KID",
        "How different a crowd of fakes is from a crowd of real faces: 0 is no difference.",
        "Kernel Inception distance: the unbiased squared maximum mean discrepancy, cubic kernel. The arena "
        "measures it on MTCNN's features by default (onet_kid), which are not Inception's.",
        "arena.quality.distances",
        ("onet_kid", "inception_kid", "kernel distance"),
    ),
    Entry(
        "knowledge",
        "Whether the generator may look into the detector it has to fool.",
        "whitebox: Team A trains against Team B's snapshot of the round before, gradients included; none: it sees "
        "nothing of it.",
        "arena.play.config.MatchConfig",
        ("whitebox", "white-box"),
    ),
    Entry(
        "latents",
        "The random numbers that a generator turns into a face: other numbers, another face.",
        "The generator's input vectors. The 64 of the samples stay the same in all rounds, so one sees how "
        "faces change.",
        "arena.generator.walk",
        ("latent",),
    ),
    Entry(
        "margin",
        "By how much the generator wants to fool the detector: more after a round that it lost, less after one it won.",
        "So far below zero are the logits of the anticipated copy to be brought in the evasion. It doubles when most "
        "of the last gallery is caught by Team B's last snapshot, and falls to a third when most of it passes.",
        "arena.generator.team",
    ),
    Entry(
        "one face",
        "The share of the fakes that look like a face at all.",
        "MTCNN finds exactly one face in the image, with a probability of at least 0.9.",
        "arena.quality.measure",
        ("one_face", "faces", "looks like a face"),
    ),
    Entry(
        "opening",
        "Round 0: the generator warms up alone, and nobody is examined.",
        "Team A's warm-up, which publishes the first gallery. It has a record and samples, but no verdict.",
        "arena.play.round",
        ("warm-up",),
    ),
    Entry(
        "p",
        "How easily luck alone would bring a result like this: small means that it was hardly luck.",
        "The two-sided p-value of the accuracy against the rule's: exact over all ways to deal the labels "
        "with one face a person, from the clusters' variance else.",
        "arena.referee.marking",
        ("p_value", "p-value", "significance"),
    ),
    Entry(
        "reservoir",
        "Older fakes that the detector keeps training on, so that it does not forget them.",
        "A uniform sample of everything published so far: the lowest ranks by a hash of the seed and the place.",
        "arena.referee.reservoir",
        ("older",),
    ),
    Entry(
        "samples",
        "64 fakes that are shown after every round, always made of the same random numbers.",
        "Scored after the exam by the same weights; their scores decide nothing.",
        "arena.play.round",
    ),
    Entry(
        "score",
        "How suspicious the detector is of a face, from 0 to 1.",
        "Its estimate that the face is fake; what it means is seen beside the alarm threshold, not by itself.",
        "arena.types.Answer",
        ("scores",),
    ),
    Entry(
        "snapshot",
        "The weights of a team as they played a round, kept in one file.",
        "A self-describing safetensors file: contender, options, image size, weights and where the faces came from; "
        "enough to replay the round and to use the detector.",
        "arena.snapshot",
        ("champion",),
    ),
    Entry(
        "too close",
        "The exam cannot say that the round's winner did not just have luck.",
        "The p-value of the accuracy is not below the significance, 0.05 if nothing else is set.",
        "arena.referee.verdict.verdict",
        ("close", "undecided"),
    ),
)
"""All entries in alphabetical order of their terms."""


def explain(term: str) -> Entry:
    """The entry of a term or one of its names, whatever the case. Raises ArenaError that suggests what is alike."""
    known = {_key(name): entry for entry in GLOSSARY for name in (*entry.names, entry.term)}
    if found := known.get(_key(term)):
        return found
    close = difflib.get_close_matches(_key(term), known, n=1)
    hint = f"did you mean {known[close[0]].term!r}?" if close else f"known: {', '.join(e.term for e in GLOSSARY)}"
    raise ArenaError(f"the glossary has no word {term!r}; {hint}")


def in_markdown() -> str:
    """The whole glossary as docs/glossary.md."""
    parts = ["# Glossary", "Made of `arena/results/glossary.py`; `arena explain TERM` says the same."]
    for entry in GLOSSARY:
        also = f" Also: {', '.join(entry.names)}." if entry.names else ""
        parts += [f"## {entry.term}", entry.plain, f"{entry.exact}{also} Computed in `{entry.where}`."]
    return "\n\n".join(parts) + "\n"


def _key(term: str) -> str:
    return "-".join(term.lower().replace("_", " ").replace("-", " ").split())
