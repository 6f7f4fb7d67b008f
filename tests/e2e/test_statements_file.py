"""`kasane statements export` and `import` as an operator runs them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from config.demo.installation import Installation
from tests.e2e import portal_k

pytestmark = pytest.mark.e2e


def _statement(name: str, **members: Any) -> str:
    statement = {
        "actor": {"account": {"homePage": portal_k.HOME, "name": name}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": f"{portal_k.HOME}/courses/one"},
    }
    return json.dumps({**statement, **members})


def test_a_file_goes_in_and_out_and_what_is_wrong_with_it_is_told(
    installation: Installation,
) -> None:
    kasane = installation
    portal_k.set_up(kasane)
    lines = [_statement("a"), _statement("b", verb=None), _statement("c"), "{"]
    (kasane.folder / "in.ndjson").write_text("\n".join(lines))
    take_in = ("statements", "import", "in.ndjson", "--credential")
    done = kasane.command(*take_in, "portal-k", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout) == {
        "file": "in.ndjson",
        "stored": 2,
        "duplicate": 0,
        "attachments": 0,
        "documents": 0,
        "rejected": 2,
        "broken_off": False,
    }
    assert "2行目 /verb" in done.stderr
    kept = (kasane.folder / "in.ndjson.rejected").read_text().splitlines()
    assert [(json.loads(one)["line"], json.loads(one)["text"]) for one in kept] == [
        (2, lines[1]),
        (4, lines[3]),
    ]
    assert "nobody" in kasane.command(*take_in, "nobody").stderr

    told = kasane.run("statements", "export", "out.ndjson")
    assert told["statements"] == 2
    written = (kasane.folder / "out.ndjson").read_text()
    assert kasane.command("statements", "export", "-").stdout == written
    again = kasane.run("statements", "import", "out.ndjson", "--credential", "portal-k")
    assert again["duplicate"] == 2
    assert kasane.command("statements", "export", "more.ndjson", "--json").stdout.count("\n") == 1
    restored = kasane.run(
        "statements", "import", "out.ndjson", "--credential", "portal-k", "--keep-authority"
    )
    assert restored["duplicate"] == 2
    short = kasane.folder / "short.ndjson"
    short.write_text("".join(written.splitlines(keepends=True)[:-1]))
    done = kasane.command("statements", "import", "short.ndjson", "--credential", "portal-k")
    assert done.returncode == 1
    assert "途中で切れています" in done.stderr
    one = kasane.run("statements", "export", "one.ndjson", "--verb", "https://x.example/v")
    assert one["statements"] == 0
    refused = kasane.command("statements", "export", "no.ndjson", "--since", "yesterday")
    assert refused.returncode == 1
    assert "--since" in refused.stderr
