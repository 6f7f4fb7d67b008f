"""Problem details (RFC 9457): the one way in which Kasane says no.

    Problem
    ├── Invalid             400
    ├── Unauthenticated     401
    ├── Forbidden           403
    ├── NotFound            404
    ├── Conflict            409
    ├── PreconditionFailed  412
    ├── TooLarge            413
    ├── TooMany             429
    └── Unavailable         503

Only the edge raises them; pure cores return faults as values. A 5xx never shows internals.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.text import Text, preferred

if TYPE_CHECKING:
    from fastapi import FastAPI

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """A refusal with a stable code, a text in both languages, and the place it speaks of.

    `spec` names the violated section, `pointer` is a JSON Pointer (RFC 6901) into the body;
    `members` become further members of the problem document.
    """

    status = 500

    def __init__(
        self,
        code: str,
        text: Text,
        *,
        spec: str = "",
        pointer: str = "",
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(f"{code}: {text.en}")
        self.code = code
        self.text = text
        self.spec = spec
        self.pointer = pointer
        self.headers = dict(headers or {})
        self.members = members


class Invalid(Problem):
    """The request is malformed or breaks a rule of its specification."""

    status = 400


class Unauthenticated(Problem):
    """Nobody, or nobody we know, is asking."""

    status = 401


class Forbidden(Problem):
    """We know who asks, and they may not."""

    status = 403


class NotFound(Problem):
    """There is no such thing, or none that the asker may know of."""

    status = 404


class Conflict(Problem):
    """What is asked contradicts what is stored."""

    status = 409


class PreconditionFailed(Problem):
    """The asker's picture of the resource is out of date."""

    status = 412


class TooLarge(Problem):
    """The content is larger than we take."""

    status = 413


class TooMany(Problem):
    """The asker has to slow down; send `Retry-After`."""

    status = 429


class Unavailable(Problem):
    """We cannot serve this now; the same request may pass later."""

    status = 503


_BY_STATUS: dict[int, tuple[str, Text]] = {
    404: ("not_found", Text(ja="ページまたは資源が見つかりません。", en="There is nothing here.")),
    405: (
        "method_not_allowed",
        Text(
            ja="この場所ではその操作はできません。", en="This resource does not take that method."
        ),
    ),
    500: (
        "internal_error",
        Text(
            ja="処理中に問題が起きました。記録しましたので、時間をおいてもう一度お試しください。",
            en="Something went wrong on our side. It has been recorded; please try again later.",
        ),
    ),
}


def body(problem: Problem, language: str) -> dict[str, Any]:
    """The problem document (RFC 9457 §3) in `language`."""
    document: dict[str, Any] = {
        "type": f"urn:kasane:problem:{problem.code}",
        "title": problem.text.in_(language),
        "status": problem.status,
        "code": problem.code,
    }
    if problem.spec:
        document["spec"] = problem.spec
    if problem.pointer:
        document["pointer"] = problem.pointer
    return document | problem.members


def of_status(status: int) -> Problem:
    """The problem that stands for a bare HTTP status raised by the framework."""
    code, text = _BY_STATUS.get(
        status, (f"http_{status}", Text(ja="要求を処理できません。", en="The request was refused."))
    )
    problem = Problem(code, text, spec="RFC 9110 §15.5.6" if status == 405 else "")
    problem.status = status
    return problem


def response(problem: Problem, request: Request) -> Response:
    """The problem as `application/problem+json`, in the language the client prefers."""
    language = preferred(request.headers.get("accept-language"), default="en")
    return JSONResponse(
        body(problem, language),
        status_code=problem.status,
        headers={"Content-Language": language, **problem.headers},
        media_type=MEDIA_TYPE,
    )


_NO_SUCH_CHARACTER = "22021"  # PostgreSQL, Appendix A: character_not_in_repertoire
_UNSTORABLE = Text(
    ja="保存できない制御文字が含まれています。",
    en="The request contains a control character that cannot be stored.",
)
Renderer = Callable[[Problem, Request], Response | Awaitable[Response]]


def install(app: FastAPI, render: Renderer = response) -> None:
    """Answer every problem, framework error and crash through `render`."""
    # A command refuses in the same words, and need not wait for a framework of the web.
    from fastapi.exceptions import RequestValidationError  # noqa: PLC0415

    async def rendered(problem: Problem, request: Request) -> Response:
        answer = render(problem, request)
        return answer if isinstance(answer, Response) else await answer

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # noqa: S101 -- registered for this class only
        return await rendered(error, request)

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        problem = of_status(error.status_code)
        problem.headers = dict(error.headers or {})
        return await rendered(problem, request)

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        first = error.errors()[0]
        place = "/".join(str(part) for part in first["loc"][1:])
        text = Text(
            ja=f"入力に誤りがあります（{place}）。", en=f"{place or 'request'}: {first['msg']}"
        )
        return await rendered(Invalid("invalid_request", text, pointer=f"/{place}"), request)

    async def on_database(request: Request, error: Exception) -> Response:
        # PostgreSQL keeps every character but NUL, which may come in any address or header.
        if getattr(getattr(error, "orig", None), "sqlstate", "") != _NO_SUCH_CHARACTER:
            raise error
        return await rendered(Invalid("forbidden_character", _UNSTORABLE), request)

    async def on_crash(request: Request, error: Exception) -> Response:
        log.error("request_crashed", path=request.url.path, exc_info=error)
        return await rendered(of_status(500), request)

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(DBAPIError, on_database)
    app.add_exception_handler(Exception, on_crash)
