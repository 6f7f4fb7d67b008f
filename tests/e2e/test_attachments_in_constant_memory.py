"""A hundred megabytes go in and come out while the server's memory stays where it was."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.demo.installation import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

_BLOCK = bytes(range(256)) * 256
_BLOCKS = 1600  # of 64 KiB
_SIZE = len(_BLOCK) * _BLOCKS
_GROWTH_KIB = 64 * 1024
_HOME = "https://portal-m.example.jp"
_NAMES = {"ja": "試験", "en": "trial"}
_HEADERS = {"X-Experience-API-Version": "2.0.0"}
_CONNECTORS = {
    "connectors": [
        {
            "id": "portal-m",
            "type": "xapi_push",
            "title": _NAMES,
            "may_assert_homepages": [_HOME],
            "activity_prefixes": [_HOME],
        }
    ]
}


def _memory_kib(process: int) -> int:
    """How much memory of its own the process holds (VmRSS)."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def _peak_kib(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def _statement(digest: str, size: int) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "actor": {"account": {"homePage": _HOME, "name": "L-1"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": f"{_HOME}/courses/film"},
        "attachments": [
            {
                "usageType": f"{_HOME}/film",
                "display": _NAMES,
                "contentType": "video/mp4",
                "length": size,
                "sha2": digest,
            }
        ],
    }


def _body(statement: dict[str, Any], block: bytes, blocks: int) -> Iterator[bytes]:
    digest = statement["attachments"][0]["sha2"]
    text = json.dumps(statement)
    yield f"--film\r\nContent-Type: application/json\r\n\r\n{text}\r\n--film\r\n".encode()
    yield b"Content-Type: video/mp4\r\nContent-Transfer-Encoding: binary\r\n"
    yield f"X-Experience-API-Hash: {digest}\r\n\r\n".encode()
    for _ in range(blocks):
        yield block
    yield b"\r\n--film--\r\n"


def _send(client: httpx.Client, block: bytes, blocks: int) -> str:
    digest = hashlib.sha256()
    for _ in range(blocks):
        digest.update(block)
    statement = _statement(digest.hexdigest(), len(block) * blocks)
    answer = client.post(
        "/xapi/statements",
        content=_body(statement, block, blocks),
        headers={"Content-Type": "multipart/mixed; boundary=film"},
    )
    assert answer.status_code == 200, answer.text
    return str(statement["id"])


def _receive(client: httpx.Client, id_: str) -> tuple[int, int]:
    """How many bytes came, and how many were announced."""
    params = {"statementId": id_, "attachments": "true"}
    with client.stream("GET", "/xapi/statements", params=params) as answer:
        assert answer.status_code == 200
        return sum(map(len, answer.iter_raw())), int(answer.headers["Content-Length"])


def test_a_large_attachment_costs_no_memory(installation: Installation) -> None:
    file = installation.folder / "connectors.json"
    file.write_text(json.dumps(_CONNECTORS))
    installation.run("connectors", "apply", str(file))
    made = installation.run("credentials", "add", "portal-m")
    installation.start()
    with httpx.Client(
        base_url=installation.url,
        auth=(made["id"], made["secret"]),
        headers=_HEADERS,
        timeout=300,
    ) as client:
        # What every request costs once: the pools, the cached secret, both directions.
        small = _send(client, b"small" * 500_000, 1)
        _receive(client, small)
        process = installation._process.pid
        before = _memory_kib(process)
        id_ = _send(client, _BLOCK, _BLOCKS)
        received, announced = _receive(client, id_)
        assert received == announced > _SIZE
        # The peak and not only what is left: it must never have held the whole.
        assert max(_peak_kib(process), _memory_kib(process)) - before < _GROWTH_KIB
