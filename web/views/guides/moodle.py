"""How to register us in Moodle."""

from __future__ import annotations

from engine.text import Text
from web.views.guides.guide import APPROVE, ENTER, Guide

MOODLE = Guide(
    "moodle",
    "Moodle",
    by_itself=(
        Text(
            "サイト管理者で、"
            "「Site administration → Plugins → External tool → Manage tools」を開きます。",
            "As a site administrator, open “Site administration → Plugins → External tool → "
            "Manage tools”.",
        ),
        Text(
            "「Tool URL」に登録用アドレスを貼り付け、「Add LTI Advantage」を押します。",
            "Paste the registration address into “Tool URL” and press “Add LTI Advantage”.",
        ),
        APPROVE,
        Text(
            "Moodleの一覧でツールを「Activate」します（Moodle側も承認待ちで作られます）。",
            "Press “Activate” on the tool in Moodle, where it waits for approval as well.",
        ),
    ),
    by_hand=(
        Text(
            "「Manage tools → configure a tool manually」で「LTI version」を"
            "「LTI 1.3」、「Public key type」を「Keyset URL」にします。",
            "At “Manage tools → configure a tool manually” set “LTI version” to “LTI 1.3” and "
            "“Public key type” to “Keyset URL”.",
        ),
        Text(
            "上の「こちらのアドレス」を同じ名前の欄に貼り付け、"
            "「Supports Deep Linking (Content-Item Message)」に印を付けます。「Services」で"
            "成績（AGS）と名簿（NRPS）を有効にして保存します。",
            "Paste our addresses above into the fields of the same names, tick “Supports Deep "
            "Linking (Content-Item Message)”, switch on the grade (AGS) and roster (NRPS) "
            "services under “Services”, and save.",
        ),
        Text(
            "ツールの「View configuration details」（虫眼鏡）で値を表示します。",
            "Open “View configuration details” (the magnifying glass) on the tool.",
        ),
        ENTER,
    ),
    note=Text(
        "氏名とメールアドレスの送信は「Never」で動きます。",
        "It works with “Never” for sharing names and mail addresses.",
    ),
)
