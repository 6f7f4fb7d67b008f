"""How to register us in Blackboard."""

from __future__ import annotations

from engine.text import Text
from web.views.guides.guide import Guide

BLACKBOARD = Guide(
    "blackboard",
    "Blackboard",
    by_itself=(),
    by_hand=(
        Text(
            "developer.blackboard.com（現在は developer.anthology.com）で、LTI 1.3 の"
            "アプリを一度だけ登録し、上のアドレスを貼り付けます。"
            "「Application ID」（Client ID）が発行されます。",
            "Register an LTI 1.3 application once, at developer.blackboard.com (now "
            "developer.anthology.com), with our addresses. It gives an “Application ID”, "
            "which is the client ID.",
        ),
        Text(
            "Blackboardの「Administrator Panel → LTI Tool Providers → "
            "Register LTI 1.3/Advantage Tool」に Client ID を入力し、承認します。",
            "In Blackboard, at “Administrator Panel → LTI Tool Providers → Register LTI "
            "1.3/Advantage Tool”, enter the client ID and approve the tool.",
        ),
        Text(
            "成績と名簿のサービスを許可し、ツールの「Manage Placements → Create Placement」で"
            "「Deep Linking content tool」を選び、「Target Link URI」にツールのURLを入れます。",
            "Allow the grade and membership services, and at the tool's “Manage Placements → "
            "Create Placement” choose “Deep Linking content tool” with the tool URL as its "
            "“Target Link URI”.",
        ),
        Text(
            "発行元は https://blackboard.com、URLは開発者サイトに表示されたもの、"
            "「Deployment ID」はBlackboardの画面に表示されたものを下に入力します。",
            "Enter below the issuer https://blackboard.com, the addresses that the developer site "
            "shows, and the “Deployment ID” that Blackboard shows.",
        ),
    ),
    note=Text(
        "デプロイメントIDは、Blackboardを運用する機関ごとに異なります。",
        "Each institution that runs Blackboard has a deployment ID of its own.",
    ),
)
