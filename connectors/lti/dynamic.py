"""Dynamic registration: a platform opens our address, and we register ourselves with it.

Nothing is fetched inside a transaction, and nothing but through the safe fetcher: the addresses
are a stranger's. Sources: LTI Dynamic Registration 1.0, RFC 7591.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.jose.claims import is_name
from connectors.jose.refusal import Refusal, refusal
from connectors.lti import invitations, refusals
from connectors.lti.core import browser, client, openid
from connectors.lti.core.addresses import ToolAddresses
from connectors.lti.core.openid import OpenIdConfiguration
from connectors.lti.core.registration import Registration
from connectors.lti.registrar import Registrar
from engine.clock import Clock
from engine.database import Database
from engine.fetcher import Fetcher, FetchFailed, FetchRefused, Policy, Response
from engine.text import Text

Json = Any
_MAX_BODY = 256 * 1024
# All of it within `invitations.BUSY`, or a second one could begin before the first has ended.
_DEADLINE_S = 20.0
_LONGEST = 4000
_BY = "lti:registration"
REFUSED = "lti.registration.refused"


@dataclass(frozen=True, slots=True)
class Done:
    """A platform that now waits for approval. `origin`: where its page is told to close ours."""

    registration: str
    issuer: str
    origin: str


class DynamicRegistration:
    """Registers us with platforms that hold an invitation.

    `private`: hosts that may have private addresses and speak http, as the operator set them.
    """

    def __init__(
        self,
        database: Database,
        fetcher: Fetcher,
        registrar: Registrar,
        clock: Clock,
        at: ToolAddresses,
        private: Collection[str] = (),
    ) -> None:
        self._database = database
        self._fetcher = fetcher
        self._registrar = registrar
        self._clock = clock
        self._at = at
        self._private = frozenset(private)

    async def invite(self, conn: AsyncConnection, title: str, *, by: str) -> str:
        """The address to give to the administrator of a platform; it is shown this once."""
        token = await invitations.invite(conn, title, by=by, at=self._clock())
        return f"{self._at.register}?token={token}"

    async def register(self, params: Mapping[str, str]) -> Done | Refusal:
        """Register with the platform that opened our address; every refusal is in the audit log."""
        async with self._database.write() as conn:
            held = await invitations.claim(conn, params.get("token", ""), self._clock())
            if isinstance(held, Refusal):
                await self._refused(conn, held, params)
        if isinstance(held, Refusal):
            return held
        done = await self._registered(params, held)
        if isinstance(done, Refusal):
            async with self._database.write() as conn:
                await invitations.release(conn, held)
                await self._refused(conn, done, params)
        return done

    async def _registered(
        self, params: Mapping[str, str], held: invitations.Claim
    ) -> Done | Refusal:
        new = await self._agreed(params, held.title)
        if isinstance(new, Refusal):
            return new

        async def work(conn: AsyncConnection) -> str | Refusal:
            id_ = await self._registrar.register(conn, new, origin="dynamic", by=_BY)
            if isinstance(id_, str) and not await invitations.use_up(conn, held, id_):
                raise _Overtaken
            return id_

        try:
            id_ = await self._database.transact(work)
        except _Overtaken:
            return _OVERTAKEN
        if isinstance(id_, Refusal):
            return id_
        return Done(id_, new.iss, _origin(params["openid_configuration"]))

    async def _agreed(self, params: Mapping[str, str], title: str) -> Registration | Refusal:
        """What the platform and we agree on, once it has made a client of us."""
        url, token = params.get("openid_configuration", ""), params.get("registration_token", "")
        if not openid.is_endpoint(url, self._private):
            return _NO_CONFIGURATION
        if token and not (is_name(token, _LONGEST) and token.isascii()):
            return _BAD_TOKEN
        platform = await self._configuration(url, token)
        if isinstance(platform, Refusal):
            return platform
        answer = await self._asked(platform, token)
        if isinstance(answer, Refusal):
            return answer
        return self._registration(platform, answer, title)

    async def _configuration(self, url: str, token: str) -> OpenIdConfiguration | Refusal:
        headers = {"Accept": "application/json"} | _bearer(token)
        try:
            answer = await self._fetcher.get(
                url, policy=self._policy(url, url, tries=2), headers=headers
            )
        except (FetchRefused, FetchFailed) as error:
            return _unreachable("openid_configuration", error)
        if answer.status != 200:
            return _answered("openid_configuration", answer)
        return openid.configuration_of(_json(answer), url, self._private)

    async def _asked(
        self, platform: OpenIdConfiguration, token: str
    ) -> client.Registered | Refusal:
        url = platform.registration_endpoint
        try:
            answer = await self._fetcher.post(
                url,
                # Once: a second client of the same name would stay behind at the platform.
                policy=self._policy(url, platform.issuer, tries=1),
                headers={"Accept": "application/json"} | _bearer(token),
                json=client.client(self._at, platform),
            )
        except (FetchRefused, FetchFailed) as error:
            return _unreachable("registration_endpoint", error)
        if answer.status not in {200, 201}:
            return _answered("registration_endpoint", answer)
        return client.registered(_json(answer))

    def _registration(
        self, platform: OpenIdConfiguration, answer: client.Registered, title: str
    ) -> Registration:
        return Registration(
            connector_id="",
            iss=platform.issuer,
            client_id=answer.client_id,
            deployments=frozenset({answer.deployment_id} if answer.deployment_id else ()),
            auth_login_url=platform.authorization_endpoint,
            jwks_url=platform.jwks_uri,
            home_page=platform.issuer,
            private_hosts=browser.private_at(platform.issuer, self._private),
            token_url=platform.token_endpoint,
            token_audience=platform.audience,
            product=platform.product,
            status="pending",
            title=Text.of(title) if title else None,
        )

    def _policy(self, url: str, issuer: str, *, tries: int) -> Policy:
        return Policy(
            hosts=Policy.towards(url).hosts,
            private=browser.private_at(issuer, self._private),
            max_body=_MAX_BODY,
            deadline_s=_DEADLINE_S,
            tries=tries,
        )

    async def _refused(
        self, conn: AsyncConnection, why: Refusal, params: Mapping[str, str]
    ) -> None:
        url = params.get("openid_configuration", "")
        await refusals.note(
            conn,
            at=self._clock(),
            actor=_BY,
            action=REFUSED,
            subject=url,
            after={"message": why.text.en},
            reason=why.code,
        )


class _Overtaken(Exception):
    """The invitation was no longer ours; the transaction is to be undone."""


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _json(answer: Response) -> Json:
    try:
        return answer.json()
    except ValueError:
        return None


def _origin(url: str) -> str:
    """Scheme, host and port of a URL, as browsers compare them."""
    scheme, _, rest = url.partition("://")
    return f"{scheme.lower()}://{rest.partition('/')[0].partition('?')[0]}"


def _unreachable(name: str, error: FetchRefused | FetchFailed) -> Refusal:
    """Why nothing could be had from an address of the platform."""
    if isinstance(error, FetchRefused):
        # Without the fetcher's own words: they tell where names inside the house lead to.
        text = Text(
            ja="LMSの {name} は、ここから取得できないアドレスです。"
            "外部から届く https のアドレスか、LMSの管理者に確かめてください。",
            en="The platform's {name} is no address that may be fetched from here. Please check "
            "that it is an https address which can be reached from outside.",
        )
        return Refusal("platform_refused", text.format(name=name), _SPEC, f"/{name}")
    text = Text(
        ja="LMSの {name} から使える応答を受け取れません（{reason}）。"
        "時間をおいて、LMSの画面からもう一度登録してください。",
        en="The platform's {name} gave no usable answer ({reason}). "
        "Please register again from the platform, a little later.",
    )
    shown = text.format(name=name, reason=error.text)
    return Refusal("platform_unreachable", shown, _SPEC, f"/{name}")


def _answered(name: str, answer: Response) -> Refusal:
    """What the platform said instead, in its own words where they are short and readable."""
    text = Text(
        ja="LMSの {name} が、登録を受け付けませんでした（{said}）。"
        "LMSの画面からもう一度登録してください。",
        en="The platform's {name} did not accept the registration ({said}). "
        "Please register again from the platform.",
    )
    said = f"HTTP {answer.status}{_words(_json(answer))}"
    return Refusal("platform_said_no", text.format(name=name, said=said), _SPEC, f"/{name}")


def _words(document: Json) -> str:
    """The description of an error (RFC 7591 §3.2.2), to be put behind its status."""
    found = document if isinstance(document, dict) else {}
    words = [found.get(name) for name in ("error", "error_description")]
    return "".join(f", {one}" for one in words if is_name(one))


_SPEC = "LTI Dynamic Registration 1.0 §3"
_NO_CONFIGURATION = refusal(
    "platform_configuration",
    "openid_configuration がないか、https のアドレスではありません。"
    "登録用アドレスはブラウザーで開かず、LMSのツール登録画面に貼り付けてください。",
    "There is no openid_configuration, or it is no https address. Do not open the registration "
    "address in a browser: paste it where your LMS registers tools.",
    "LTI Dynamic Registration 1.0 §3.2",
    "/openid_configuration",
)
_BAD_TOKEN = refusal(
    "registration_token",
    "registration_token の形が正しくありません。LMSの画面からもう一度登録してください。",
    "The registration_token is not properly formed. Please register again from the platform.",
    "LTI Dynamic Registration 1.0 §3.2",
    "/registration_token",
)
_OVERTAKEN = refusal(
    "invitation_busy",
    "登録している間に、この登録用アドレスが取り下げられたか、ほかの登録に使われました。"
    "事務局に新しいアドレスを依頼してください。",
    "While you registered, this address was withdrawn, or somebody else used it. "
    "Please ask the secretariat for a new one.",
    pointer="/token",
)
