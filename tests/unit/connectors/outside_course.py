"""A provider's course built on PyLTI1p3, as it comes: a web server of its own."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from joserfc.jwk import RSAKey
from pylti1p3.cookie import CookieService
from pylti1p3.deep_link_resource import DeepLinkResource
from pylti1p3.exception import LtiException
from pylti1p3.grade import Grade
from pylti1p3.launch_data_storage.cache import CacheDataStorage
from pylti1p3.message_launch import MessageLaunch
from pylti1p3.oidc_login import OIDCLogin
from pylti1p3.redirect import Redirect
from pylti1p3.request import Request as LibraryRequest
from pylti1p3.session import SessionService
from pylti1p3.tool_config import ToolConfDict
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from config.demo.portals.site import Site


class _Params(LibraryRequest):
    def __init__(self, params: dict[str, str], cookies: dict[str, str]) -> None:
        self.params, self.cookies = params, cookies
        self.set: dict[str, str] = {}

    @property
    def session(self) -> Any:
        return {}

    def is_secure(self) -> bool:
        return False

    def get_param(self, key: str) -> str:
        return self.params.get(key, "")


class _Cookies(CookieService):
    def __init__(self, request: _Params) -> None:
        self._request = request

    def get_cookie(self, name: str) -> str | None:
        return self._request.cookies.get(name)

    def set_cookie(self, name: str, value: str | int, exp: Any = 3600) -> None:
        del exp
        self._request.set[name] = str(value)


class _Cache:
    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        return self._kept.get(key)

    def set(self, key: str, value: Any, _exp: Any = None) -> None:
        self._kept[key] = value


class _Storage(CacheDataStorage):
    def __init__(self, cache: _Cache) -> None:
        super().__init__()
        self._cache = cache


class _Redirect(Redirect[str]):
    def __init__(self, url: str) -> None:
        self._url = url

    def do_redirect(self) -> str:
        return self._url

    def do_js_redirect(self) -> str:
        return self._url

    def set_redirect_url(self, location: str) -> None:
        self._url = location

    def get_redirect_url(self) -> str:
        return self._url


class _Login(OIDCLogin):
    def get_redirect(self, url: str) -> _Redirect:
        return _Redirect(url)


class Launch(MessageLaunch):
    def _get_request_param(self, key: str) -> str:
        return self._request.get_param(key)


@dataclass
class Course:
    """A provider's course. `launches`: those that the library found good, the last one last."""

    site: Site
    launches: list[Launch] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    offered: list[DeepLinkResource] = field(default_factory=list)
    posts: bool = False

    def __post_init__(self) -> None:
        self._cache = _Cache()
        self._key = RSAKey.generate_key(2048)
        self.url = self.site.url
        self.app = Starlette(
            routes=[
                Route("/login", self._login, methods=["GET", "POST"]),
                Route("/launch", self._launch, methods=["POST"]),
                Route("/jwks", self._jwks),
            ]
        )

    def register(self, kasane: str, client_id: str, deployment_id: str) -> None:
        conf = ToolConfDict(
            {
                kasane: [
                    {
                        "default": True,
                        "client_id": client_id,
                        "auth_login_url": f"{kasane}/lti/platform/auth",
                        "auth_token_url": f"{kasane}/lti/platform/token",
                        "key_set_url": f"{kasane}/lti/platform/jwks",
                        "deployment_ids": [deployment_id],
                    }
                ]
            }
        )
        private = self._key.as_pem(private=True).decode()
        public = self._key.as_pem(private=False).decode()
        conf.set_private_key(kasane, private, client_id=client_id)
        conf.set_public_key(kasane, public, client_id=client_id)
        self._conf = conf

    async def _jwks(self, _request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self._conf.get_jwks))

    def _services(self, request: _Params) -> tuple[SessionService, _Cookies, _Storage]:
        return SessionService(request), _Cookies(request), _Storage(self._cache)

    async def _params(self, request: Request) -> _Params:
        raw = request.url.query if request.method == "GET" else (await request.body()).decode()
        return _Params(dict(parse_qsl(raw)), dict(request.cookies))

    async def _login(self, request: Request) -> Response:
        params = await self._params(request)
        login = _Login(params, self._conf, *self._services(params))
        url = await run_in_threadpool(login.redirect, f"{self.url}/launch")
        answer: Response = RedirectResponse(url, 302)
        if self.posts:
            action, _, query = url.partition("?")
            fields = "".join(
                f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
                for name, value in parse_qsl(query)
            )
            answer = HTMLResponse(f'<form method="post" action="{action}">{fields}</form>')
        for name, value in params.set.items():
            answer.set_cookie(name, value)
        return answer

    async def _launch(self, request: Request) -> Response:
        params = await self._params(request)

        def validated() -> Launch:
            launch = Launch(params, self._conf, *self._services(params))
            return launch.validate()

        try:
            launch = await run_in_threadpool(validated)
        except LtiException as error:
            self.refused.append(str(error))
            return HTMLResponse(f"<h1>refused: {html.escape(str(error))}</h1>", 403)
        self.launches.append(launch)
        if launch.is_deep_link_launch():
            return HTMLResponse(launch.get_deep_link().output_response_form(self.offered))
        return HTMLResponse("<h1>the course</h1>")


def score(given: float, sub: str, *, ago: float = 0, progress: str = "Completed") -> Grade:
    at = datetime.now(UTC) - timedelta(seconds=ago)
    return (
        Grade()
        .set_score_given(given)
        .set_score_maximum(50)
        .set_activity_progress(progress)
        .set_grading_progress("FullyGraded" if progress == "Completed" else "Pending")
        .set_timestamp(at.isoformat(timespec="milliseconds"))
        .set_user_id(sub)
    )
