"""The public documents: everything a stranger needs to verify a badge, open to every origin."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import json
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from badge_bridge.credentials import status_lists
from badge_bridge.credentials.document import CONTEXT, achievement, profile
from badge_bridge.credentials.emblem import bake, emblem
from badge_bridge.credentials.issuer import Issued, Issuer, issued_credential
from badge_bridge.credentials.keys import did_document, jwks, published_jwk
from badge_bridge.credentials.negotiation import preferred
from badge_bridge.store.decisions import current_rulebook
from engine.database import Database, Json
from engine.problems import NotFound
from engine.text import Text

_SUFFIXES = {".json": "application/json", ".jwt": "application/vc+jwt", ".png": "image/png"}
_MINUTES, _DAY = 300, 86_400
_NOTHING = Text(ja="該当するものはありません。", en="There is nothing of that name.")


class Documents:
    """Answers with the documents of one issuer."""

    def __init__(self, issuer: Issuer, database: Database) -> None:
        self._issuer = issuer
        self._database = database

    async def did(self, request: Request) -> Response:
        """The DID document, with every key that ever signed."""
        keys = await self._issuer.keyring.public()
        content = did_document(keys, self._issuer.addresses)
        return _json(request, content, "application/did+json")

    async def jwks(self, request: Request) -> Response:
        """The keys of the JWTs as a JWK Set."""
        keys = await self._issuer.keyring.public()
        return _json(request, jwks(keys, self._issuer.addresses), "application/jwk-set+json")

    async def key(self, request: Request, thumbprint: str) -> Response:
        """One bare JWK: what the `kid` of a JWT leads to."""
        for key in await self._issuer.keyring.public():
            if key.fragment == thumbprint:
                content = published_jwk(key, self._issuer.addresses)
                return _json(request, content, "application/jwk+json")
        raise _not_found("key")

    async def issuer(self, request: Request) -> Response:
        """The issuer's Profile."""
        content = profile(self._issuer.profile, self._issuer.addresses)
        return _json(request, {"@context": list(CONTEXT), **content})

    async def credential(self, request: Request, name: str) -> Response:
        """A credential: JSON, JWT or picture by suffix or `Accept`; its page for a browser."""
        stem, dot, suffix = name.partition(".")
        media_type = _SUFFIXES.get(dot + suffix, "")
        if dot and not media_type:
            raise _not_found("credential")
        award = _award_id(stem)
        if not dot:
            form, media_type = preferred(request.headers.get("accept"))
            if form == "page":
                vary = {"Vary": "Accept"}
                return RedirectResponse(f"/badges/{award}", status_code=303, headers=vary)
        async with self._database.read() as conn:
            issued = await issued_credential(conn, award)
            if issued is None:
                raise _not_found("credential")
            content = await self._in_form(issued, media_type)
        return _answer(request, content, media_type, max_age=_DAY, vary=not dot)

    async def status_list(self, request: Request, number: str) -> Response:
        """A list of revocations; a revocation is seen within minutes."""
        async with self._database.read() as conn:
            document = await status_lists.document(conn, number)
        if document is None:
            raise _not_found("status list")
        return _answer(request, document, "application/vc", max_age=_MINUTES)

    async def achievement(
        self, request: Request, name: str, version: str | None = None
    ) -> Response:
        """What can be earned, as the current rulebook or the one asked for states it."""
        badge = name.removesuffix(".png")
        async with self._database.read() as conn:
            found = await self._issuer.particulars.badge(conn, badge, version)
        if found is None:
            raise _not_found("badge")
        if name != badge:
            picture = await asyncio.to_thread(_emblem, found.id, found.kind)
            return _answer(request, picture, "image/png", max_age=_DAY)
        content = achievement(found, issuer=self._issuer.profile, addresses=self._issuer.addresses)
        return _json(request, {"@context": list(CONTEXT), **content})

    async def skill(self, request: Request, skill: str) -> Response:
        """A node of the skill map, in the words of CASE 1.1 (CFItem)."""
        async with self._database.read() as conn:
            book = await current_rulebook(conn)
        found = book.skill_map.skills.get(skill) if book is not None else None
        if book is None or found is None:
            raise _not_found("skill")
        content = {
            "uri": self._issuer.addresses.skill(skill),
            "humanCodingScheme": found.id,
            "fullStatement": found.title.ja,
            "abbreviatedStatement": found.title.en,
            "CFDocumentURI": {"title": book.skill_map.title.ja, "identifier": book.skill_map.id},
            "notes": found.outcome.ja if found.outcome else "",
        }
        return _json(request, content)

    async def _in_form(self, issued: Issued, media_type: str) -> bytes:
        if media_type == "image/png":
            badge = json.loads(issued.document)["credentialSubject"]["achievement"]
            kind = "stack" if badge["achievementType"] == "MicroCredential" else "badge"
            picture = await asyncio.to_thread(_emblem, badge["humanCode"], kind)
            return bake(picture, issued.document.decode())
        if media_type in {"application/vc+jwt", "application/jwt", "text/plain"}:
            return issued.jwt.encode()
        return issued.document


def router(issuer: Issuer, database: Database) -> APIRouter:
    """The routes of the public documents, at the root of the site."""
    documents = Documents(issuer, database)
    routes = APIRouter(tags=["credentials"])
    for path, answer in (
        ("/.well-known/did.json", documents.did),
        ("/.well-known/jwks.json", documents.jwks),
        ("/keys/{thumbprint}", documents.key),
        ("/issuer", documents.issuer),
        ("/credentials/{name}", documents.credential),
        ("/status/{number}", documents.status_list),
        ("/achievements/{name}", documents.achievement),
        ("/skills/{skill}", documents.skill),
    ):
        routes.add_api_route(path, answer, methods=["GET", "HEAD"], response_model=None)
    return routes


@functools.lru_cache(maxsize=256)
def _emblem(badge: str, kind: str) -> bytes:
    return emblem(badge, "stack" if kind == "stack" else "badge")


def _award_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _not_found("credential") from None


def _not_found(what: str) -> NotFound:
    return NotFound("not_found", _NOTHING, what=what, headers={"Access-Control-Allow-Origin": "*"})


def _json(request: Request, content: Json, media_type: str = "application/json") -> Response:
    text = json.dumps(content, ensure_ascii=False, indent=2)
    return _answer(request, text.encode(), media_type, max_age=_MINUTES)


def _answer(
    request: Request, content: bytes, media_type: str, *, max_age: int, vary: bool = False
) -> Response:
    """The content, or 304 where the client has it already."""
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Cache-Control": f"public, max-age={max_age}",
        "ETag": etag,
        "X-Content-Type-Options": "nosniff",
    } | ({"Vary": "Accept"} if vary else {})
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
