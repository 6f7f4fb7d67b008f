"""Audit, vault, mail, texts and problems."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from engine import audit, problems
from engine.database import Database
from engine.mail import FolderMailer
from engine.text import Text, preferred
from engine.vault import CannotOpen, Vault, master_key

AT = datetime(2026, 3, 10, tzinfo=UTC)


async def _three_entries(database: Database) -> None:
    for number in range(3):
        async with database.write() as conn:
            await audit.record(
                conn, at=AT, actor="staff:1", action="link", subject=f"p{number}", after={"n": 1}
            )


async def test_the_chain_of_an_untouched_log_verifies(database: Database) -> None:
    await _three_entries(database)
    async with database.read() as conn:
        assert await audit.verify_chain(conn) == 3


@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE audit_entry SET actor = 'staff:2' WHERE seq = 2",
        "DELETE FROM audit_entry WHERE seq = 2",
        "UPDATE audit_entry SET reason = 'x' WHERE seq = 3",
    ],
)
async def test_a_changed_or_missing_entry_breaks_the_chain(
    database: Database, forgery: str
) -> None:
    await _three_entries(database)
    async with database.write() as conn:
        await conn.execute(sa.text(forgery))
    async with database.read() as conn:
        with pytest.raises(ValueError, match="broken at entry"):
            await audit.verify_chain(conn)


def test_a_secret_opens_only_in_its_place_and_with_its_key(tmp_path: Path) -> None:
    key = master_key(tmp_path / "master.key")
    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600
    assert master_key(tmp_path / "master.key") == key
    sealed = Vault(key).seal(b"secret", "connector:portal-a")
    assert b"secret" not in sealed
    assert Vault(key).open(sealed, "connector:portal-a") == b"secret"
    with pytest.raises(CannotOpen):
        Vault(key).open(sealed, "connector:portal-b")
    with pytest.raises(CannotOpen):
        Vault(b"\0" * 32).open(sealed, "connector:portal-a")
    with pytest.raises(CannotOpen):
        Vault(key).open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "connector:portal-a")


async def test_mail_without_a_server_becomes_a_file_that_a_mail_program_reads(
    tmp_path: Path,
) -> None:
    mailer = FolderMailer(tmp_path, "kasane@example.jp", lambda: AT)
    await mailer.send("yui@example.co.jp", "確認コード", "コードは 123456 です。\n")
    (path,) = tmp_path.glob("*.eml")
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert message["Subject"] == "確認コード"
    assert "123456" in message.get_body().get_content()


async def test_a_line_break_in_an_address_is_refused(tmp_path: Path) -> None:
    mailer = FolderMailer(tmp_path, "kasane@example.jp", lambda: AT)
    with pytest.raises(ValueError, match=r"linefeed|CR|header"):
        await mailer.send("a@example.jp\r\nBcc: b@example.jp", "s", "t")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "ja"),
        ("en-GB,en;q=0.8", "en"),
        ("fr, ja;q=0.5, en;q=0.4", "ja"),
        ("en;q=0, ja", "ja"),
        ("*", "ja"),
        ("en;q=nonsense", "ja"),
    ],
)
def test_the_preferred_language_follows_the_header(header: str | None, language: str) -> None:
    assert preferred(header) == language


def _app() -> FastAPI:
    app = FastAPI()
    problems.install(app)

    @app.get("/conflict")
    async def conflict() -> None:
        raise problems.Conflict(
            "id_conflict", Text(ja="衝突です。", en="Conflict."), pointer="/id", spec="xAPI"
        )

    @app.get("/crash")
    async def crash() -> None:
        raise RuntimeError("the password is hunter2")

    @app.get("/number")
    async def number(n: int) -> None: ...

    return app


async def _get(path: str, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(_app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        return await client.get(path, headers=headers)


async def test_a_problem_says_what_where_and_by_which_rule_in_the_readers_language() -> None:
    answer = await _get("/conflict", **{"accept-language": "ja"})
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:kasane:problem:id_conflict",
        "title": "衝突です。",
        "status": 409,
        "code": "id_conflict",
        "spec": "xAPI",
        "pointer": "/id",
    }


async def test_a_crash_shows_nothing_of_the_inside() -> None:
    answer = await _get("/crash")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert answer.json()["code"] == "internal_error"


async def test_the_frameworks_own_refusals_are_problems_too_and_never_422() -> None:
    assert (await _get("/nowhere")).json()["code"] == "not_found"
    answer = await _get("/number?n=x")
    assert (answer.status_code, answer.json()["pointer"]) == (400, "/n")
