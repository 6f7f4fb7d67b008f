"""An LMS built on lti1p3platform, as it comes: it launches tools and keeps a gradebook for them."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from joserfc.jwk import RSAKey
from lti1p3platform.exceptions import LineItemNotFoundException
from lti1p3platform.lineitem import TLineItem
from lti1p3platform.ltiplatform import LTI1P3PlatformConfAbstract
from lti1p3platform.message_launch import LTIAdvantageMessageLaunchAbstract
from lti1p3platform.oidc_login import OIDCLoginAbstract
from lti1p3platform.registration import Registration
from lti1p3platform.request import Request as LibraryRequest
from lti1p3platform.response import Response as LibraryResponse
from lti1p3platform.score import TScore, UpdateScoreStatus
from lti1p3platform.service_connector import AssignmentsGradesService, TPage
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from config.demo.portals.site import Site

LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
CLIENT = "kasane-at-lms"


class _Conf(LTI1P3PlatformConfAbstract):
    def init_platform_config(self, **asked: Any) -> None:
        self._registration = asked["registration"]

    def get_registration_by_params(self, **_asked: Any) -> Registration:
        assert self._registration is not None
        return self._registration


class _Login(OIDCLoginAbstract):
    def set_lti_message_hint(self, **asked: Any) -> None:
        self._lti_message_hint = asked["hint"]

    def get_redirect(self, url: str) -> str:
        return url


class _Launch(LTIAdvantageMessageLaunchAbstract):
    def render_launch_form(self, launch_data: dict[str, Any], **_asked: Any) -> dict[str, Any]:
        return launch_data


class _Asked(LibraryRequest):
    def build_metadata(self, request: Any) -> Any:
        return request


@dataclass
class Link:
    """A link in the LMS's only course: what it opens, and the address of its column, if any."""

    id: str
    target: str
    column: str = ""


class _Grades(AssignmentsGradesService):
    """The library's service over the gradebook of an Lms."""

    def __init__(self, lms: LibraryLms, asked: LibraryRequest) -> None:
        super().__init__(asked, lms.conf, lms.line_items)
        self._lms = lms

    def find_lineitems(self, page: int = 1, limit: int | None = None, **sought: Any) -> TPage:
        del page, limit
        names = {"resource_link_id": "resourceLinkId", "resource_id": "resourceId", "tag": "tag"}
        wanted = {names[name]: value for name, value in sought.items()}
        found = [one for one in self._lms.columns.values() if wanted.items() <= dict(one).items()]
        return {"content": found, "has_next": False, "next": None}

    def find_lineitem(self, line_item_id: str) -> TLineItem:
        if line_item_id not in self._lms.columns:
            raise LineItemNotFoundException
        return self._lms.columns[line_item_id]

    def create_lineitem(self, creation_data: TLineItem) -> TLineItem:
        return self._lms.column(dict(creation_data))

    def update_lineitem(self, update_data: TLineItem) -> TLineItem:
        # The library names it by what stands in the address alone.
        column = self._lms.columns[update_data["id"]]
        column.update(dict(update_data) | {"id": column["id"]})
        return column

    def delete_lineitem(self, line_item_id: str) -> None:
        del self._lms.columns[line_item_id]

    def update_score(self, line_item_id: str, score: TScore) -> UpdateScoreStatus:
        mine = self._lms.scores.setdefault(line_item_id, [])
        before = [one for one in mine if one["userId"] == score["userId"]]
        if before and before[-1]["timestamp"] > str(score["timestamp"]):
            return UpdateScoreStatus.OLD_TIMESTAMP
        mine.append(dict(score))
        return UpdateScoreStatus.SUCCESS

    def get_results(
        self,
        line_item_id: str,
        page: int = 1,
        limit: int | None = None,
        user_id: str | None = None,
    ) -> TPage:
        del page, limit, user_id
        # A gradebook shows what it has in the measure of its column.
        maximum = self._lms.columns[line_item_id]["scoreMaximum"]
        latest = {one["userId"]: one for one in self._lms.scores.get(line_item_id, [])}
        content = [
            {
                "id": f"{self._lms.line_items}/{line_item_id}/results/{who}",
                "userId": who,
                "resultScore": one["scoreGiven"] / one["scoreMaximum"] * maximum,
                "resultMaximum": maximum,
            }
            for who, one in latest.items()
        ]
        return {"content": content, "has_next": False, "next": None}


