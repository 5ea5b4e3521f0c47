"""What somebody waits for who watches a match: the first paint of the page, and a round after its commit.

    python benchmarks/page.py [--rounds 10] [--times 7]

A new visitor with an empty cache opens the page of a match in a headless Chromium, several times; then rounds are
committed one by one under the open page. The bars: something meaningful, the strip of rounds, within a second of the
request; a new round on it within a second of its commit. Needs Playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from servedhome import new_home, play

PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
STARTED = "performance.timeOrigin"


def median_ms(measure: Callable[[int], float], times: int) -> str:
    """Median and extremes of a measurement in seconds, in milliseconds."""
    values = sorted(1e3 * measure(i) for i in range(times))
    return f"{statistics.median(values):.0f} | {values[0]:.0f} | {values[-1]:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--times", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = new_home(Path(folder) / "home", "duel", 10**6)
        for number in range(given.rounds + 1):
            play(home, number)
        command = [sys.executable, "-c", "from arena.cli import main; main()", "serve", "--port", "0"]
        service = subprocess.Popen([*command, "--home", str(home.root)], stdout=subprocess.PIPE, text=True)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        try:
            assert service.stdout is not None
            address = service.stdout.readline().split()[-1]
            print("| | median ms | least | most |\n|---|---|---|---|", flush=True)
            paints: list[float] = []

            def strip(_: int) -> float:
                page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
                page.goto(f"{address}/#/match/duel", wait_until="commit")
                page.get_by_test_id(f"cell-{given.rounds}").wait_for()
                on_screen = time.time() - page.evaluate(STARTED) / 1e3
                paints.append(page.evaluate(PAINT) / 1e3)
                page.context.close()
                return on_screen

            shown = median_ms(strip, given.times)
            print(f"| first contentful paint | {median_ms(lambda i: paints[i], given.times)} |")
            print(f"| all {given.rounds} rounds on the strip | {shown} |", flush=True)
            watched: Any = browser.new_page()
            watched.goto(f"{address}/#/match/duel")
            watched.locator(".main-svg").first.wait_for()  # until Plotly is loaded, a browser does nothing else

            def commit(i: int) -> float:
                number = given.rounds + 1 + i
                play(home, number)
                start = time.perf_counter()
                watched.get_by_test_id(f"cell-{number}").wait_for()
                return time.perf_counter() - start

            print(f"| a round after its commit | {median_ms(commit, given.times)} |")
        finally:
            browser.close()
            service.terminate()
            service.wait()


if __name__ == "__main__":
    main()
