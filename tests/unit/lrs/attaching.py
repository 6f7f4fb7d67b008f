"""Requests in parts: a statement, and the content of its attachments."""

from __future__ import annotations

import hashlib
import json

import sqlalchemy as sa

from lrs.api import Limits
from lrs.core.fault import Fault
from lrs.core.mediatype import media_type
from lrs.core.multipart import Begun, Content, Parser, boundary_of
from lrs.service.attachments import CHUNK

BOUNDARY = "-------314159265358979323846"
MIXED = f"multipart/mixed; boundary={BOUNDARY}"
USAGE_SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"
USAGE = "http://example.com/attachment-usage/test"
LIMITS = Limits(body=100_000, statements=20, attachment=3 * CHUNK, parts=5)


def sha(content: bytes, algorithm: str = "sha256") -> str:
    return hashlib.new(algorithm, content).hexdigest()


def attached(content: bytes, **members):
    return {
        "usageType": USAGE,
        "display": {"en": "file"},
        "contentType": "text/plain",
        "length": len(content),
        "sha2": sha(content),
    } | members


def part(content: bytes, **headers: str) -> bytes:
    stated = {
        "Content-Type": "text/plain",
        "Content-Transfer-Encoding": "binary",
        "X-Experience-API-Hash": sha(content),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}:{value}" for name, value in stated.items() if value]
    return "\r\n".join([f"--{BOUNDARY}", *lines, "", ""]).encode() + content + b"\r\n"


def mixed(body, *parts: bytes, content_type: str = "application/json") -> bytes:
    text = json.dumps(body).encode()
    first = part(text, Content_Type=content_type, Content_Transfer_Encoding="")
    first = first.replace(f"\r\nX-Experience-API-Hash:{sha(text)}".encode(), b"")
    return first + b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


async def post(sender, content: bytes, **options):
    headers = {"Content-Type": MIXED} | options.pop("headers", {})
    return await sender.post("/xapi/statements", content=content, headers=headers, **options)


async def problem(response, status, code, pointer=None):
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert response.json()["spec"].startswith("xAPI 2.0 §4.")
    if pointer is not None:
        assert response.json()["pointer"] == pointer
    return response.json()


def parts_of(response) -> tuple[dict, list[tuple[dict, bytes]]]:
    """The JSON of the first part, and the others."""
    boundary = boundary_of(media_type(response.headers["Content-Type"]))
    parser = Parser(boundary, parts=100)
    found: list[tuple[dict, bytes]] = []
    for event in parser.feed(response.content):
        match event:
            case Begun(headers):
                found.append((dict(headers), b""))
            case Content(data):
                headers, before = found.pop()
                found.append((headers, before + data))
            case Fault():
                raise AssertionError(event)
    assert parser.end() is None
    assert found[0][0] == {"content-type": "application/json"}
    return json.loads(found[0][1]), found[1:]


async def get(sender, **params):
    query = {"attachments": "true"} | params
    response = await sender.get("/xapi/statements", params=query)
    assert response.status_code == 200, response.text
    assert int(response.headers["Content-Length"]) == len(response.content)
    return parts_of(response)


async def count(database, table) -> int:
    async with database.read() as conn:
        return (await conn.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()