class LibraryLms:
    """The LMS at its own address, registered with Kasane at `kasane`.

    `before`: answers that it gives to its services' next callers instead of the right ones.
    `placed`: content items that were chosen; each becomes a link with the column it wants.
    """

    def __init__(self, site: Site, kasane: str) -> None:
        self.url, self.host = site.url, site.host
        self.kasane = kasane
        self.line_items = f"{site.url}/lineitems"
        self.columns: dict[str, Any] = {}
        self.scores: dict[str, list[dict[str, Any]]] = {}
        self.links: dict[str, Link] = {}
        self.before: list[Response] = []
        self.asked: list[str] = []
        key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"})
        registration = (
            Registration()
            .set_iss(site.url)
            .set_client_id(CLIENT)
            .set_deployment_id("1")
            .set_launch_url(f"{kasane}/passport")
            .set_deeplink_launch_url(f"{kasane}/passport")
            .set_oidc_login_url(f"{kasane}/lti/login")
            .set_tool_key_set_url(f"{kasane}/lti/jwks")
            .set_platform_private_key(key.as_pem(private=True).decode())
            .set_platform_public_key(key.as_pem(private=False).decode())
        )
        self.conf = _Conf(registration=registration)
        site.serve(
            Starlette(
                routes=[
                    Route("/go/{link}", self._go),
                    Route("/auth", self._auth),
                    Route("/jwks", self._jwks),
                    Route("/token", self._token, methods=["POST"]),
                    Route("/placed", self._place, methods=["POST"]),
                    Route("/lineitems", self._columns, methods=["GET", "POST"]),
                    Route("/lineitems/{id}", self._column, methods=["GET", "PUT", "DELETE"]),
                    Route("/lineitems/{id}/scores", self._score, methods=["POST"]),
                    Route("/lineitems/{id}/results", self._results),
                ]
            )
        )

    def connector(self, **changed: Any) -> dict[str, Any]:
        """The entry by which Kasane knows it."""
        return {
            "id": "lms",
            "type": "lti_ags",
            "title": {"ja": "北の大学LMS", "en": "Kita University"},
            "iss": self.url,
            "client_id": CLIENT,
            "deployment_id": "1",
            "auth_login_url": f"{self.url}/auth",
            "jwks_url": f"{self.url}/jwks",
            "token_url": f"{self.url}/token",
            "may_assert_homepages": [self.url],
            "allow_private_hosts": [self.host],
        } | changed

    def column(self, wanted: dict[str, Any]) -> Any:
        """A new column of its gradebook."""
        number = str(len(self.columns) + 1)
        self.columns[number] = wanted | {"id": f"{self.line_items}/{number}"}
        return self.columns[number]

    async def _go(self, request: Request) -> Response:
        """Somebody (`who`) presses a link, or `choose` to place one."""
        name = request.path_params["link"]
        start = _Login(None, self.conf)
        start.set_lti_message_hint(hint=name)
        if name == "choose":
            start.set_deeplinking_launch_url()
        else:
            start.set_launch_url(self.links[name].target)
        return RedirectResponse(start.initiate_login(request.query_params["who"]), 303)

    async def _auth(self, request: Request) -> Response:
        query = dict(request.query_params)
        launch = _Launch(_Asked({"form_data": {}, "get_data": query, "method": "GET"}), self.conf)
        launch.set_user_data(query["login_hint"], [LEARNER])
        launch.set_launch_context_claim("77", context_title="データ活用入門")
        name = query["lti_message_hint"]
        if name == "choose":
            launch.set_dl(f"{self.url}/placed", accept_types={"ltiResourceLink"})
        else:
            link = self.links[name]
            launch.set_resource_link_claim(link.id)
            launch.set_launch_url(link.target)
            launch.set_ags(self.line_items, link.column or None)
        sent = launch.lti_launch()
        fields = "".join(
            f'<input type="hidden" name="{one}" value="{html.escape(sent[one])}">'
            for one in ("state", "id_token")
        )
        return HTMLResponse(f'<form method="post" action="{sent["launch_url"]}">{fields}</form>')

    async def _place(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        items = await run_in_threadpool(self.conf.validate_deeplinking_resp, form)
        for item in items:
            link = Link(f"rl-{len(self.links) + 1}", item["url"])
            if "lineItem" in item:
                column = self.column(item["lineItem"] | {"resourceLinkId": link.id})
                link.column = column["id"]
            self.links[link.id] = link
        return HTMLResponse("<h1>placed</h1>")

    async def _jwks(self, _request: Request) -> Response:
        return JSONResponse(self.conf.get_jwks())

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        return JSONResponse(await run_in_threadpool(self.conf.get_access_token, form))

    async def _columns(self, request: Request) -> Response:
        return await self._served(
            request,
            lambda service: service.handle_resp(
                service.handle_create_lineitem
                if request.method == "POST"
                else service.handle_get_lineitems
            ),
        )

    async def _column(self, request: Request) -> Response:
        def answered(service: _Grades) -> LibraryResponse:
            handle = {
                "GET": service.handle_get_lineitem,
                "PUT": service.handle_update_lineitem,
                "DELETE": service.handle_delete_lineitem,
            }[request.method]
            return service.handle_resp(handle, line_item_id=request.path_params["id"])

        return await self._served(request, answered)

    async def _score(self, request: Request) -> Response:
        id_ = request.path_params["id"]
        return await self._served(
            request,
            lambda one: one.handle_resp(one.handle_update_score, line_item_id=id_),
        )

    async def _results(self, request: Request) -> Response:
        id_ = request.path_params["id"]
        return await self._served(
            request, lambda one: one.handle_resp(one.handle_get_results, line_item_id=id_)
        )

    async def _served(self, request: Request, answered: Any) -> Response:
        self.asked.append(f"{request.method} {request.url.path}")
        if self.before:
            return self.before.pop(0)
        body = await request.body()
        asked = _Asked(
            {
                "method": request.method,
                "get_data": dict(request.query_params),
                "headers": {"Authorization": request.headers.get("authorization", "")},
                "json": json.loads(body) if body else None,
            }
        )
        found: LibraryResponse = await run_in_threadpool(answered, _Grades(self, asked))
        if found.code == 204 or found.result is None:
            return Response(status_code=found.code)
        is_page = isinstance(found.result, dict) and "has_next" in found.result
        content = found.result["content"] if is_page else found.result
        return JSONResponse(content, found.code, media_type=found.media_type)
