"""A platform's services as raw answers, so that each LMS's own way of writing can be played."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import RSAKey

KEY = RSAKey.generate_key(2048, {"kid": "ours-1", "use": "sig", "alg": "RS256"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def target(self) -> str:
        """Path and query, as they were sent."""
        return self.path + (f"?{self.query}" if self.query else "")

    @property
    def bearer(self) -> str:
        """The token it came with, empty without one."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        return value if scheme == "Bearer" else ""

    @property
    def form(self) -> dict[str, str]:
        """The body as a form."""
        return {name: one[0] for name, one in parse_qs(self.body.decode()).items()}


Answer = Callable[[Asked], bytes]


def reply(body: Any = b"", *headers: str | bytes, status: str = "200 OK") -> bytes:
    """An answer: JSON of what is not bytes, with these header lines as they stand."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}".encode(), b"Connection: close"]
    lines += [f"Content-Length: {len(content)}".encode()]
    lines += [one.encode() if isinstance(one, str) else one for one in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + content


@dataclass(slots=True)
class Lms:
    """A platform: `answers` by path; what it was asked; its token endpoint works.

    `client_id` and `key`: by which it knows us; `scopes`: of each token that it gave.
    """

    host: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    tokens_given: int = 0
    expires_in: Any = 3600
    good: set[str] = field(default_factory=set)
    client_id: str = "kasane"
    key: RSAKey = field(default_factory=lambda: KEY)
    scopes: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{self.host}"

    def entry(self, **changed: Any) -> dict[str, Any]:
        """What a connectors file says of it."""
        return {
            "id": "lms",
            "type": "lti_ags",
            "title": {"ja": "大学LMS", "en": "University LMS"},
            "iss": self.url,
            "client_id": self.client_id,
            "deployment_id": "1",
            "auth_login_url": f"{self.url}/auth",
            "jwks_url": f"{self.url}/jwks",
            "token_url": f"{self.url}/token",
            "allow_private_hosts": [self.host],
        } | changed

    def on(self, path: str, answer: Answer | bytes) -> None:
        """Answer requests of `path` so."""
        self.answers[path] = (lambda _: answer) if isinstance(answer, bytes) else answer

    def targets(self, method: str = "GET") -> list[str]:
        """What was asked for, in order."""
        return [one.target for one in self.asked if one.method == method]

    def calls(self) -> list[tuple[str, str, str]]:
        """Method, path and scope of what was asked for with a token that we gave, in order."""
        return [
            (one.method, one.path, self.scopes[one.bearer])
            for one in self.asked
            if one.bearer in self.scopes
        ]

    def token(self, asked: Asked) -> bytes:
        """A token for a good assertion; those before it are good no longer."""
        self.tokens_given += 1
        value = f"token-{self.tokens_given}"
        self.good = {value}
        claims = jwt.decode(asked.form["client_assertion"], self.key, algorithms=["RS256"]).claims
        assert claims["iss"] == claims["sub"] == self.client_id
        self.scopes[value] = asked.form["scope"]
        return reply(
            {
                "access_token": value,
                "token_type": "Bearer",
                "expires_in": self.expires_in,
                "scope": asked.form["scope"],
            }
        )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        path, _, query = target.partition("?")
        asked = Asked(method, path, query, headers, body)
        self.asked.append(asked)
        answer = self.answers.get(path, lambda _: reply(b"", status="404 Not Found"))
        if path != "/token" and asked.bearer not in self.good:
            writer.write(reply(b"", status="401 Unauthorized"))
        else:
            writer.write(answer(asked))
        await writer.drain()
        writer.close()


class Gradebook:
    """The columns of one course below `/77/lineitems`, with the scores that were posted to them."""

    def __init__(self, lms: Lms) -> None:
        self.lms = lms
        self.columns: list[dict[str, Any]] = []
        self.scores: list[dict[str, Any]] = []
        lms.on("/77/lineitems", self._container)
        self._add({"label": "修了", "scoreMaximum": 10, "resourceLinkId": "rl-77"})

    def _add(self, column: dict[str, Any]) -> dict[str, Any]:
        path = f"/77/lineitems/{len(self.columns) + 1}"
        self.columns.append(column | {"id": self.lms.url + path})
        self.lms.on(path, reply(self.columns[-1]))
        self.lms.on(f"{path}/scores", self._score)
        self.lms.on(f"{path}/results", self._results)
        return self.columns[-1]

    def _container(self, asked: Asked) -> bytes:
        if asked.method == "POST":
            return reply(self._add(json.loads(asked.body)), status="201 Created")
        return reply(self.columns)

    def _score(self, asked: Asked) -> bytes:
        at = asked.path.removesuffix("/scores")
        self.scores.append(json.loads(asked.body) | {"at": at})
        return reply(status="204 No Content")

    def _results(self, asked: Asked) -> bytes:
        at = asked.path.removesuffix("/results")
        url = self.lms.url + at
        return reply(
            [
                {
                    "id": f"{url}/results/{score['userId']}",
                    "scoreOf": url,
                    "userId": score["userId"],
                    "resultScore": score["scoreGiven"],
                    "resultMaximum": score["scoreMaximum"],
                }
                for score in self.scores
                if score["at"] == at
            ]
        )


@asynccontextmanager
async def serving(lms: Lms) -> AsyncIterator[Lms]:
    """The platform on a loopback port."""
    server = await asyncio.start_server(lms.serve, "127.0.0.1", 0)
    lms.host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    lms.on("/token", lms.token)
    async with server:
        yield lms
