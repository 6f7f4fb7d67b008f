"""The command on a filled installation: what it prints, for people and programs, and how it ends.

One installation for the module. Most commands run in this process, through the function that the
`kasane` script calls; one runs as the script, and the server is a process of its own.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox

from config.cli import main
from config.demo import proofs, story
from config.demo.installation import Installation, eventually, free_port
from config.demo.portals.foreign_lrs import ForeignLrs
from config.demo.portals.office import COLUMNS
from config.demo.portals.site import Site
from config.demo.town import OFFICE_C

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

_FILES = Path(__file__).parent / "scenarios" / "files"
_MARCH = _FILES / "s03_march_cp932.csv"
_SECRET = "mail-s3cret"
_KEEPS, _LETS_GO = "L-0001", "L-0002"
_AT_OFFICE = {_KEEPS: "C-000201", _LETS_GO: "C-000203"}
_BADGE = "B-SEC-1"


@dataclass(frozen=True)
class Done:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """All of stdout, read as one JSON document."""
        return json.loads(self.out)


@dataclass
class Command:
    """The `kasane` command over one data folder."""

    settings: dict[str, str]
    folder: Path
    issued: dict[str, Path] = field(default_factory=dict)

    def __call__(self, *arguments: str, stdin: str = "", **settings: str) -> Done:
        """What `kasane ARGUMENTS` did."""
        out, err, code = StringIO(), StringIO(), 0
        root = logging.getLogger()
        handlers, level = root.handlers, root.level
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name in [name for name in os.environ if name.startswith("KASANE_")]:
                patch.delenv(name)
            for name, value in (self.settings | settings).items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["kasane", *arguments])
            patch.setattr(sys, "stdin", StringIO(stdin))
            try:
                main()
            except SystemExit as end:
                code = int(end.code or 0)
            finally:
                # A command is its process's last word on logging; here others come after it.
                structlog.reset_defaults()
                root.handlers, root.level = handlers, level
        return Done(code, out.getvalue(), err.getvalue())

    def good(self, *arguments: str, stdin: str = "") -> Any:
        """The result of a command that has to succeed."""
        done = self(*arguments, "--json", stdin=stdin)
        assert done.code == 0, done
        return done.json


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """An SMTP server: its address, and the folder in which what it was handed lies."""
    folder = tmp_path_factory.mktemp("smtp") / "box"
    server = Controller(Mailbox(str(folder)), hostname="127.0.0.1", port=free_port())
    server.start()
    yield f"127.0.0.1:{server.port}", folder / "new"
    server.stop()


@pytest.fixture(scope="module")
def kasane(tmp_path_factory: pytest.TempPathFactory, mails: tuple[str, Path]) -> Iterator[Command]:
    """An installation with a library to read, an office's list taken in, and two learners."""
    folder = tmp_path_factory.mktemp("command")
    server = Installation(folder, KASANE_SMTP_URL=f"smtp://{mails[0]}", KASANE_LANGUAGE="en")
    command = Command(
        {
            "KASANE_DATA_DIR": str(server.data),
            "KASANE_PUBLIC_URL": server.url,
            "KASANE_SMTP_URL": f"smtp://k:{_SECRET}@{mails[0]}",
            "KASANE_LANGUAGE": "en",
        },
        folder,
    )
    with Site() as site:
        library = ForeignLrs(site.url, folder / "library.db")
        site.serve(library.app)
        assert library.keep(story.LIBRARY_HOLDS) == 200
        command.good("migrate")
        setup = folder / "connectors.yaml"
        setup.write_text(yaml.safe_dump({"connectors": _connectors(site, library)}))
        command.good("connectors", "apply", str(setup))
        command.good("rulebook", "publish", str(story.RULEBOOK))
        words = ("--password-stdin", "--role", "learner", "--person")
        for person in _AT_OFFICE:
            command.good("accounts", "add", person.lower(), *words, person, stdin=_PASSWORD + "\n")
        _imported_by_the_script(server)
        _proved_and_let_go(server, command, mails[1])
        yield command


_PASSWORD = story.PASSWORD


