"""The commands for credentials, from a first key to its end, on both databases."""

from __future__ import annotations

import json

import pytest

RIGHTS = ["--title", "まなび北", "--scope", "xapi:write", "--home-page", "https://portal.example"]


def test_a_key_is_made_shown_changed_rotated_and_revoked(kasane):
    words = kasane("credentials", "create", "north", *RIGHTS)
    assert "シークレットは二度と表示されません。" in words
    assert "https://badges.example.jp/oauth/token" in words
    made = json.loads(kasane("credentials", "create", "south", *RIGHTS, "--json"))
    assert made["endpoint"] == "https://badges.example.jp/xapi"
    assert len(made["secret"]) >= 43
    listed = json.loads(kasane("credentials", "list", "--json"))
    assert [one["id"] for one in listed] == ["north", "south"]
    assert made["secret"] not in json.dumps(listed)
    assert "hash" not in json.dumps(listed)
    changed = json.loads(
        kasane(
            "credentials",
            "change",
            "south",
            "--void",
            "--expires",
            "2027-04-01T00:00:00+09:00",
            "--json",
        )
    )
    assert (changed["may_void"], changed["expires_at"]) == (True, "2027-03-31T15:00:00.000Z")
    assert changed["home_pages"] == ["https://portal.example"]
    endless = json.loads(kasane("credentials", "change", "south", "--expires", "never", "--json"))
    assert (endless["expires_at"], endless["may_void"]) == (None, True)
    added = json.loads(kasane("credentials", "add", "south", "--json"))
    assert added.keys() == made.keys()
    rotated = json.loads(kasane("credentials", "rotate", "south", "--overlap-hours", "2", "--json"))
    assert rotated["secret"] != made["secret"]
    assert rotated["old_secret_until"]
    kasane("credentials", "revoke", "south", status=1, input="n\n")
    assert "失効させました" in kasane(
        "credentials", "revoke", "south", "--yes", "--reason", "契約終了"
    )
    shown = json.loads(kasane("credentials", "show", "south", "--json"))
    assert shown["revoked_at"]
    assert "失効" in kasane("credentials", "list")
    assert json.loads(kasane("check", "--json"))["findings"]["audit_log"] == "ok (7)"


@pytest.mark.parametrize(
    ("words", "ja", "code"),
    [
        (["create", "Ä", *RIGHTS], "IDは半角の英小文字か数字で始め", "credential_id_refused"),
        (["create", "x", "--title", " "], "空にはできません。 (/title)", "empty"),
        (["create", "x", *RIGHTS, "--scope", "root"], "次のどれでもありません", "not_one_of"),
        (
            ["create", "x", *RIGHTS, "--activity-prefix", "https://a@b.example"],
            "範囲として使えないアドレスです",
            "not_a_place",
        ),
        (
            ["create", "x", *RIGHTS, "--expires", "soon"],
            "日時として認められません",
            "not_a_timestamp",
        ),
        (
            ["create", "x", *RIGHTS, "--jwks-uri", "http://b.example"],
            "https:// で始まるアドレスではありません。",
            "not_an_https_address",
        ),
        (["show", "nobody"], "有効な接続キー「nobody」はありません。", "no_such_credential"),
        (
            ["change", "nobody", "--void"],
            "有効な接続キー「nobody」はありません。",
            "no_such_credential",
        ),
        (["add", "nobody"], "有効な接続キー「nobody」はありません。", "no_such_credential"),
        (["rotate", "nobody"], "有効な接続キー「nobody」はありません。", "no_such_credential"),
        (
            ["revoke", "nobody", "--yes"],
            "有効な接続キー「nobody」はありません。",
            "no_such_credential",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_words(kasane, words, ja, code):
    status = 2 if words[0] == "create" else 1
    said = "".join(kasane("credentials", *words, status=status).split())
    assert "".join(ja.split()) in said
    refused = json.loads(kasane("credentials", *words, "--json", status=status))
    assert refused["code"] == code
    # These are no statements: the section on JSON is not what a moment of theirs breaks.
    assert "§4.2.1" not in refused.get("spec", "")


def test_a_change_with_a_value_that_means_nothing_ends_with_status_2(kasane):
    kasane("credentials", "create", "north", *RIGHTS)
    for option in (("--scope", "nonsense"), ("--expires", "tomorrow")):
        kasane("credentials", "change", "north", *option, status=2)


def test_who_signs_is_given_a_secret_only_where_it_is_asked_for(kasane):
    signs = (*RIGHTS, "--jwks-uri", "https://b.example/jwks.json", "--json")
    assert json.loads(kasane("credentials", "create", "north", *signs))["secret"] is None
    both = json.loads(kasane("credentials", "create", "south", *signs, "--secret"))
    assert len(both["secret"]) >= 43
    assert "シークレットはありません" in kasane("credentials", "create", "west", *signs[:-1])


def test_a_key_is_shown_in_the_words_of_people(kasane):
    kasane("credentials", "create", "north", *RIGHTS)
    shown = kasane("credentials", "show", "north")
    assert not any(word in shown for word in ("None", "False", "True", "{", "['"))


def test_an_id_is_given_once(kasane):
    kasane("credentials", "create", "north", *RIGHTS)
    again = json.loads(kasane("credentials", "create", "north", *RIGHTS, "--json", status=1))
    assert (again["code"], again["status"]) == ("credential_exists", 409)
