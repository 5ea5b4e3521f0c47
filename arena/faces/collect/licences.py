"""Open-licence image searches: how each is asked, and what it answers about a photo, its author and its licence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any, Final
from urllib.parse import urlencode

from arena.types import ArenaError

OPEN: Final = ("cc0", "pdm", "by", "by-sa")
"""Licences that let anybody change and share a photo, commercially too: CC0, public domain, CC BY, CC BY-SA."""
NEEDS_AUTHOR: Final = ("by", "by-sa", "by-nc", "by-nc-sa")
PUBLIC_DOMAIN: Final = "https://creativecommons.org/publicdomain/mark/1.0/"
KNOWN: Final = ("cc0", "pdm", "by", "by-sa", "by-nc", "by-nc-sa", "by-nd", "by-nc-nd")


@dataclass(frozen=True)
class Photo:
    """A photo that a search found. `licence`: one of KNOWN, or what the search called it. `page`: where it is shown."""

    id: str
    keyword: str
    title: str
    author: str
    licence: str
    licence_url: str
    page: str
    url: str


@dataclass(frozen=True)
class Answer:
    """A page of results, and what to ask for the next one; None at the end."""

    photos: list[Photo]
    following: str | None


@dataclass(frozen=True)
class Search:
    """An image search. `ask(keyword, licences, position)` gives the query of a page; position '' is the first."""

    name: str
    url: str
    ask: Callable[[str, Sequence[str], str], Mapping[str, str]]
    read: Callable[[Any, str], Answer]

    def query(self, base: str, keyword: str, licences: Sequence[str], position: str) -> str:
        """The URL of a page of results. `base`: the search's own `url`, or another server's that speaks like it."""
        return f"{base}?{urlencode(self.ask(keyword, licences, position))}"


def _ask_openverse(keyword: str, licences: Sequence[str], position: str) -> Mapping[str, str]:
    # Twenty a page and twenty pages deep is what callers without an account get.
    return {"q": keyword, "license": ",".join(licences), "page_size": "20", "page": position or "1"}


def _read_openverse(data: Any, keyword: str) -> Answer:
    photos = [
        Photo(
            id=f"openverse-{one['id']}",
            keyword=keyword,
            title=one.get("title") or "",
            author=one.get("creator") or "",
            licence=str(one.get("license") or "").lower(),
            licence_url=one.get("license_url") or "",
            page=one.get("foreign_landing_url") or "",
            url=one["url"],
        )
        for one in data["results"]
    ]
    page = int(data["page"])
    return Answer(photos, str(page + 1) if page < min(20, int(data["page_count"])) else None)


def _ask_commons(keyword: str, licences: Sequence[str], position: str) -> Mapping[str, str]:
    return {
        "action": "query",
        "format": "json",
        "generator": "search",
        "gsrnamespace": "6",
        "gsrsearch": f"filetype:bitmap {keyword}",
        "gsrlimit": "50",
        "gsroffset": position or "0",
        "prop": "imageinfo",
        "iiprop": "url|extmetadata",
        "iiurlwidth": "1280",
        "maxlag": "5",
    }


def _read_commons(data: Any, keyword: str) -> Answer:
    if "error" in data:
        raise ValueError(str(data["error"].get("info", data["error"])))
    photos = []
    pages = sorted(data.get("query", {}).get("pages", {}).values(), key=lambda page: int(page.get("index", 0)))
    for page in pages:
        for info in page.get("imageinfo", [])[:1]:
            about = {key: str(value.get("value", "")) for key, value in info.get("extmetadata", {}).items()}
            licence = _commons_licence(about.get("License", ""))
            photo = Photo(
                id=f"commons-{page['pageid']}",
                keyword=keyword,
                title=page["title"].removeprefix("File:"),
                author=_plain(about.get("Artist", "")),
                licence=licence,
                licence_url=about.get("LicenseUrl") or (PUBLIC_DOMAIN if licence == "pdm" else ""),
                page=info["descriptionurl"],
                url=info.get("thumburl") or info["url"],
            )
            photos.append(photo)
    offset = data.get("continue", {}).get("gsroffset")
    return Answer(photos, None if offset is None else str(offset))


def _commons_licence(code: str) -> str:
    """`cc-by-sa-4.0` as `by-sa`, `pd` and its kin as `pdm`, `cc0` as it is; anything else unchanged."""
    code = code.lower().strip()
    if code in ("pd", "pdm") or code.startswith("pd-"):
        return "pdm"
    match = re.fullmatch(r"cc-((?:by|nc|nd|sa)(?:-(?:nc|nd|sa))*)-\d\.\d.*", code)
    return match[1] if match else code


def _plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


SEARCHES: Final = {
    "openverse": Search("openverse", "https://api.openverse.org/v1/images/", _ask_openverse, _read_openverse),
    "commons": Search("commons", "https://commons.wikimedia.org/w/api.php", _ask_commons, _read_commons),
}


def find_search(name: str) -> Search:
    """The search with this name. Raises ArenaError that lists what there is."""
    if name not in SEARCHES:
        raise ArenaError(f"there is no photo search named {name!r}; known: {', '.join(SEARCHES)}")
    return SEARCHES[name]


def refusal(photo: Photo, licences: Sequence[str]) -> str | None:
    """Why a photo may not be taken, None when it may."""
    if photo.licence not in licences:
        return f"licence {photo.licence or 'unknown'}"
    if photo.licence in NEEDS_AUTHOR and not photo.author:
        return "no author to credit"
    if not photo.page or not photo.licence_url:
        return "no source or licence link"
    return None if photo.url.startswith(("https://", "http://")) else "no address"
