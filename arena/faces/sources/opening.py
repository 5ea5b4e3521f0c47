"""One word of `--faces` becomes a source: every kind of source is asked in turn. A new kind is a line in `KINDS`."""

from __future__ import annotations

from pathlib import Path

from arena.commandline import command
from arena.faces.crop.video import is_video
from arena.faces.sets.pack import Packed
from arena.faces.source import CROP_FIRST, Source
from arena.faces.sources.archives import Tar, Zip
from arena.faces.sources.drawn import Procedural
from arena.faces.sources.files import Folder
from arena.faces.sources.public import Celeba, Lfw
from arena.faces.sources.tables import Table
from arena.types import ArenaError

KINDS: tuple[type[Source], ...] = (Procedural, Lfw, Celeba, Packed, Table, Folder, Zip, Tar)


def open_source(spec: str) -> Source:
    """The source that a word on the command line names. Raises ArenaError when there is none, or it is empty.

    `procedural` or `procedural:N` draws N faces that show nobody. A folder, a zip or a tar holds images; the folder
    that an image lies in is its identity, images at the top have none. A CSV names images and who they show. `lfw`
    and `celeba` are public sets. A packed file holds faces of one size.
    """
    try:
        for kind in KINDS:
            source = kind.open(spec)
            if source is not None:
                return source
    except OSError as error:  # no permission, a name too long, a disk that is gone
        raise ArenaError(f"the faces at {spec!r} cannot be read: {error.strerror or error}") from error
    if Path(spec).is_file():
        if is_video(spec):
            crop = command("faces", "crop", spec, "-o", "faces")
            raise ArenaError(f"{spec} is a video; cut its faces out with: {crop}, and give the folder faces instead")
        raise ArenaError(
            f"the file {spec} holds no faces that can be read: it is no zip, tar, labels CSV or packed file, or it was "
            f"not copied to its end; images are given as a folder, and {CROP_FIRST}"
        )
    raise ArenaError(
        f"there are no faces at {spec!r}: it is neither a folder, zip, tar, labels CSV or packed file "
        f"nor one of the words procedural, lfw, celeba"
    )
