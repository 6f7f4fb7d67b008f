"""An external course that reports scores to Kasane: the tool side of LTI Advantage services.

Sources: 1EdTech Security Framework 1.0 §4.1 (client assertion), AGS 2.0 §3.4 (Score service).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from config.demo.portals.signer import Signer

SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"


class CourseTool:
    """The tool `client_id` of an outside course, its keys published at `jwks_url`."""

    def __init__(self, *, url: str, client_id: str, token_url: str) -> None:
        self.jwks_url = f"{url}/jwks"
        self._client_id = client_id
        self._token_url = token_url
        self._signer = Signer("course-tool-1")
        self.app = Starlette(routes=[Route("/jwks", self._signer.jwks)])

    def assertion(self, **changed: object) -> str:
        """The signed client assertion; `changed` claims let a test send a bad one."""
        now = int(time.time())
        claims: dict[str, object] = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": self._token_url,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_urlsafe(16),
        }
        return self._signer.sign(claims | changed)

    def ask_token(self, assertion: str | None = None, *, lang: str = "ja") -> httpx.Response:
        """The platform's answer to a client-credentials request for the score scope."""
        return httpx.post(
            self._token_url,
            data={
                "grant_type": "client_credentials",
                "client_assertion_type": _ASSERTION,
                "client_assertion": assertion or self.assertion(),
                "scope": SCORE_SCOPE,
            },
            headers={"Accept-Language": lang},
            timeout=30,
        )

    def post_score(
        self, lineitem_url: str, score: Mapping[str, object], *, token: str | None = None
    ) -> httpx.Response:
        """The line item's answer to `score`; a fresh token is fetched unless one is given."""
        bearer = token or str(self.ask_token().raise_for_status().json()["access_token"])
        return httpx.post(
            f"{lineitem_url}/scores",
            json=dict(score),
            headers={"Authorization": f"Bearer {bearer}", "Content-Type": _SCORE_TYPE},
            timeout=30,
        )
