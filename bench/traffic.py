"""Statements of about 1 KB as a busy portal sends them, and the requests that carry them.

Five hundred learners, fifty courses of seven lessons; one statement in ten completes a lesson.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

KEY, SECRET = "bench", "a secret of the bench"
HOME = "https://portal.example.jp"
ADL = "http://adlnet.gov/expapi/verbs/"
_VERBS = ("experienced", "answered", "interacted", "progressed")
_AUTHORIZATION = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()


def statement(number: int, learners: int = 500) -> dict[str, Any]:
    """The statement of that number, under a new id."""
    learner = number % learners
    verb = "completed" if number % 10 == 0 else _VERBS[number % 4]
    course = f"{HOME}/courses/{number % 50}"
    return {
        "id": str(uuid4()),
        "actor": {
            "objectType": "Agent",
            "name": f"学習者 {learner}",
            "account": {"homePage": HOME, "name": f"u-{learner}"},
        },
        "verb": {"id": ADL + verb, "display": {"en": verb, "ja": "学習した"}},
        "object": {
            "objectType": "Activity",
            "id": f"{course}/lessons/{number % 7}",
            "definition": {
                "name": {"ja": "情報セキュリティ基礎", "en": "Security basics"},
                "description": {"ja": "はじめての情報セキュリティ"},
                "type": "http://adlnet.gov/expapi/activities/lesson",
            },
        },
        "result": {
            "success": True,
            "completion": verb == "completed",
            "duration": "PT12M30S",
            "score": {"scaled": 0.9, "raw": 90, "min": 0, "max": 100},
        },
        "context": {
            "registration": str(uuid5(NAMESPACE_URL, str(learner))),
            "platform": "portal",
            "language": "ja",
            "contextActivities": {
                "parent": [{"id": course}],
                "grouping": [{"id": f"{HOME}/programs/dx"}],
            },
        },
        "timestamp": "2026-02-01T20:15:00.123Z",
    }


def text(value: Any) -> bytes:
    """JSON text as it goes over the wire."""
    return json.dumps(value, ensure_ascii=False).encode()


def request(method: str, target: str, body: bytes = b"") -> bytes:
    """One HTTP request with everything that the record store asks for."""
    head = (
        f"{method} {target} HTTP/1.1",
        "Host: bench",
        f"Authorization: {_AUTHORIZATION}",
        "X-Experience-API-Version: 1.0.3",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*head, "", "")).encode() + body


def singles() -> Iterator[bytes]:
    """Requests with one new statement each, without end."""
    for number in itertools.count():
        yield request("POST", "/xapi/statements", text(statement(number)))


def batches(size: int, learners: int = 500) -> Iterator[bytes]:
    """Requests with `size` new statements each, without end."""
    for number in itertools.count():
        some = [statement(number * size + one, learners) for one in range(size)]
        yield request("POST", "/xapi/statements", text(some))