def _connectors(site: Site, library: ForeignLrs) -> list[dict[str, Any]]:
    pull = {
        "type": "xapi_pull",
        "title": {"ja": "図書館", "en": "Library"},
        "may_assert_homepages": [story.LIBRARY],
        "allow_private_hosts": [site.host],
        "endpoint": library.endpoint,
        "key": library.key,
        "secret": library.secret,
    }
    return [
        {"id": "library-d", **pull},
        {"id": "shut", **pull, "secret": "wrong"},
        {
            "id": "c-office",
            "type": "csv",
            "title": {"ja": "C研修事務局", "en": "Office C"},
            "home_page": OFFICE_C,
            "columns": COLUMNS,
            "natural_key": ["learner", "course", "certificate_no"],
        },
    ]


def _imported_by_the_script(server: Installation) -> None:
    """The third scenario's first file, by the installed script as a process of its own."""
    summary = server.run("import", "c-office", str(_MARCH))
    assert (summary["rows"], summary["stored"], summary["held"]) == (8, 5, 3)
    assert summary["encoding"] == "cp932"


def _proved_and_let_go(server: Installation, command: Command, post: Path) -> None:
    """Both learners prove by a code that comes over SMTP, and get a badge; one lets go of it."""
    server.start()
    try:
        for person, number in _AT_OFFICE.items():
            with server.visitor(person.lower(), _PASSWORD) as learner:
                before = set(post.iterdir())
                read = partial(_new_code, post, before)
                assert proofs.by_code(learner, "c-office", number, read) == "linked"
                (badge,) = eventually(partial(_badges, learner))
                url = f"{server.url}/credentials/{badge['award']}.json"
                answer = eventually(partial(_answered, url))
                file = command.folder / f"{person}.json"
                file.write_bytes(answer.content)
                command.issued[person] = file
                if person == _LETS_GO:
                    assert proofs.unlink(learner, number) == "unlinked"
                    eventually(lambda: learner.json("/passport.json")["revoked"])
    finally:
        server.stop()
    assert not (server.data / "mail").exists()


def _new_code(post: Path, before: set[Path]) -> str:
    (mail,) = eventually(lambda: set(post.iterdir()) - before)
    return proofs.mailed_code(mail)


def _badges(learner: Any) -> Any:
    return learner.json("/passport.json")["badges"]


def _answered(url: str) -> httpx.Response | None:
    answer = httpx.get(url, timeout=30)
    return answer if answer.is_success else None


def test_a_dry_run_foretells_the_sync_and_the_sync_is_told_in_numbers_and_words(
    kasane: Command,
) -> None:
    told = kasane.good("sync", "library-d", "--dry-run")
    assert (told["dry_run"], told["read"], told["stored"]) == (True, 2, 2)
    assert len(told["changes"]) == 2
    first = kasane.good("sync", "library-d")
    assert (first["state"], first["read"], first["stored"]) == ("ok", 2, 2)
    again = kasane("sync", "library-d")
    assert again.code == 0
    assert "library-d" in again.out
    rows = {line.split("│")[1].strip(): line for line in again.out.splitlines() if "│" in line}
    assert "2" in rows["Already known"]
    assert "0" in rows["New"]


def test_a_sync_that_fails_ends_with_1_and_says_why(kasane: Command) -> None:
    failed = kasane("sync", "shut", "--json")
    assert (failed.code, failed.json["state"]) == (1, "failed")
    assert "401" in failed.json["detail"]["ja"]
    assert "401" in failed.json["detail"]["en"]
    assert kasane("sync", "shut").code == 1


def test_a_connector_that_is_not_there_or_takes_no_files_is_refused_in_words(
    kasane: Command,
) -> None:
    for arguments, code in (
        (("sync", "nowhere"), "unknown_connector"),
        (("sync", "c-office"), "not_pulled"),
        (("import", "library-d", str(_MARCH)), "takes_no_files"),
    ):
        for language in ("ja", "en"):
            said = kasane(*arguments, KASANE_LANGUAGE=language)
            assert (said.code, said.out) == (1, "")
            assert arguments[1] in said.err
        refused = kasane(*arguments, "--json")
        assert (refused.code, refused.json["code"]) == (1, code)


