"""PyLTI1p3 behind one door: everything that knows the library is in this module.

The library is synchronous and keeps its own state in cookies and sessions; here it is given a
login that was already read from the database and a key that was already fetched, so that it needs
neither storage nor network. It checks signature, registration, deployment and message; what it
lets through is judged in `connectors.lti.core.launch`. Both functions are quick, but block: call
them in a thread.

Worked around (PyLTI1p3 2.0.0): no leeway on `iat` and `exp`, only the first audience looked at,
an already seen state taken again, `?` appended to login addresses that have a query, deep linking
refused where it takes links only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Never, cast

from joserfc.jwk import Key
from pylti1p3.cookie import CookieService
from pylti1p3.deployment import Deployment
from pylti1p3.exception import LtiException, OIDCException
from pylti1p3.message_launch import MessageLaunch
from pylti1p3.oidc_login import OIDCLogin
from pylti1p3.redirect import Redirect
from pylti1p3.registration import Registration as LibraryRegistration
from pylti1p3.request import Request
from pylti1p3.session import SessionService
from pylti1p3.tool_config.abstract import ToolConfAbstract

from connectors.jose.refusal import Refusal
from connectors.lti.core.launch import Login
from connectors.lti.core.registration import Registration
from engine.text import Text

Json = Any


def login_url(
    params: Mapping[str, str], registration: Registration, login: Login, launch_url: str
) -> str | Refusal:
    """Where at the platform the browser goes to be recognised; it comes back to `launch_url`."""
    request = _Request(params)
    conversation = _Conversation(login)
    start = _Start(
        request, _OneRegistration(registration, None), _Session(request, login), conversation
    )
    start.login = login
    try:
        url: str = start.get_redirect_object(launch_url).get_redirect_url()
    except (OIDCException, LtiException) as error:
        return _refusal("login_refused", error)
    address = registration.auth_login_url
    if "?" in address:
        url = f"{address}&{url.removeprefix(address + '?')}"
    return url


def claims(
    params: Mapping[str, str], registration: Registration, login: Login, key: Key
) -> dict[str, Json] | Refusal:
    """The claims of a launch whose signature, registration and message the library finds right."""
    request = _Request(params)
    launch = _Message(
        request,
        _OneRegistration(registration, key),
        _Session(request, login),
        _Conversation(login),
        requests_session=cast("Any", _NoNetwork()),
    )
    launch.login = login
    # Without leeway the library turns away every platform whose clock is a moment ahead.
    launch.set_jwt_verify_options(
        {f"verify_{name}": False for name in ("aud", "exp", "iat", "nbf", "iss", "sub", "jti")}
    )
    try:
        return dict(launch.validate().get_launch_data())
    except LtiException as error:
        return _refusal("launch_refused", error)


def _refusal(code: str, error: Exception) -> Refusal:
    # The library's own words name the broken rule; they hold no secrets, only its fixed texts.
    return Refusal(
        code,
        Text(
            ja=f"LTIの起動を受け付けられません（{error}）。LMSからもう一度開いてください。",
            en=f"The LTI launch is refused ({error}). Please open it from your LMS again.",
        ),
        "LTI 1.3 Core §5",
    )


class _Request(Request):
    """The parameters of a request that was parsed before."""

    def __init__(self, params: Mapping[str, str]) -> None:
        self._params = params

    @property
    def session(self) -> Never:
        raise NotImplementedError("logins are kept in the database")

    def is_secure(self) -> bool:
        return True

    def get_param(self, key: str) -> str:
        return self._params.get(key, "")


class _Conversation(CookieService):
    """Stands for the cookie: that the browser is the one of the login was seen before."""

    def __init__(self, login: Login) -> None:
        self._login = login

    def get_cookie(self, name: str) -> str | None:
        return name if name == self._login.state else None

    def set_cookie(self, name: str, value: str | int, exp: int | None = 3600) -> None:
        """Nothing: the login row remembers."""


class _Session(SessionService):
    """Answers from one login row; remembers nothing, so that no launch passes twice."""

    def __init__(self, request: Request, login: Login) -> None:
        super().__init__(request)
        self._login = login

    def save_nonce(self, nonce: str) -> None:
        """Nothing: the login row has it."""

    def check_nonce(self, nonce: str) -> bool:
        return nonce == self._login.nonce

    def check_state_is_valid(self, state: str, id_token_hash: str) -> bool:  # noqa: ARG002
        return False

    def set_state_valid(self, state: str, id_token_hash: str) -> None:
        """Nothing: the library would take the same state again without its cookie."""

    def save_launch_data(self, key: str, jwt_body: Mapping[str, Json]) -> None:
        """Nothing: what is kept of a launch is the proof of identity."""


class _OneRegistration(ToolConfAbstract[_Request]):
    """The one registration that the login row belongs to; every other name finds nothing."""

    def __init__(self, registration: Registration, key: Key | None) -> None:
        self._registration = registration
        self._key = key

    def check_iss_has_one_client(self, iss: str) -> bool:  # noqa: ARG002
        return False

    def check_iss_has_many_clients(self, iss: str) -> bool:  # noqa: ARG002
        return True

    def find_registration_by_issuer(self, iss: str, *_args: object, **_kwargs: object) -> Never:
        raise LtiException(f"no registration by issuer alone: {iss}")

    def find_deployment(self, iss: str, deployment_id: str) -> Never:
        raise LtiException(f"no deployment by issuer alone: {iss} {deployment_id}")

    def find_registration_by_params(
        self, iss: str, client_id: str, *_args: object, **_kwargs: object
    ) -> LibraryRegistration:
        ours = self._registration
        if iss != ours.iss or client_id not in {"", ours.client_id}:
            raise LtiException("Registration not found.")
        found = LibraryRegistration().set_issuer(ours.iss).set_client_id(ours.client_id)
        found.set_auth_login_url(ours.auth_login_url).set_key_set_url(ours.jwks_url)
        if self._key is not None:
            public: Any = {**self._key.as_dict(private=False), "alg": "RS256", "use": "sig"}
            found.set_key_set({"keys": [public]})
        return found

    def find_deployment_by_params(
        self, iss: str, deployment_id: str, client_id: str, *_args: object, **_kwargs: object
    ) -> Deployment | None:
        ours = self._registration
        if (iss, client_id) != (ours.iss, ours.client_id) or deployment_id not in ours.deployments:
            return None
        return Deployment().set_deployment_id(deployment_id)


class _Away(Redirect[None]):
    def __init__(self, location: str) -> None:
        self._location = location

    def do_redirect(self) -> None:
        """Nothing: the edge answers."""

    def do_js_redirect(self) -> None:
        """Nothing: the edge answers."""

    def set_redirect_url(self, location: str) -> None:
        self._location = location

    def get_redirect_url(self) -> str:
        return self._location


class _Start(OIDCLogin[_Request, _OneRegistration, _Session, _Conversation, None]):
    """The login, with a state and nonce that are known before."""

    login: Login

    def get_redirect(self, url: str) -> Redirect[None]:
        return _Away(url)

    def _get_uuid(self) -> str:
        return self.login.state.removeprefix("state-")

    def _generate_nonce(self) -> str:
        return self.login.nonce


class _Message(MessageLaunch[_Request, _OneRegistration, _Session, _Conversation]):
    """The launch, its client id taken from the login instead of the first audience."""

    login: Login

    def _get_request_param(self, key: str) -> str:
        return self._request.get_param(key)

    def get_client_id(self) -> str:
        return self.login.client_id

    def validate_message(self) -> _Message:
        """Leaves deep linking to us: the library wants every platform to take resource links."""
        if not self.is_deep_link_launch():
            super().validate_message()
        return self


class _NoNetwork:
    """What the library is given instead of an HTTP session. Its keys come with the call."""

    def __getattr__(self, name: str) -> Never:
        raise LtiException(f"no network: {name}")
