"""The spider that asks a photo search and fetches what it finds: the one place that knows Scrapy."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.exceptions import CloseSpider
from scrapy.http import Request, Response

from arena import __version__
from arena.faces.collect.licences import Photo, refusal
from arena.faces.collect.shelf import Plan, Shelf

LARGEST_PHOTO = 32 * 2**20
RETRIES = 3


def crawl(plan: Plan, shelf: Shelf) -> None:
    """Run the spider to its end, politely: one request at a time to a server, a pause, robots.txt, few retries.

    Raises OSError when a photo cannot be written, and KeyboardInterrupt after Ctrl-C.
    """
    process = CrawlerProcess(
        {
            "USER_AGENT": f"arena/{__version__} ({plan.contact or 'photo collector for research'})",
            "ROBOTSTXT_OBEY": True,
            "DOWNLOAD_DELAY": plan.delay,
            "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
            "DOWNLOAD_TIMEOUT": 60,
            "DOWNLOAD_MAXSIZE": LARGEST_PHOTO,
            "DOWNLOAD_WARNSIZE": 0,
            "RETRY_TIMES": RETRIES,
            "RETRY_GIVE_UP_LOG_LEVEL": "WARNING",
            "DOWNLOADER_MIDDLEWARES": {Patience: 560},  # hears of an answer before Scrapy's retries at 550
            "COOKIES_ENABLED": False,
            "TELNETCONSOLE_ENABLED": False,
            "LOG_LEVEL": "ERROR",
        }
    )
    crawler = process.create_crawler(PhotoSpider)
    process.crawl(crawler, plan=plan, shelf=shelf)
    process.start()
    if shelf.failure is not None:
        raise shelf.failure
    if crawler.stats is not None and crawler.stats.get_value("finish_reason") == "shutdown":
        raise KeyboardInterrupt  # Scrapy finishes what is under way on Ctrl-C and then returns as if all were well


class Patience:
    """Waits as long as a server asks with Retry-After before the next try; gives up when that is too long."""

    async def process_response(self, request: Request, response: Response, spider: Any = None) -> Response:
        """Sleep before the answer reaches the retries."""
        wait = response.headers.get("Retry-After")
        if response.status in (429, 503) and wait and wait.isdigit():
            if int(wait) <= request.meta.get("patience", 120.0):
                await asyncio.sleep(int(wait))
            else:
                request.meta["dont_retry"] = True
        return response


class PhotoSpider(scrapy.Spider):
    """Pages of results, then their photos, then the next page if photos are still missing."""

    name = "photos"

    def __init__(self, plan: Plan, shelf: Shelf) -> None:
        super().__init__()
        self._plan, self._shelf = plan, shelf

    async def start(self) -> AsyncIterator[Request]:
        """The first page of every keyword that photos are missing of."""
        for keyword in self._plan.keywords:
            if self._shelf.missing(keyword) > 0:
                yield self._page(keyword, "")

    def read_page(self, response: Response, keyword: str) -> Iterator[Request]:
        """Fetch the photos that may be taken; the next page has a lower priority, so it comes after them."""
        try:
            answer = self._plan.search.read(json.loads(response.body), keyword)
        except (ValueError, KeyError, TypeError, AttributeError):
            self._shelf.tally["search answered nonsense"] += 1
            return
        if self._shelf.missing(keyword) <= 0:
            return
        for photo in answer.photos:
            reason = refusal(photo, self._plan.licences)
            if photo.id in self._shelf.known:
                self._shelf.tally["had already"] += 1
            elif reason:
                self._shelf.tally[reason] += 1
            else:
                yield Request(
                    photo.url,
                    callback=self.keep,
                    errback=self.photo_failed,
                    cb_kwargs={"photo": photo},
                    meta={"patience": self._plan.patience},
                )
        if answer.following is not None:
            yield self._page(keyword, answer.following)

    def keep(self, response: Response, photo: Photo) -> None:
        """Put a photo on the shelf; when that is full, stop."""
        try:
            self._shelf.put(photo, response.body)
        except OSError as error:
            self._shelf.failure = error
            raise CloseSpider("the photos cannot be written") from error

    def photo_failed(self, failure: Any) -> None:
        """A photo could not be fetched, or robots.txt forbids it."""
        self._shelf.tally[f"photo not fetched ({_why(failure)})"] += 1

    def page_failed(self, failure: Any) -> None:
        """A page of results could not be fetched."""
        self._shelf.tally[f"search failed ({_why(failure)})"] += 1

    def _page(self, keyword: str, position: str) -> Request:
        search = self._plan.search
        return Request(
            search.query(self._plan.api or search.url, keyword, self._plan.licences, position),
            callback=self.read_page,
            errback=self.page_failed,
            cb_kwargs={"keyword": keyword},
            # robots.txt speaks to crawlers of pages; an API has its own terms, which the delay and contact follow.
            meta={"dont_obey_robotstxt": True, "patience": self._plan.patience},
            priority=-10,
        )


def _why(failure: Any) -> str:
    response = getattr(failure.value, "response", None)
    return str(response.status) if response is not None else type(failure.value).__name__
