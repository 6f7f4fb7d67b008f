"""How fast the record store is, against the limits of the same machine in the same run.

Each figure is measured in turn with its limit, round by round; what counts is the median of the
ratios, for machines differ and have moods.

    make bench                  both databases; a few minutes
    make bench BENCH=--large    with pages at 1,000,000 statements as well
"""

from __future__ import annotations

import argparse
import itertools
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
import limits
import load
import servers
import traffic
from servers import Server

_ROUNDS = 5
_SECONDS = 2.0


@dataclass(slots=True)
class Figure:
    """One line of the report: pairs of ours and the limit, and the ratio that is aimed at."""

    name: str
    target: float
    pairs: list[tuple[float, float]] = field(default_factory=list)

    def line(self) -> str:
        """The medians, as a person reads them."""
        ours, limit = (statistics.median(column) for column in zip(*self.pairs, strict=True))
        ratio = statistics.median(ours / limit for ours, limit in self.pairs)
        said = "reached" if ratio >= self.target else "NOT REACHED"
        return (
            f"{self.name:<34}{ours:>9,.0f}{limit:>12,.0f}{ratio:>8.2f}{self.target:>8.2f}  {said}"
        )


def _answered(seen: load.Load) -> load.Load:
    if seen.refused:
        raise SystemExit(f"refused: {seen.refused[0]}")
    return seen


def writing(server: Server, empty: Server) -> None:
    """Measure POST against commits, an empty endpoint, and bare inserts."""
    singles, batches = traffic.singles(), traffic.batches(100)

    def posts(clients: int, requests: Iterator[bytes], to: Server = server) -> load.Load:
        return _answered(load.send(to.port, clients, requests, _SECONDS))

    alone = Figure("POST one at a time / commits", 0.5)
    sixteen = Figure("POST, 16 clients / empty POST", 0.3)
    sixty_four = Figure("POST, 64 clients / empty POST", 0.4)
    hundreds = Figure("batches of 100, 4 clients / inserts", 0.5)
    tails, pauses, memory = [], [], []
    posts(16, singles)
    for _ in range(_ROUNDS):
        alone.pairs.append((posts(1, singles).rate, limits.commits(server.url, _SECONDS / 2)))
        for figure, clients in ((sixteen, 16), (sixty_four, 64)):
            seen = posts(clients, singles)
            figure.pairs.append((seen.rate, posts(clients, singles, empty).rate))
            pauses.append(seen.longest_pause)
            if clients == 16:
                tails.append(seen.quantile(0.99) / seen.quantile(0.5))
        rate = posts(4, batches).rate * 100
        hundreds.pairs.append((rate, limits.rows(server.url, _SECONDS / 2)))
        memory.append(server.memory)
    print(f"{'':<34}{'ours/s':>9}{'limit/s':>12}{'ratio':>8}{'aim':>8}")
    for figure in (alone, sixteen, sixty_four, hundreds):
        print(figure.line())
    print(f"p99 / p50 at 16 clients: {statistics.median(tails):.1f} (at most 5)")
    print(f"longest time without an answer: {max(pauses):.2f} s (under 1 s)")
    print(f"memory after each round, MB: {', '.join(f'{one:.0f}' for one in memory)} (under 250)")


def _fill(server: Server, count: int, there: int) -> None:
    requests = itertools.islice(traffic.batches(100, learners=20), there // 100, count // 100)
    _answered(load.send(server.port, 4, requests, 3600))


def _get(target: str) -> Callable[[], Iterator[bytes]]:
    return lambda: itertools.repeat(traffic.request("GET", target))


def _first_page() -> str:
    agent = quote(f'{{"account":{{"homePage":"{traffic.HOME}","name":"u-1"}}}}', safe="")
    verb = quote(f"{traffic.ADL}answered", safe="")
    return f"/xapi/statements?agent={agent}&verb={verb}&limit=100"


def _next_page(server: Server) -> str:
    answer: Any = httpx.get(
        f"http://127.0.0.1:{server.port}{_first_page()}",
        auth=(traffic.KEY, traffic.SECRET),
        headers={"X-Experience-API-Version": "1.0.3"},
    ).json()
    assert len(answer["statements"]) == 100
    return str(answer["more"])


def reading(server: Server, sizes: tuple[int, ...]) -> None:
    """Measure pages of 100 as the store grows."""
    there = 0
    columns = f"{'first ms':>9}{'more ms':>12}{'pages/s, 4 clients':>20}"
    print(f"{'pages of 100 by agent and verb':<34}{columns}")
    for size in sizes:
        _fill(server, size, there)
        there = size
        limits.settle(server.url)
        first, more = _get(_first_page()), _get(_next_page(server))
        times = [
            statistics.median(
                _answered(load.send(server.port, 1, page(), 1)).quantile(0.5)
                for _ in range(_ROUNDS)
            )
            for page in (first, more)
        ]
        rate = statistics.median(
            _answered(load.send(server.port, 4, first(), 1)).rate for _ in range(_ROUNDS)
        )
        print(
            f"{size:>21,} statements {times[0] * 1e3:>10.1f}{times[1] * 1e3:>12.1f}{rate:>20,.0f}"
        )


def main() -> None:
    """Measure both databases, or the one that is named."""
    parser = argparse.ArgumentParser()
    parser.add_argument("dialects", nargs="*", default=["sqlite", "postgresql"])
    parser.add_argument("--large", action="store_true", help="pages at 1,000,000 statements too")
    parser.add_argument("--only", choices=("writing", "reading"))
    asked = parser.parse_args()
    sizes = (10_000, 100_000, *((1_000_000,) if asked.large else ()))
    for dialect in asked.dialects:
        print(f"\n{dialect}")
        if asked.only != "reading":
            with (
                servers.database(dialect) as url,
                servers.kasane(url) as server,
                servers.empty() as empty,
            ):
                writing(server, empty)
        if asked.only != "writing":
            with servers.database(dialect) as url, servers.kasane(url) as server:
                reading(server, sizes)


if __name__ == "__main__":
    main()
