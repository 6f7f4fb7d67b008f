"""Our client of a platform's services, and the platform that it calls."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.connector import CannotRead
from connectors.lti.core.names import LINE_ITEM, RESULT, SCORE
from connectors.lti.core.registration import Registration
from connectors.lti.services.calls import Calls
from connectors.lti.services.grades import Grades
from connectors.lti.services.tokens import AccessTokens
from engine.fetcher import Fetcher
from tests.unit.connectors.lms_services import KEY, Lms

ITEM = "/lineitems/5/lineitem"
RESULTS = f"{ITEM}/results"


class Desk:
    """Our client, registered with one platform; its clock stands still."""

    def __init__(self, lms: Lms) -> None:
        self.lms = lms
        self.now = datetime(2026, 3, 9, 17, 0, tzinfo=UTC)
        self.registration = Registration(
            connector_id="lms",
            iss=lms.url,
            client_id="kasane",
            deployments=frozenset({"1"}),
            auth_login_url=f"{lms.url}/auth",
            jwks_url=f"{lms.url}/jwks",
            home_page=lms.url,
            private_hosts=frozenset({lms.host}),
            token_url=f"{lms.url}/token",
        )
        self.tokens = AccessTokens(Fetcher(), self._key, lambda: self.now)
        self.calls = Calls(Fetcher(), self.tokens, self.registration, tries=2)

    async def _key(self) -> Any:
        return KEY

    @property
    def grades(self) -> Grades:
        return Grades(self.calls, {LINE_ITEM, RESULT, SCORE})

    async def results(self, path: str = ITEM) -> list[Any]:
        return [one async for one in self.grades.results(self.lms.url + path)]

    async def fault(self, **changed: Any) -> CannotRead:
        calls = replace(self.calls, **changed)
        with pytest.raises(CannotRead) as caught:
            async with aclosing(Grades(calls, {RESULT}).results(self.lms.url + ITEM)) as found:
                async for _ in found:
                    pass
        text = caught.value.text
        assert text.ja != text.en
        assert "on our side" not in text.en
        return caught.value


def result(number: int) -> dict[str, Any]:
    return {"id": f"r-{number}", "userId": f"u-{number}", "resultScore": 8, "resultMaximum": 10}
