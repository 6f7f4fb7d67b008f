"""The house, open for as long as a command works in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from config.cli.output import Output
from config.settings import load
from engine.problems import Problem

if TYPE_CHECKING:
    from config.house import House

T = TypeVar("T")
BY = "operator"
"""Who did it, in the audit log: somebody with a shell on the machine."""


def within(out: Output, work: Callable[[House], Awaitable[T]]) -> T:
    """What `work` did with the house open; a problem is said in words and ends the command."""
    from config.house import open_house
    from config.logging import configure

    settings = load()
    # Unless it is told otherwise, the library logs to stdout, which is the result's.
    configure(settings.log_format, settings.log_level)

    async def run() -> T:
        async with open_house(settings) as house:
            return await work(house)

    try:
        return asyncio.run(run())
    except Problem as problem:
        out.problem(problem)


def written(out: Output, work: Callable[[House, AsyncConnection], Awaitable[T]]) -> T:
    """What `work` did in a transaction of its own, which then holds."""

    async def in_transaction(house: House) -> T:
        async with house.database.write() as conn:
            return await work(house, conn)

    return within(out, in_transaction)


def read(out: Output, work: Callable[[House, AsyncConnection], Awaitable[T]]) -> T:
    """What `work` saw in a transaction that reads."""

    async def in_transaction(house: House) -> T:
        async with house.database.read() as conn:
            return await work(house, conn)

    return within(out, in_transaction)
