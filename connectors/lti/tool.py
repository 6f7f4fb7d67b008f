"""The tool role: a platform sends a learner over, and we take its word for who that is.

Sources: LTI 1.3 Core §4, 1EdTech Security Framework 1.0 §5.1.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from joserfc.jwk import Key
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.identity import ProvedIdentity
from connectors.jose import token as jose
from connectors.jose.claims import is_name
from connectors.jose.keysets import KeySets
from connectors.jose.refusal import Refusal
from connectors.lti import adapter, logins, registrations, turned_away
from connectors.lti.core import addresses
from connectors.lti.core.launch import (
    Elsewhere,
    Launch,
    Login,
    is_ours,
    judged,
    placed_elsewhere,
)
from connectors.lti.core.registration import Registration, not_active
from engine.clock import Clock
from engine.database import Database
from engine.fetcher import Policy
from engine.place import place
from engine.text import Text
from lrs.core.ifi import Ifi

_LONGEST_HINT = 4000
_ASKED = (
    "iss", "login_hint", "target_link_uri", "client_id", "lti_deployment_id", "lti_message_hint",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Started:
    """A login underway: where to send the browser, and the state it will bring back.

    `storage`: where the platform keeps the browser's secret for us, if it offers to.
    """

    url: str
    state: str
    storage: Storage | None = None


@dataclass(frozen=True, slots=True)
class Storage:
    """A frame of the platform that keeps things for us: its name, and the origin it must have.

    Source: LTI OIDC Login with LTI Client Side postMessages 1.0.
    """

    target: str
    origin: str
    key: str

    @staticmethod
    def of(target: str, auth_login_url: str, state: str) -> Storage:
        """The storage behind `lti_storage_target`: it speaks from where logins are answered."""
        found = place(auth_login_url)
        return Storage(target, found.origin if found else "", f"kasane_{state}")


class Tool:
    """Starts logins and judges launches. `base_url`: our own address, no slash at its end."""

    def __init__(self, database: Database, key_sets: KeySets, clock: Clock, base_url: str) -> None:
        self._database = database
        self._key_sets = key_sets
        self._clock = clock
        self.base_url = base_url

    async def start(
        self, conn: AsyncConnection, params: Mapping[str, str], browser: str
    ) -> Started | Refusal:
        """The login that a platform initiated, now underway for the holder of `browser`."""
        if refusal := self._unanswerable(params):
            return refusal
        registration = await registrations.platform_named(
            conn, params["iss"], params.get("client_id", "")
        )
        if registration is None:
            return _UNKNOWN_PLATFORM
        if refusal := not_active(registration):
            return refusal
        # Whether we know it is judged at the launch: there the platform has signed it, and staff
        # can be told of one that is new.
        deployment = params.get("lti_deployment_id") or None
        target = params.get("lti_storage_target", "")
        login = Login(
            state=f"state-{secrets.token_urlsafe(32)}",
            nonce=secrets.token_urlsafe(32),
            connector_id=registration.connector_id,
            iss=registration.iss,
            client_id=registration.client_id,
            deployment_id=deployment,
            target_link_uri=params["target_link_uri"],
            storage_target=target if is_name(target) else "",
            asked={name: params[name] for name in _ASKED if name in params},
        )
        launch_url = self.base_url + addresses.LAUNCH
        url = await asyncio.to_thread(adapter.login_url, params, registration, login, launch_url)
        if isinstance(url, Refusal):
            return url
        await logins.start(conn, login, browser, self._clock())
        return Started(url, login.state, _storage(login, registration))

    def _unanswerable(self, params: Mapping[str, str]) -> Refusal | None:
        """Refuses a login request that lacks something, or leads away from here."""
        named = all(is_name(params.get(name)) for name in ("iss", "target_link_uri"))
        if not named or not is_name(params.get("login_hint"), _LONGEST_HINT):
            return _LOGIN_INCOMPLETE
        if not is_name(params.get("lti_message_hint") or "-", _LONGEST_HINT):
            return _LOGIN_INCOMPLETE
        if not is_name(params.get("lti_deployment_id") or "-"):
            return _LOGIN_INCOMPLETE
        return None if is_ours(params["target_link_uri"], self.base_url) else _FOREIGN_TARGET

    async def underway(self, params: Mapping[str, str], browser: str) -> Login | Refusal:
        """The login that these launch parameters answer, if this browser started it."""
        state = params.get("state")
        if not is_name(state) or not is_name(browser):
            return UNKNOWN_LOGIN
        async with self._database.read() as conn:
            login = await logins.underway(conn, str(state), browser, self._clock())
        return login or UNKNOWN_LOGIN

    async def storage(self, params: Mapping[str, str]) -> Storage | None:
        """Where the platform keeps the secret of the browser that started this login, if it does.

        Nothing is proved by it: whoever brings the secret from there is that browser.
        """
        login = await self._of_any_browser(params)
        if login is None or not login.storage_target:
            return None
        async with self._database.read() as conn:
            registration = await registrations.platform(conn, login.connector_id)
        return _storage(login, registration) if registration else None

    async def anew(self, params: Mapping[str, str]) -> str:
        """Where the same login begins once more, in a window of its own; empty if unknown."""
        login = await self._of_any_browser(params)
        return f"{addresses.LOGIN}?{urlencode(login.asked)}" if login and login.asked else ""

    async def _of_any_browser(self, params: Mapping[str, str]) -> Login | None:
        state = params.get("state")
        if not is_name(state):
            return None
        async with self._database.read() as conn:
            return await logins.of_any_browser(conn, str(state), self._clock())

    async def verified(self, params: Mapping[str, str], login: Login) -> Launch | Refusal:
        """The launch, signed by the platform and good for `login`; the login is not taken yet.

        Call it outside of transactions: the platform's keys may have to be fetched.
        """
        if params.get("error"):
            return _PLATFORM_SAID_NO
        async with self._database.read() as conn:
            registration = await registrations.platform(conn, login.connector_id)
        if registration is None or not _is_same(registration, login):
            return _UNKNOWN_PLATFORM
        if refusal := not_active(registration):
            return refusal
        token = jose.read(params.get("id_token", ""), jose.RS256)
        if isinstance(token, Refusal):
            return token
        # Judged before the signature is checked: shape first, so that nothing can trip over it,
        # and no key is fetched for a token that would be refused anyway.
        launch = judged(token.claims, login, registration, self._clock().timestamp())
        if isinstance(launch, Refusal):
            if wanted := placed_elsewhere(token.claims, login, registration, launch):
                await self._note(registration, token, wanted)
            return launch
        return await self._unsigned(params, login, registration, token.kid) or launch

    async def _note(self, registration: Registration, token: jose.Token, wanted: Elsewhere) -> None:
        """Let staff know of a deployment that is not entered yet, if the platform signed it."""
        key = await self._key(registration, token.kid)
        if isinstance(key, Refusal) or not token.is_signed_by(key, jose.RS256):
            return
        async with self._database.write() as conn:
            await turned_away.note(
                conn,
                registration.connector_id,
                wanted.deployment_id,
                learner=wanted.learner,
                course=wanted.course,
                at=self._clock(),
            )

    async def _unsigned(
        self, params: Mapping[str, str], login: Login, registration: Registration, kid: str
    ) -> Refusal | None:
        """Refuses an id_token not signed with the key `kid`, or one the library refuses."""
        key = await self._key(registration, kid)
        if isinstance(key, Refusal):
            return key
        signed = await asyncio.to_thread(adapter.claims, params, registration, login, key)
        return signed if isinstance(signed, Refusal) else None

    async def _key(self, registration: Registration, kid: str) -> Key | Refusal:
        policy = Policy.towards(registration.jwks_url, private=registration.private_hosts)
        return await self._key_sets.key(registration.jwks_url, kid, "RS256", policy)

    def identity(self, launch: Launch, login: Login) -> ProvedIdentity:
        """Who the launch proves to be there: the platform's own (iss, sub)."""
        return ProvedIdentity(
            ifi=Ifi("account", launch.sub, launch.home_page),
            method="lti_launch",
            reference=f"{launch.connector_id} {launch.deployment_id} {login.state}",
            at=self._clock(),
        )


