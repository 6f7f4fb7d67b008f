"""How to register us in Sakai."""

from __future__ import annotations

from engine.text import Text
from web.views.guides.guide import APPROVE, ENTER, Guide

SAKAI = Guide(
    "sakai",
    "Sakai",
    by_itself=(
        Text(
            "管理者で「Administration Workspace → External Tools → "
            "Auto-Provision LTI Advantage」を開きます。",
            "As an administrator, open “Administration Workspace → External Tools → "
            "Auto-Provision LTI Advantage”.",
        ),
        Text(
            "名前を付け、登録用アドレスを貼り付けて登録します。",
            "Give it a name, paste the registration address, and register.",
        ),
        APPROVE,
    ),
    by_hand=(
        Text(
            "「External Tools → Install LTI 1.x Tool」で「LTI 1.3」を選び、"
            "上のアドレスを同じ名前の欄に貼り付けます。",
            "At “External Tools → Install LTI 1.x Tool” choose LTI 1.3 and paste our addresses "
            "into the fields of the same names.",
        ),
        Text(
            "成績と名簿のサービス、コンテンツの選択を許可して保存します。",
            "Allow the grade and roster services and content item selection, and save.",
        ),
        ENTER,
    ),
    note=Text(
        "Sakai 25.2以降では、ツールごとの許可（allowgradebookreadonly）を与えると、"
        "ほかの成績欄も読み取れます。",
        "From Sakai 25.2 on, a permission of the tool (allowgradebookreadonly) lets it read "
        "the other columns of the gradebook too.",
    ),
)
