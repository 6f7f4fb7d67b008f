"""How to register us in Brightspace."""

from __future__ import annotations

from engine.text import Text
from web.views.guides.guide import APPROVE, Guide

BRIGHTSPACE = Guide(
    "brightspace",
    "Brightspace",
    by_itself=(
        Text(
            "管理者で「Admin Tools → Manage Extensibility → LTI Advantage → Register Tool」"
            "を開き、「Dynamic」を選びます。",
            "As an administrator, open “Admin Tools → Manage Extensibility → LTI Advantage → "
            "Register Tool” and choose “Dynamic”.",
        ),
        Text(
            "登録用アドレスを貼り付けて登録し、ツールを「Enabled」にします。",
            "Paste the registration address, register, and set the tool to “Enabled”.",
        ),
        APPROVE,
        Text(
            "「View Deployments → New Deployment」でデプロイメントを作り、"
            "その「Deployment ID」をこの画面に追加します。",
            "Make a deployment at “View Deployments → New Deployment” and add its "
            "“Deployment ID” here.",
        ),
    ),
    by_hand=(
        Text(
            "「Register Tool」で「Standard」を選び、上のアドレスを貼り付けます。"
            "「Domain」はこのサイトのホストです。",
            "At “Register Tool” choose “Standard” and paste our addresses. “Domain” is the host "
            "of this site.",
        ),
        Text(
            "「Assignment and Grade Services」「Deep Linking」「Names and Role Provisioning "
            "Services」を選んで登録します。",
            "Choose “Assignment and Grade Services”, “Deep Linking” and “Names and Role "
            "Provisioning Services”, and register.",
        ),
        Text(
            "表示された値と、デプロイメントの「Deployment ID」を下に入力します。"
            "「Brightspace OAuth2 Audience」は「トークンの宛先（aud）」に入力します。",
            "Enter the values shown and the deployment's “Deployment ID” below. "
            "“Brightspace OAuth2 Audience” goes into “Token audience (aud)”.",
        ),
        Text(
            "デプロイメントの「View Links → New Link」で、「URL」をツールのURL、"
            "「Type」を「Deep Linking Quicklink」にしたリンクを作ると、教員が選べます。",
            "At the deployment's “View Links → New Link” make a link to the tool URL of the "
            "type “Deep Linking Quicklink”: teachers choose with it.",
        ),
    ),
    note=Text(
        "登録用の情報は1時間で切れます。ドメインは組織ごとに1つだけ登録できます。",
        "Brightspace's own registration token lasts an hour. A domain can be registered once "
        "for each organisation.",
    ),
)
