"""How long a launch takes us: from the platform's post to the page, on SQLite, its key known.

Beside it the least that it could take on this machine at this moment: one RS256 signature checked,
and one row committed as SQLite does it for us (`synchronous=FULL`).
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jws
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from config import migrate
from config.app import build
from config.demo.portals.site import Site
from config.house import open_house
from config.settings import Settings
from connectors.lti.core.names import CLAIM
from engine.database import Database

US = "https://kasane.example.jp"
ISS = "https://lms.example.jp"
AIM_MS = 25
_WARM, _ROUNDS = 20, 200
_KEY = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)


def main() -> None:
    """Print the medians and how they compare."""
    with tempfile.TemporaryDirectory() as folder, Site() as site:
        site.serve(Starlette(routes=[Route("/jwks", _jwks)]))
        launch, limit = asyncio.run(_measured(Path(folder), site))
    print(
        f"launch, post to page: p50 {launch:.1f} ms (aim: {AIM_MS}); "
        f"RS256 and one commit: {limit:.1f} ms; {launch / limit:.1f} times that"
    )


async def _measured(folder: Path, site: Site) -> tuple[float, float]:
    settings = Settings(data_dir=folder, public_url=US, scheduler=False)
    database = await Database.open(settings.database)
    await migrate.upgrade(database)
    await database.close()
    async with open_house(settings) as house:
        async with house.database.write() as conn:
            await house.connectors.apply(conn, {"connectors": [_connector(site)]})
        transport = httpx.ASGITransport(build(house))
        headers = {"Accept": "text/html", "Accept-Language": "ja"}
        async with httpx.AsyncClient(
            transport=transport, base_url=US, headers=headers, follow_redirects=True
        ) as browser:
            limit = _limit(folder / "limit.db")
            launches, limits = [], []
            for number in range(_WARM + _ROUNDS):
                form = await _login(browser)
                began = time.perf_counter()
                page = await browser.post("/lti/launch", data=form)
                took = time.perf_counter() - began
                assert page.status_code == 200, page.text
                browser.cookies.clear()
                if number >= _WARM:
                    launches.append(took)
                    limits.append(limit())  # beside each, so that both meet the same machine
    return 1000 * statistics.median(launches), 1000 * statistics.median(limits)


async def _login(browser: httpx.AsyncClient) -> dict[str, str]:
    """The form with which the platform answers a login."""
    asked = {"iss": ISS, "login_hint": "h", "target_link_uri": f"{US}/passport", "client_id": "c"}
    sent = await browser.get("/lti/login", params=asked, follow_redirects=False)
    query = parse_qs(urlsplit(sent.headers["location"]).query)
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISS,
        "aud": "c",
        "sub": "u-1",
        "iat": now,
        "exp": now + 300,
        "nonce": query["nonce"][0],
        CLAIM + "message_type": "LtiResourceLinkRequest",
        CLAIM + "version": "1.3.0",
        CLAIM + "deployment_id": "1",
        CLAIM + "target_link_uri": f"{US}/passport",
        CLAIM + "resource_link": {"id": "rl-1"},
        CLAIM + "roles": [],
    }
    return {"state": query["state"][0], "id_token": _signed(claims)}


def _signed(claims: dict[str, Any]) -> str:
    return jws.serialize_compact(
        {"alg": "RS256", "kid": _KEY.kid}, json.dumps(claims).encode(), _KEY, algorithms=["RS256"]
    )


def _limit(path: Path) -> Callable[[], float]:
    """Does the least that a launch needs, and says how many seconds that took."""
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("PRAGMA journal_mode = WAL")
    conn.execute("PRAGMA synchronous = FULL")
    conn.execute("CREATE TABLE launch (id INTEGER PRIMARY KEY, content BLOB)")
    token = _signed({"sub": "u-1"})

    def once() -> float:
        began = time.perf_counter()
        jws.deserialize_compact(token, _KEY, algorithms=["RS256"])
        conn.execute("INSERT INTO launch (content) VALUES (zeroblob(1000))")
        return time.perf_counter() - began

    return once


def _connector(site: Site) -> dict[str, Any]:
    return {
        "id": "lms",
        "type": "lti_ags",
        "title": {"ja": "LMS"},
        "iss": ISS,
        "client_id": "c",
        "deployment_id": "1",
        "auth_login_url": f"{ISS}/auth",
        "jwks_url": f"{site.url}/jwks",
        "allow_private_hosts": [site.host],
    }


async def _jwks(_request: Any) -> JSONResponse:
    return JSONResponse({"keys": [_KEY.as_dict(private=False)]})


if __name__ == "__main__":
    main()
