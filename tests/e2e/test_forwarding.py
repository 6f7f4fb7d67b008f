"""Statements go on to another installation, however often the first one is killed."""

from __future__ import annotations

import json
import secrets
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.demo.installation import Installation, eventually
from tests.e2e import portal_k

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
_KILLS = 3
_BATCHES, _BATCH = 60, 20
_VERSION = {"X-Experience-API-Version": "2.0.0"}


def _key(kasane: Installation) -> tuple[str, str]:
    portal_k.set_up(kasane)
    return portal_k.key_of(kasane)


def _statement(learner: str, number: int) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "actor": {"account": {"homePage": portal_k.HOME, "name": learner}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/progressed"},
        "object": {"id": f"{portal_k.HOME}/courses/{number}"},
    }


def _listed(kasane: Installation, key: tuple[str, str]) -> list[str]:
    found: list[str] = []
    where = "/xapi/statements?ascending=true&limit=500"
    while where:
        page = httpx.get(kasane.url + where, auth=key, headers=_VERSION, timeout=30)
        page.raise_for_status()
        found += [one["id"] for one in page.json()["statements"]]
        where = page.json().get("more", "")
    return found


def test_a_killed_forwarder_loses_and_doubles_nothing_and_keeps_the_order(
    installation: Installation, tmp_path: Path
) -> None:
    there = Installation(tmp_path / "there")
    there.run("migrate")
    key_there, key_here = _key(there), _key(installation)
    there.start()
    try:
        add = ["forwarding", "add", "there", f"{there.url}/xapi", "--key", key_there[0]]
        installation.run(*add, "--private", "--secret-stdin", stdin=f"{key_there[1]}\n")
        installation.start()
        sent: list[str] = []
        with httpx.Client(auth=key_here, headers=_VERSION, timeout=30) as client:
            for number in range(_BATCHES):
                batch = [_statement(secrets.token_hex(4), number) for _ in range(_BATCH)]
                client.post(f"{installation.url}/xapi/statements", json=batch).raise_for_status()
                sent += [one["id"] for one in batch]
                if number % (_BATCHES // _KILLS) == _BATCHES // _KILLS - 1:
                    installation.kill()
                    installation.start()
        eventually(partial(_has_all, there, key_there, len(sent)), within=120)
        assert _listed(there, key_there) == _listed(installation, key_here)
        assert sorted(_listed(there, key_there)) == sorted(sent)
    finally:
        there.stop()
    installation.stop()
    told = installation.run("forwarding", "list")
    assert [(one["id"], one["delivered"] >= len(sent), one["dead"]) for one in told] == [
        ("there", True, 0)
    ]
    assert installation.run("forwarding", "replay", "there") == {"target": "there", "replayed": 0}
    assert key_there[1] not in json.dumps(told)
    installation.run("forwarding", "remove", "there")
    assert installation.command("forwarding", "replay", "there").returncode == 1


def _has_all(there: Installation, key: tuple[str, str], count: int) -> bool:
    return len(_listed(there, key)) >= count
