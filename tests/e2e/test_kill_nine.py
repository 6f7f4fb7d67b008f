"""kill -9 at random points, of serving and of starting.

What was acknowledged is there once, and what is due is issued once.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
import sqlalchemy as sa
import yaml
from openbadgeslib.ob3 import OB3LdpVerifier

from badge_bridge.credentials.tables import credential, status_entry
from badge_bridge.store.tables import award
from config.demo.installation import Installation, eventually
from config.demo.proofs import by_two_officers
from engine.database import Database
from tests.e2e import portal_k

_PASSWORD = "correct horse 7"
_KILLS = 20
_LEARNERS = [f"L-{number}" for number in range(1001, 1007)]
_PROGRESS = 120
_COURSES = [f"{portal_k.HOME}/courses/{name}" for name in ("one", "two")]
_EARNED = "http://id.tincanapi.com/verb/earned"
_NAMES = {"ja": "試験", "en": "trial"}
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def _badge(code: str, rule: Any, kind: str = "badge") -> dict[str, Any]:
    texts = {"name": _NAMES, "description": _NAMES, "criteria": _NAMES}
    return {"id": code, "kind": kind, "rule": rule, **texts}


_RULEBOOK = {
    "version": "1",
    "skill_map": {
        "id": "trial",
        "version": "1",
        "title": _NAMES,
        "nodes": [{"id": "ONE", "title": _NAMES}, {"id": "TWO", "title": _NAMES}],
    },
    "activities": [
        {"source": "portal-k", "activity": course, "skill": skill}
        for course, skill in zip(_COURSES, ("ONE", "TWO"), strict=True)
    ],
    "badges": [
        _badge("B-ONE", {"skill": "ONE"}),
        _badge("B-TWO", {"skill": "TWO"}),
        _badge("ST-BOTH", {"all": [{"badge": "B-ONE"}, {"badge": "B-TWO"}]}, "stack"),
    ],
}


def _statement(learner: str, course: str, verb: str, day: int, *, named: bool) -> dict[str, Any]:
    """What the portal reports; `named`: under an id of the portal's own."""
    return ({"id": str(uuid.uuid4())} if named else {}) | {
        "actor": {"account": {"homePage": portal_k.HOME, "name": learner}},
        "verb": {"id": f"http://adlnet.gov/expapi/verbs/{verb}"},
        "object": {"id": course},
        "timestamp": f"2026-03-{day:02d}T10:00:00Z",
    }


def _batches(chance: random.Random) -> list[list[dict[str, Any]]]:
    """Everything that will be pushed: much that is no completion, and each completion twice.

    Every fourth has no id; the server names it, and a retry of it is another statement.
    """
    statements = [
        _statement(learner, course, verb, chance.randint(1, 28), named=chance.random() < 0.75)
        for learner in _LEARNERS
        for course in _COURSES
        for verb in ["progressed"] * _PROGRESS + ["completed"] * 2
    ]
    chance.shuffle(statements)
    return [statements[start : start + 2] for start in range(0, len(statements), 2)]


@dataclass
class Pusher:
    """A client that sends each batch until it is acknowledged, through either door in turn."""

    url: str
    key: tuple[str, str]
    batches: list[list[dict[str, Any]]]
    acknowledged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    retries: int = 0

    def run(self) -> None:
        """Send everything."""
        with httpx.Client(auth=self.key, timeout=10, headers=_VERSION) as client:
            for number, batch in enumerate(self.batches):
                path = "/xapi/statements" if number % 2 else "/ingest/portal-k"
                self._insist(client, path, batch)

    def _insist(self, client: httpx.Client, path: str, batch: list[dict[str, Any]]) -> None:
        while True:
            try:
                answer = client.post(self.url + path, json=batch)
            except httpx.TransportError:
                self.retries += 1
                time.sleep(0.05)  # the server is gone; a client that waits is what we play
                continue
            if answer.status_code in {502, 503}:
                self.retries += 1
                continue
            if answer.status_code == 200:
                self.acknowledged += _acknowledged(answer.json(), batch)
            else:
                self.refused.append(f"{answer.status_code} {answer.text}")
            return


def _acknowledged(answer: Any, batch: list[dict[str, Any]]) -> list[str]:
    """The ids under which the batch is kept, as either door says.

    The lenient one says of a repeat under which id it is known.
    """
    if isinstance(answer, list):
        assert all(one.get("id", id_) == id_ for one, id_ in zip(batch, answer, strict=True))
        return answer
    ids = [one["id"] for one in answer["results"]]
    assert len(ids) == len(batch)
    return ids


_VERSION = {"X-Experience-API-Version": "1.0.3"}


def _set_up(kasane: Installation) -> tuple[str, str]:
    portal_k.set_up(kasane)
    (kasane.folder / "rulebook.yaml").write_text(yaml.safe_dump(_RULEBOOK))
    kasane.run("rulebook", "publish", "rulebook.yaml")
    for learner in _LEARNERS:
        kasane.account(learner.lower(), _PASSWORD, role="learner", person=learner, name=learner)
    for officer in ("officer-1", "officer-2"):
        kasane.account(officer, _PASSWORD, role="staff", name=officer)
    return portal_k.key_of(kasane)