def _is_same(registration: Registration, login: Login) -> bool:
    return (registration.iss, registration.client_id) == (login.iss, login.client_id)


def _storage(login: Login, registration: Registration) -> Storage | None:
    if not login.storage_target:
        return None
    return Storage.of(login.storage_target, registration.auth_login_url, login.state)


_LOGIN_INCOMPLETE = Refusal(
    "login_incomplete",
    Text(
        ja="LMSからのログイン要求に必要な項目（iss、login_hint、target_link_uri）がありません。",
        en="The login request lacks iss, login_hint or target_link_uri.",
    ),
    "1EdTech Security Framework 1.0 §5.1.1.1",
)
_FOREIGN_TARGET = Refusal(
    "login_target",
    Text(
        ja="起動先がこのサイトのアドレスではありません。",
        en="The launch is meant for another site than this one.",
    ),
    "LTI 1.3 Core §5.3.4",
)
_UNKNOWN_PLATFORM = Refusal(
    "unknown_platform",
    Text(
        ja="このLMSは登録されていません。LMSの管理者にお問い合わせください。",
        en="This platform is not registered here. Please ask the administrator of your LMS.",
    ),
    "LTI 1.3 Core §3.1.3",
)
UNKNOWN_LOGIN = Refusal(
    "unknown_login",
    Text(
        ja="このブラウザーで開始されたログインが見つからないか、期限が切れています。"
        "LMSからもう一度開いてください。",
        en="No login of this browser is waiting, or it has expired. "
        "Please open the page from your LMS again.",
    ),
    "1EdTech Security Framework 1.0 §5.1.1.5",
)
REPLAYED = Refusal(
    "launch_replayed",
    Text(
        ja="この起動はすでに使われています。LMSからもう一度開いてください。",
        en="This launch has been used before. Please open the page from your LMS again.",
    ),
    "1EdTech Security Framework 1.0 §5.1.3",
)
_PLATFORM_SAID_NO = Refusal(
    "platform_error",
    Text(
        ja="LMSがログインを拒否しました。LMSにログインし直してから、もう一度開いてください。",
        en="The platform refused the login. Sign in to your LMS again, then open the page again.",
    ),
    "OpenID Connect Core 1.0 §3.1.2.6",
)
