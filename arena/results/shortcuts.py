"""What shortcut probes made of a match's last detector: kept beside its rounds, and told in a sentence."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from arena.referee.probes import TOLERANCE, Probed
from arena.store.disk import readable_errors, replace_file
from arena.store.home import Home
from arena.store.names import PROBES


@dataclass(frozen=True)
class Shortcuts:
    """What a match's detector of a round made of shortcut probes, on so many real faces of so many people."""

    round: int
    faces: int
    people: int
    probed: tuple[Probed, ...]

    @property
    def sentence(self) -> str:
        """Whether it goes by framing or light, for people."""
        found = [one for one in self.probed if one.is_shortcut]
        where = f"{self.faces} real faces of {self.people} people that it never trained on"
        if not found:
            return (
                f"No shortcut was found: the detector of round {self.round} tells {where} from the same faces moved or "
                f"lit differently no better than 0.5 ± {TOLERANCE:g}, and 0.5 is chance."
            )
        which = ", ".join(f"{one.name} ({one.auroc:.3f})" for one in found)
        return (
            f"{'A' if any(map(_is_sure, found)) else 'Perhaps a'} shortcut: the detector of round {self.round} tells "
            f"{where} from the same faces {which}, further than {TOLERANCE:g} from the 0.5 of chance; that is framing "
            f"or light, and no forgery."
        )


def _is_sure(one: Probed) -> bool:
    """Whether the whole interval is beyond what is tolerated."""
    low, high = one.interval
    return low > 0.5 + TOLERANCE or high < 0.5 - TOLERANCE


def keep(home: Home, match: str, found: Shortcuts) -> None:
    """Keep what was found, instead of what was kept before. Raises ArenaError."""
    with readable_errors(f"the probes of {match}"):
        replace_file(home.match_folder(match) / PROBES, json.dumps(asdict(found), indent=1).encode())


def kept(home: Home, match: str, round: int) -> Shortcuts | None:
    """What was found of the detector of this round; None where nobody has asked, or it cannot be read."""
    try:
        told = json.loads((home.match_folder(match) / PROBES).read_bytes())
        probed = tuple(Probed(**{**one, "interval": tuple(one["interval"])}) for one in told.pop("probed"))
        found = Shortcuts(**told, probed=probed)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return found if found.round == round else None
