"""How to register us in Canvas."""

from __future__ import annotations

from engine.text import Text
from web.views.guides.guide import APPROVE, Guide

CANVAS = Guide(
    "canvas",
    "Canvas",
    by_itself=(
        Text(
            "アカウント管理者で「Admin → Developer Keys → + Developer Key → "
            "LTI Registration」を開きます（新しい画面では「Apps → Install a New App」）。",
            "As an account administrator, open “Admin → Developer Keys → + Developer Key → "
            "LTI Registration” (in newer versions “Apps → Install a New App”).",
        ),
        Text(
            "登録用アドレスを貼り付けて続け、最後に鍵を「ON」にします。",
            "Paste the registration address, go on, and switch the key “ON” at the end.",
        ),
        APPROVE,
        Text(
            "アプリの「Deployment Id」を、この画面のデプロイメントIDに追加します。",
            "Add the app's “Deployment Id” to the deployments here.",
        ),
    ),
    by_hand=(
        Text(
            "「Developer Keys → + LTI Key」で「Method」を「Enter URL」にし、"
            "Canvas用の設定のURLを貼り付けます（「Paste JSON」ならその中身を貼り付けます）。",
            "At “Developer Keys → + LTI Key” set “Method” to “Enter URL” and paste the address "
            "of the configuration for Canvas (or paste its content at “Paste JSON”).",
        ),
        Text(
            "「Redirect URIs」にリダイレクトURIを貼り付けて保存し、鍵を「ON」にします。",
            "Paste our redirection URI into “Redirect URIs”, save, and switch the key “ON”.",
        ),
        Text(
            "「Settings → Apps → + App」で「By Client ID」を選び、鍵の番号を入力します。"
            "アプリの歯車から「Deployment Id」を表示します。",
            "At “Settings → Apps → + App” choose “By Client ID” and enter the key's number. "
            "“Deployment Id” is behind the app's gear.",
        ),
        Text(
            "発行元は https://canvas.instructure.com、"
            "Client ID は鍵の番号（1000… で始まる数字）、"
            "URLは https://sso.canvaslms.com の /api/lti/authorize_redirect、"
            "/api/lti/security/jwks、/login/oauth2/token です。",
            "The issuer is https://canvas.instructure.com, the client ID is the key's number, and "
            "the addresses are /api/lti/authorize_redirect, /api/lti/security/jwks and "
            "/login/oauth2/token at https://sso.canvaslms.com.",
        ),
    ),
    note=Text(
        "自校で運用するCanvasでは、発行元とURLのホストが異なります。"
        "終了したコースの成績は読み取れません。",
        "A Canvas of your own has an issuer and addresses of its own. "
        "Grades of concluded courses cannot be read.",
    ),
)
