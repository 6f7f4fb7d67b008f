"""What is logged, in either form, from our code or a library's: never a secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

import pytest
import structlog

from config.logging import configure

SECRET = "s3cr3t-of-the-portal"
NAMED = (
    "authorization",
    "Authorization",
    "password",
    "new_password",
    "client_secret",
    "token",
    "id_token",
    "access_token",
    "Cookie",
    "set-cookie",
    "code_verifier",
    "api_key",
    "master_key",
    "private_key",
)


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Sets logging up in a form; what was written since, and nothing of it on stdout."""

    def read() -> str:
        written = capsys.readouterr()
        assert written.out == ""
        return written.err

    return read


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("name", NAMED)
def test_a_value_under_a_name_that_speaks_of_a_secret_is_hidden(logged, form, name):
    configure(form, "info")
    structlog.get_logger("t").info("called", **{name: SECRET}, connector="portal-a")
    written = logged()
    assert SECRET not in written
    assert "***" in written
    assert "portal-a" in written


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_secret_is_hidden_however_deep_it_lies(logged, form):
    configure(form, "info")
    structlog.get_logger("t").info(
        "called",
        headers={"Authorization": f"Basic {SECRET}", "Accept": "text/html"},
        tried=[{"token": SECRET}, ({"x": {"password": SECRET}},)],
    )
    written = logged()
    assert SECRET not in written
    assert "text/html" in written


@pytest.mark.parametrize("form", ["console", "json"])
def test_the_password_in_an_address_is_hidden_and_the_address_is_not(logged, form):
    configure(form, "info")
    urls = [f"smtp://kasane:{SECRET}@mail.example.jp", f"postgresql://:{SECRET}@db.example.jp/k"]
    structlog.get_logger("t").warning("no_answer", first=urls[0], both=urls)
    logging.getLogger("some.library").warning("no answer from %s", urls[1])
    written = logged()
    assert SECRET not in written
    assert "mail.example.jp" in written
    assert "db.example.jp" in written


@pytest.mark.parametrize("form", ["console", "json"])
def test_words_that_only_look_like_a_secret_are_written(logged, form):
    configure(form, "info")
    structlog.get_logger("t").info("job_failed", key="L-0001", topic="decide", keys=3)
    assert "L-0001" in logged()


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_shows_no_local_variables(logged, form):
    configure(form, "info")

    def fail() -> None:
        held = SECRET
        raise RuntimeError(str(len(held)))

    try:
        fail()
    except RuntimeError:
        structlog.get_logger("t").exception("run_crashed", connector="portal-a")
    written = logged()
    assert "RuntimeError" in written
    assert SECRET not in written


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_librarys_exception_is_written_with_its_traceback(logged, form):
    configure(form, "info")
    try:
        {}["no room"]
    except KeyError:
        logging.getLogger("some.library").exception("failed")
    assert "KeyError: 'no room'" in logged()


def test_a_librarys_event_goes_to_stderr_in_the_same_form(logged):
    configure("json", "info")
    logging.getLogger("some.library").warning("slow %s", "answer")
    event = json.loads(logged())
    assert (event["event"], event["level"]) == ("slow answer", "warning")


@pytest.mark.parametrize("library", ["httpx", "httpcore", "aiosqlite", "uvicorn.access"])
def test_libraries_that_write_addresses_and_queries_down_are_quiet(logged, library):
    # An address may carry a code or a token.
    configure("console", "debug")
    logging.getLogger(library).info("GET https://portal.example.jp/?token=%s", SECRET)
    assert logged() == ""
