"""How to register us in Open edX."""

from __future__ import annotations

from engine.text import Text
from web.views.guides.guide import Guide

OPENEDX = Guide(
    "openedx",
    "Open edX",
    by_itself=(),
    by_hand=(
        Text(
            'Studioの「Advanced Settings → Advanced Module List」に "lti_consumer" を加え、'
            "単元に「LTI Consumer」を置きます。",
            'In Studio add "lti_consumer" to “Advanced Settings → Advanced Module List”, and '
            "put an “LTI Consumer” into a unit.",
        ),
        Text(
            "「LTI Version」を「LTI 1.3」、「Tool Public Key Mode」を「Keyset URL」にし、"
            "「Deep linking」と「Names & Roles (NRPS)」を有効にします。"
            "外部の講座の点数を成績に入れるときは「This activity is graded」も有効にします。",
            "Set “LTI Version” to “LTI 1.3” and “Tool Public Key Mode” to “Keyset URL”, and "
            "turn on “Deep linking” and “Names & Roles (NRPS)”; also “This activity is "
            "graded”, where the score of an outside course is to reach the gradebook.",
        ),
        Text(
            "上のアドレスを貼り付けます。「Launch URL」と「Deep Linking Launch URL」には"
            "ツールのURL、「Tool Initiate Login URL (OIDC)」にはログイン開始URL、"
            "「Tool Keyset URL」には公開鍵セットURL、「Registered Redirect URIs」には"
            'リダイレクトURIを ["https://…"] の形で入れます。',
            "Paste our addresses: the tool URL into “Launch URL” and “Deep Linking Launch "
            "URL”, the initiate login URL into “Tool Initiate Login URL (OIDC)”, the keyset "
            "URL into “Tool Keyset URL”, and the redirection URI into “Registered Redirect "
            'URIs”, written as ["https://…"].',
        ),
        Text(
            "公開すると、単元の中に Client ID、Deployment ID、各URLが表示されます。"
            "下のフォームでは製品に「Open edX」を選び、「Login URL」を認証要求URLに入れます。"
            "発行元（Issuer）は表示されません。LMSのアドレス（例：https://lms.example.jp）です。",
            "After publishing, the unit shows the client ID, deployment ID and addresses. In "
            "the form below choose the product “Open edX”; its “Login URL” is the "
            "authentication request URL. The issuer is not shown: it is the address of the "
            "LMS, such as https://lms.example.jp.",
        ),
    ),
    note=Text(
        "Open edXは単元ごとに Client ID を作るため、置いた数だけ登録します。自動登録はありません。",
        "Open edX makes a client ID for each unit, so each one is registered. "
        "It cannot register by itself.",
    ),
)