def test_the_same_list_again_is_known_and_another_order_too(kasane: Command) -> None:
    again = kasane.good("import", "c-office", str(_MARCH))
    assert (again["stored"], again["duplicate"], again["held"]) == (0, 5, 3)
    assert again["file_seen_before"]
    assert set(again["reasons"]) == {"missing_learner_id", "bad_date", "date_in_future"}
    told = kasane("import", "c-office", str(_FILES / "s03_march_shuffled_utf8bom.csv"))
    assert told.code == 0
    assert "c-office" in told.out


def test_a_rehearsed_import_and_a_file_that_cannot_be_read_leave_nothing(kasane: Command) -> None:
    corrected = _FILES / "s03_march_corrected_cp932.csv"
    told = kasane.good("import", "c-office", str(corrected), "--dry-run")
    assert told["dry_run"]
    assert told["stored"] + told["changed"] > 0
    assert kasane.good("import", "c-office", str(corrected), "--dry-run") == told
    broken = kasane("import", "c-office", str(_FILES / "s03_broken_encoding.csv"), "--json")
    assert (broken.json["stored"], broken.json["held"]) == (0, 1)
    assert set(broken.json["reasons"]) == {"undecodable"}
    assert kasane("import", "c-office", str(kasane.folder / "no-such.csv")).code == 2


def test_explain_gives_the_reasons_for_a_badge_and_what_is_missing(kasane: Command) -> None:
    met = kasane.good("explain", _KEEPS, _BADGE)
    assert (met["learner"], met["badge"], met["outcome"]) == (_KEEPS, _BADGE, "met")
    assert met["award"]
    assert met["why"]["outcome"] == "met"
    missing = kasane.good("explain", _KEEPS, "B-OPEN-1")
    assert (missing["outcome"], missing["award"]) == ("not_met", None)
    gone = kasane.good("explain", _LETS_GO, _BADGE)
    assert gone["outcome"] == "not_met"
    assert [set(one["reason"]) for one in gone["revoked"]] == [{"ja", "en"}]
    for language, name in (("ja", "情報セキュリティ基礎"), ("en", "ecurity 1")):
        said = kasane("explain", _KEEPS, _BADGE, KASANE_LANGUAGE=language)
        assert said.code == 0
        assert "✓" in said.out
        assert name in said.out
    for arguments in (("L-9999", _BADGE), (_KEEPS, "B-NONE")):
        unknown = kasane("explain", *arguments, "--json")
        assert unknown.code == 1
        assert unknown.json["code"] in {"no_learner", "badge_not_found"}


def test_verify_tells_a_good_badge_from_a_changed_and_a_revoked_one(kasane: Command) -> None:
    good = kasane.issued[_KEEPS]
    assert kasane.good("verify", str(good))["verdict"] == "valid"
    said = kasane("verify", str(good))
    assert said.code == 0
    assert "✓" in said.out
    assert "✗" not in said.out

    document = json.loads(good.read_bytes())
    document["credentialSubject"]["achievement"]["name"] = "Something grander"
    changed = kasane.folder / "changed.json"
    changed.write_text(json.dumps(document))
    for file, verdict in ((changed, "invalid"), (kasane.issued[_LETS_GO], "revoked")):
        found = kasane("verify", str(file), "--json")
        assert (found.code, found.json["verdict"]) == (1, verdict)
        said = kasane("verify", str(file))
        assert said.code == 1
        assert "✗" in said.out
    (kasane.folder / "no-badge.txt").write_text("hello")
    assert kasane("verify", str(kasane.folder / "no-badge.txt"), "--json").code == 1


@pytest.fixture
def copied(kasane: Command, tmp_path: Path) -> Command:
    """The same installation, to be tampered with."""
    shutil.copytree(kasane.settings["KASANE_DATA_DIR"], tmp_path / "data")
    return Command(kasane.settings | {"KASANE_DATA_DIR": str(tmp_path / "data")}, tmp_path)


def _tamper(command: Command, *statements: str) -> None:
    database = sqlite3.connect(Path(command.settings["KASANE_DATA_DIR"]) / "kasane.db")
    for statement in statements:
        assert database.execute(statement).rowcount > 0, statement
    database.commit()
    database.close()


