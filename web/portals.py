"""What the portals are called, for pages that name them."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.connector import Connector
from connectors.registry import Connectors
from engine.text import Text
from web.views.identities import Portals


async def portals(conn: AsyncConnection, connectors: Connectors) -> Portals:
    """The titles of all portals that are set up."""
    return titles(await connectors.list(conn))


def titles(listed: list[Connector]) -> Portals:
    """The titles of these portals; of two with one home page the first gives it its name."""
    by_home_page: dict[str, Text] = {}
    for connector in listed:
        for home_page in connector.home_pages:
            by_home_page.setdefault(home_page, connector.title)
    return Portals({connector.id: connector.title for connector in listed}, by_home_page)