def _listed(kasane: Installation, key: tuple[str, str], **query: str) -> Iterator[Any]:
    """The statements that the record store lists, all pages."""
    where = f"/xapi/statements?{urlencode({'limit': 100, **query})}"
    while where:
        page = httpx.get(kasane.url + where, auth=key, headers=_VERSION, timeout=30)
        page.raise_for_status()
        yield from page.json()["statements"]
        where = page.json().get("more", "")


def test_nothing_acknowledged_is_lost_and_nothing_due_is_issued_twice(
    installation: Installation, empty_database_url: str
) -> None:
    kasane, database_url = installation, empty_database_url
    key = _set_up(kasane)
    began = time.monotonic()
    kasane.start()
    took_s = time.monotonic() - began
    with (
        kasane.visitor("officer-1", _PASSWORD) as first,
        kasane.visitor("officer-2", _PASSWORD) as second,
    ):
        for learner in _LEARNERS:
            by_two_officers(first, second, learner, portal_k.HOME, learner)

    seed = secrets.randbits(32)
    chance = random.Random(seed)  # noqa: S311 -- told on failure, to be played again
    pusher = Pusher(kasane.url, key, _batches(chance))
    client = threading.Thread(target=pusher.run, daemon=True)
    client.start()
    alive = 0
    for number in range(_KILLS):
        # The random point: while it starts and takes up what was left, or while it serves.
        if number % 3 == 2:
            kasane.launch()
            time.sleep(chance.uniform(0.0, took_s))
        else:
            if number:
                kasane.start()
            time.sleep(chance.uniform(0.0, 0.25))
        alive += client.is_alive()
        kasane.kill()
    kasane.start()
    client.join(timeout=120)

    told = f"seed {seed}, {pusher.retries} retries"
    assert not client.is_alive(), told
    assert pusher.refused == [], told
    assert alive == _KILLS, f"the client was done after {alive} kills: {told}"
    stored = Counter(one["id"] for one in _listed(kasane, key))
    assert {one: stored[one] for one in pusher.acknowledged} == dict.fromkeys(
        pusher.acknowledged, 1
    ), told
    awards: Counter[str] = Counter()
    for learner in _LEARNERS:
        with kasane.visitor(learner.lower(), _PASSWORD) as visitor:
            badges = eventually(partial(_all_badges, visitor))
            assert sorted(badge["id"] for badge in badges) == ["B-ONE", "B-TWO", "ST-BOTH"], told
            assert visitor.json("/passport.json")["revoked"] == []
            for badge in badges:
                document = eventually(partial(_credential, kasane, badge["award"]))
                OB3LdpVerifier().verify(document, download=partial(_published, kasane))
                awards[f"{kasane.url}/credentials/{badge['award']}"] += 1
    assert len(awards) == 3 * len(_LEARNERS), told
    assert _earned(kasane) == awards, told
    kasane.stop()
    asyncio.run(_each_award_was_carried_out_once(database_url, 3 * len(_LEARNERS), told))


async def _each_award_was_carried_out_once(url: str, due: int, told: str) -> None:
    """An award has one credential and one bit of a status list, and there are no others."""
    database = await Database.open(url)
    try:
        async with database.read() as conn:
            awards = [str(one) for one in (await conn.execute(sa.select(award.c.id))).scalars()]
            signed = [
                str(one) for one in (await conn.execute(sa.select(credential.c.award))).scalars()
            ]
            bits = [
                str(one) for one in (await conn.execute(sa.select(status_entry.c.award))).scalars()
            ]
    finally:
        await database.close()
    assert len(awards) == due, told
    assert sorted(signed) == sorted(awards), told
    assert sorted(bits) == sorted(awards), told


def _all_badges(visitor: Any) -> list[Any]:
    badges: list[Any] = visitor.json("/passport.json")["badges"]
    return badges if len(badges) >= 3 else []


def _credential(kasane: Installation, award: str) -> bytes:
    answer = httpx.get(f"{kasane.url}/credentials/{award}.json", timeout=30)
    return answer.content if answer.is_success else b""


def _published(kasane: Installation, url: str) -> bytes:
    """What a verifier downloads: keys and status list; `did:web` asks for https."""
    answer = httpx.get(kasane.url + urlsplit(url).path, timeout=30)
    answer.raise_for_status()
    return answer.content


def _earned(kasane: Installation) -> Counter[str]:
    """How often Kasane itself said of each credential that it was earned."""
    kasane.stop()
    made = kasane.run("credentials", "add", "kasane")
    kasane.start()
    own = _listed(kasane, (made["id"], made["secret"]), verb=_EARNED)
    return Counter(one["context"]["contextActivities"]["other"][0]["id"] for one in own)