def test_replay_counts_what_it_decided_again_and_ends_with_1_where_something_differs(
    kasane: Command, copied: Command
) -> None:
    again = kasane.good("replay")
    assert again["checked"] > 0
    assert again["differences"] == []
    said = kasane("replay")
    assert said.code == 0
    assert str(again["checked"]) in said.out
    _tamper(copied, "UPDATE decision SET hash = 'other'")
    differs = copied("replay", "--json")
    assert differs.code == 1
    assert {one["reason"] for one in differs.json["differences"]} == {"changed"}
    assert copied("replay").code == 1


def test_check_shows_the_settings_without_secrets_and_finds_a_broken_audit_log(
    kasane: Command, copied: Command
) -> None:
    found = kasane.good("check")
    assert found["findings"]["schema"] == "ok"
    assert found["findings"]["audit_log"].startswith("ok")
    assert found["settings"]["language"] == "en"
    said = kasane("check")
    assert said.code == 0
    for told in (json.dumps(found), said.out, said.err):
        assert _SECRET not in told
    _tamper(copied, "UPDATE audit_entry SET actor = 'nobody' WHERE seq = 1")
    broken = copied("check", "--json")
    assert broken.code == 1
    assert "broken" in broken.json["findings"]["audit_log"]
    assert copied("check").code == 1


def test_long_work_tells_on_stderr_how_far_it_is_and_leaves_stdout_to_the_result(
    copied: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("config.cli.progress.EVERY_S", 0)
    shuffled = str(_FILES / "s03_march_shuffled_utf8bom.csv")
    statements, kept = str(tmp_path / "all.ndjson"), "--keep-authority"
    for arguments, told in (
        (("replay",), "(100%)"),
        (("import", "c-office", shuffled), "8/8 (100%)"),
        (("sync", "library-d"), "Reading library-d 2"),
        (("statements", "export", statements), "(100%)"),
        (("statements", "import", statements, "--credential", "c-office", kept), "(100%)"),
    ):
        for more in ([], ["--json"]):
            done = copied(*arguments, *more)
            assert done.code == 0
            assert told in done.err
            assert "%" not in done.out
        assert done.json


def test_an_import_that_keeps_the_authority_of_a_file_is_in_the_audit_log(
    copied: Command, tmp_path: Path
) -> None:
    file = tmp_path / "all.ndjson"
    written = copied("statements", "export", str(file), "--json").json["statements"]
    taking = ("statements", "import", str(file), "--credential", "c-office", "--keep-authority")
    assert copied(*taking).code == 0
    database = sqlite3.connect(Path(copied.settings["KASANE_DATA_DIR"]) / "kasane.db")
    found = database.execute(
        "SELECT actor, action, after FROM audit_entry WHERE subject = 'credential:c-office' "
        "AND action LIKE 'statements.%' ORDER BY seq"
    ).fetchall()
    database.close()
    assert [one[:2] for one in found] == [
        ("operator", "statements.restoring"),
        ("operator", "statements.restored"),
    ]
    told = json.loads(found[-1][2])
    assert told["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert told["duplicate"] == written


def test_what_goes_wrong_behind_a_command_is_logged_and_not_mixed_into_its_result(
    copied: Command,
) -> None:
    # A letter waits, and the server of mail is gone.
    _tamper(
        copied,
        "INSERT INTO outbox (topic, key, args) "
        """VALUES ('mail', 'one', '{"to": "a@example.jp", "subject": "s", "text": "t"}')""",
    )
    done = copied(
        "import",
        "c-office",
        str(_MARCH),
        "--json",
        KASANE_SMTP_URL=f"smtp://127.0.0.1:{free_port()}",
    )
    assert done.code == 0
    assert done.json["duplicate"] == 5
    assert "job_failed" in done.err


def test_a_command_starts_without_what_only_the_server_needs() -> None:
    script = "import sys, config.cli; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    heavy = {"fastapi", "uvicorn", "openbadgeslib", "pyld", "config.house", "config.app"}
    assert heavy & set(done.stdout.split()) == set()
