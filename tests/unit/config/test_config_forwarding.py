"""The commands for forwarding: what cannot be forwarded to is said, never passed over."""

from __future__ import annotations

import json

import pytest

ADD = ("forwarding", "add", "there", "https://lrs.example.jp/xapi", "--key", "k", "--secret-stdin")


def test_a_target_is_listed_with_its_limits(kasane):
    kasane("credentials", "create", "north", "--title", "North")
    limits = ("--verb", "https://x.example/v", "--activity-prefix", "https://x.example/courses")
    kasane(*ADD, *limits, "--credential", "north", input="geheim\n")
    kasane("forwarding", "add", "all", *ADD[3:], input="geheim\n")
    every, limited = json.loads(kasane("forwarding", "list", "--json"))
    assert (every["verbs"], every["activity_prefixes"], every["credentials"]) == ([], [], [])
    assert limited["verbs"] == ["https://x.example/v"]
    assert limited["activity_prefixes"] == ["https://x.example/courses"]
    assert limited["credentials"] == ["north"]
    words = "".join(kasane("forwarding", "list").split())
    assert "すべて" in words
    assert "接続キー" in words


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--verb", "completed"), "スキームから始まるIRIではありません：completed"),
        (("--activity-prefix", "x"), "範囲として使えないアドレスです：x"),
        (("--credential", "nobody"), "有効な接続キー「nobody」はありません。"),
    ],
)
def test_a_limit_that_nothing_could_pass_is_refused(kasane, options, said):
    assert said in kasane(*ADD, *options, input="geheim\n", status=1)
    assert json.loads(kasane("forwarding", "list", "--json")) == []


def test_a_target_needs_a_secret_and_the_address_of_the_store(kasane):
    assert "空にはできません。 (/secret)" in kasane(*ADD, input="\n", status=1)
    ends = (*ADD[:3], "https://lrs.example.jp/xapi/statements", *ADD[4:])
    assert "/statements は要りません" in kasane(*ends, input="geheim\n", status=1)


@pytest.mark.parametrize("deed", ["dead", "replay", "remove"])
def test_an_unknown_target_is_no_empty_list(kasane, deed):
    assert "転送先「nope」はありません。" in kasane("forwarding", deed, "nope", status=1)
    refused = json.loads(kasane("forwarding", deed, "nope", "--json", status=1))
    assert refused["code"] == "no_such_target"


def test_an_export_under_an_unknown_key_is_no_empty_file(kasane, tmp_path):
    file = tmp_path / "out.ndjson"
    words = kasane("statements", "export", str(file), "--credential", "nope", status=1)
    assert "有効な接続キー「nope」はありません。" in words
    assert not file.exists()
