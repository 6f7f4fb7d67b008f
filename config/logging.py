"""Logging: structured, one line an event, and without secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

_SECRET_WORDS = (
    "password",
    "secret",
    "token",
    "authorization",
    "cookie",
    "code_verifier",
    "api_key",
    "master_key",
    "private_key",
)
_HIDDEN = "***"
_PASSWORD_IN_URL = re.compile(r"(://[^\s/:@]*:)[^\s/@]+@")


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide every value whose name speaks of a secret, at any depth, and passwords in addresses."""
    for key in event:
        event[key] = _shown(key, event[key])
    return event


def _shown(name: str, value: Any) -> Any:
    """What of a value may be written down."""
    if any(word in name.lower() for word in _SECRET_WORDS):
        return _HIDDEN
    match value:
        case str():
            return _PASSWORD_IN_URL.sub(rf"\1{_HIDDEN}@", value)
        case Mapping():
            return {key: _shown(str(key), held) for key, held in value.items()}
        case list():
            return [_shown("", held) for held in value]
        case tuple():
            # The kind matters: the exception of an event travels as a tuple.
            return tuple(_shown("", held) for held in value)
    return value


def configure(log_format: str, level: str) -> None:
    """Send structlog and the standard library's logs to stderr in one form."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    # Local variables in a traceback would print the secrets that the events leave out.
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(
            exception_formatter=structlog.dev.plain_traceback, colors=sys.stderr.isatty()
        )
    )
    tail: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, renderer] if log_format == "json" else [renderer]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in ("uvicorn.access", "httpx", "httpcore", "aiosqlite", "alembic", "apscheduler"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
