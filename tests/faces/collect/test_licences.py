from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from arena.faces.collect.licences import OPEN, SEARCHES, Photo, find_search, refusal
from arena.types import ArenaError

GOOD = Photo(
    "1", "face", "A face", "Ann", "by", "https://l.example/by/4.0", "https://p.example/1", "https://i.example/1.jpg"
)


def test_openverse_is_asked_and_understood() -> None:
    search = find_search("openverse")
    query = parse_qs(urlsplit(search.query(search.url, "old man", OPEN, "3")).query)
    assert query == {"q": ["old man"], "license": ["cc0,pdm,by,by-sa"], "page_size": ["20"], "page": ["3"]}
    result = {
        "id": "ab-cd",
        "title": None,
        "creator": "Ann",
        "license": "BY",
        "license_url": "https://l.example",
        "foreign_landing_url": "https://p.example",
        "url": "https://i.example/1.jpg",
    }
    answer = search.read({"page": 1, "page_count": 2, "results": [result]}, "face")
    assert answer.following == "2"
    photo = Photo(
        "openverse-ab-cd", "face", "", "Ann", "by", "https://l.example", "https://p.example", "https://i.example/1.jpg"
    )
    assert answer.photos == [photo]
    assert search.read({"page": 2, "page_count": 2, "results": []}, "face").following is None
    assert search.read({"page": 20, "page_count": 500, "results": []}, "face").following is None


def commons_page(pageid: int, licence: str, artist: str = "", **info: str) -> dict[str, object]:
    metadata = {
        "License": {"value": licence},
        "Artist": {"value": artist},
        "LicenseUrl": {"value": "https://l.example"},
    }
    links = {"url": "https://i.example/full", "descriptionurl": "https://p.example"}
    return {
        "pageid": pageid,
        "index": 10 - pageid,
        "title": f"File:Face {pageid}.jpg",
        "imageinfo": [{**links, "extmetadata": metadata, **info}],
    }


def test_commons_is_understood() -> None:
    artist = '<a href="//x">Ann &amp; <b>Bob</b></a>'
    pages = {
        "1": commons_page(1, "cc-by-sa-4.0", artist),
        "2": commons_page(2, "pd", thumburl="https://i.example/small"),
    }
    answer = SEARCHES["commons"].read({"query": {"pages": pages}, "continue": {"gsroffset": 50}}, "face")
    second, first = answer.photos  # by the index of the search, not by page number
    assert (first.author, first.licence, first.url, first.title) == (
        "Ann & Bob",
        "by-sa",
        "https://i.example/full",
        "Face 1.jpg",
    )
    assert (second.licence, second.url) == ("pdm", "https://i.example/small")
    assert answer.following == "50"
    assert SEARCHES["commons"].read({"batchcomplete": ""}, "face").photos == []
    with pytest.raises(ValueError, match="lagged"):
        SEARCHES["commons"].read({"error": {"code": "maxlag", "info": "lagged"}}, "face")


@pytest.mark.parametrize(
    ("code", "licence"),
    [
        ("cc0", "cc0"),
        ("cc-by-2.0", "by"),
        ("cc-by-sa-3.0-de", "by-sa"),
        ("cc-by-nc-nd-4.0", "by-nc-nd"),
        ("pd-usgov", "pdm"),
        ("gfdl", "gfdl"),
        ("", ""),
    ],
)
def test_commons_licences(code: str, licence: str) -> None:
    (photo,) = SEARCHES["commons"].read({"query": {"pages": {"1": commons_page(1, code)}}}, "face").photos
    assert photo.licence == licence


def test_only_what_is_open_and_can_be_credited_is_taken() -> None:
    assert refusal(GOOD, OPEN) is None
    assert refusal(replace(GOOD, licence="by-nc"), OPEN) == "licence by-nc"
    assert refusal(replace(GOOD, licence=""), OPEN) == "licence unknown"
    assert refusal(replace(GOOD, author=""), OPEN) == "no author to credit"
    assert refusal(replace(GOOD, author="", licence="cc0"), OPEN) is None
    assert refusal(replace(GOOD, page=""), OPEN) == "no source or licence link"
    assert refusal(replace(GOOD, url="file:///etc/passwd"), OPEN) == "no address"


def test_an_unknown_search_lists_the_known() -> None:
    with pytest.raises(ArenaError, match="known: openverse, commons"):
        find_search("flickr")
