"""How to register us in each LMS, step by step, in the words of its own screens.

Menus are named as the products name them in English, in quotes; their Japanese translations
differ from version to version.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.lti.core.registration import Product
from engine.text import Text


@dataclass(frozen=True, slots=True)
class Guide:
    """The way in one LMS. `by_itself`: steps with a registration address, empty where it has none;
    `by_hand`: steps with our addresses; `note`: what to know of it.
    """

    product: Product
    name: str
    by_itself: tuple[Text, ...]
    by_hand: tuple[Text, ...]
    note: Text


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


_APPROVE = _t(
    "この画面の一覧に「承認待ち」で現れます。内容を確かめて承認します。",
    "The platform appears in the list here, waiting for approval. Check it, then approve it.",
)
_ENTER = _t(
    "LMSに表示された発行元（Issuer）、Client ID、Deployment ID、各URLを、"
    "下のフォームに入力します。",
    "Enter the issuer, client ID, deployment ID and addresses that the LMS shows into the form "
    "below.",
)

GUIDES: tuple[Guide, ...] = (
    Guide(
        "moodle",
        "Moodle",
        by_itself=(
            _t(
                "サイト管理者で、"
                "「Site administration → Plugins → External tool → Manage tools」を開きます。",
                "As a site administrator, open “Site administration → Plugins → External tool → "
                "Manage tools”.",
            ),
            _t(
                "「Tool URL」に登録用アドレスを貼り付け、「Add LTI Advantage」を押します。",
                "Paste the registration address into “Tool URL” and press “Add LTI Advantage”.",
            ),
            _APPROVE,
            _t(
                "Moodleの一覧でツールを「Activate」します（Moodle側も承認待ちで作られます）。",
                "Press “Activate” on the tool in Moodle, where it waits for approval as well.",
            ),
        ),
        by_hand=(
            _t(
                "「Manage tools → configure a tool manually」で「LTI version」を"
                "「LTI 1.3」、「Public key type」を「Keyset URL」にします。",
                "At “Manage tools → configure a tool manually” set “LTI version” to “LTI 1.3” and "
                "“Public key type” to “Keyset URL”.",
            ),
            _t(
                "上の「こちらのアドレス」を同じ名前の欄に貼り付け、「Services」で"
                "成績（AGS）と名簿（NRPS）を有効にして保存します。",
                "Paste our addresses above into the fields of the same names, switch on the "
                "grade (AGS) and roster (NRPS) services under “Services”, and save.",
            ),
            _t(
                "ツールの「View configuration details」（虫眼鏡）で値を表示します。",
                "Open “View configuration details” (the magnifying glass) on the tool.",
            ),
            _ENTER,
        ),
        note=_t(
            "氏名とメールアドレスの送信は「Never」で動きます。",
            "It works with “Never” for sharing names and mail addresses.",
        ),
    ),
    Guide(
        "canvas",
        "Canvas",
        by_itself=(
            _t(
                "アカウント管理者で「Admin → Developer Keys → + Developer Key → "
                "LTI Registration」を開きます（新しい画面では「Apps → Install a New App」）。",
                "As an account administrator, open “Admin → Developer Keys → + Developer Key → "
                "LTI Registration” (in newer versions “Apps → Install a New App”).",
            ),
            _t(
                "登録用アドレスを貼り付けて続け、最後に鍵を「ON」にします。",
                "Paste the registration address, go on, and switch the key “ON” at the end.",
            ),
            _APPROVE,
            _t(
                "アプリの「Deployment Id」を、この画面のデプロイメントIDに追加します。",
                "Add the app's “Deployment Id” to the deployments here.",
            ),
        ),
        by_hand=(
            _t(
                "「Developer Keys → + LTI Key」で「Method」を「Enter URL」にし、"
                "Canvas用の設定のURLを貼り付けます（「Paste JSON」ならその中身を貼り付けます）。",
                "At “Developer Keys → + LTI Key” set “Method” to “Enter URL” and paste the address "
                "of the configuration for Canvas (or paste its content at “Paste JSON”).",
            ),
            _t(
                "「Redirect URIs」にリダイレクトURIを貼り付けて保存し、鍵を「ON」にします。",
                "Paste our redirection URI into “Redirect URIs”, save, and switch the key “ON”.",
            ),
            _t(
                "「Settings → Apps → + App」で「By Client ID」を選び、鍵の番号を入力します。"
                "アプリの歯車から「Deployment Id」を表示します。",
                "At “Settings → Apps → + App” choose “By Client ID” and enter the key's number. "
                "“Deployment Id” is behind the app's gear.",
            ),
            _t(
                "発行元は https://canvas.instructure.com、"
                "Client ID は鍵の番号（1000… で始まる数字）、"
                "URLは https://sso.canvaslms.com の /api/lti/authorize_redirect、"
                "/api/lti/security/jwks、/login/oauth2/token です。",
                "The issuer is https://canvas.instructure.com, the client ID is the "
                "key's number, and "
                "the addresses are /api/lti/authorize_redirect, /api/lti/security/jwks and "
                "/login/oauth2/token at https://sso.canvaslms.com.",
            ),
        ),
        note=_t(
            "自校で運用するCanvasでは、発行元とURLのホストが異なります。"
            "終了したコースの成績は読み取れません。",
            "A Canvas of your own has an issuer and addresses of its own. "
            "Grades of concluded courses cannot be read.",
        ),
    ),
    Guide(
        "sakai",
        "Sakai",
        by_itself=(
            _t(
                "管理者で「Administration Workspace → External Tools → "
                "Auto-Provision LTI Advantage」を開きます。",
                "As an administrator, open “Administration Workspace → External Tools → "
                "Auto-Provision LTI Advantage”.",
            ),
            _t(
                "名前を付け、登録用アドレスを貼り付けて登録します。",
                "Give it a name, paste the registration address, and register.",
            ),
            _APPROVE,
        ),
        by_hand=(
            _t(
                "「External Tools → Install LTI 1.x Tool」で「LTI 1.3」を選び、"
                "上のアドレスを同じ名前の欄に貼り付けます。",
                "At “External Tools → Install LTI 1.x Tool” choose LTI 1.3 and paste our addresses "
                "into the fields of the same names.",
            ),
            _t(
                "成績と名簿のサービス、コンテンツの選択を許可して保存します。",
                "Allow the grade and roster services and content item selection, and save.",
            ),
            _ENTER,
        ),
        note=_t(
            "Sakai 25.2以降では、ツールごとの許可（allowgradebookreadonly）を与えると、"
            "ほかの成績欄も読み取れます。",
            "From Sakai 25.2 on, a permission of the tool (allowgradebookreadonly) lets it read "
            "the other columns of the gradebook too.",
        ),
    ),
    Guide(
        "openedx",
        "Open edX",
        by_itself=(),
        by_hand=(
            _t(
                'Studioの「Advanced Settings → Advanced Module List」に "lti_consumer" を加え、'
                "単元に「LTI Consumer」を置きます。",
                'In Studio add "lti_consumer" to “Advanced Settings → Advanced Module List”, and '
                "put an “LTI Consumer” into a unit.",
            ),
            _t(
                "「LTI Version」を「LTI 1.3」、「Tool Public Key Mode」を「Keyset URL」にし、"
                "「Deep linking」と「Names & Roles (NRPS)」を有効にします。",
                "Set “LTI Version” to “LTI 1.3” and “Tool Public Key Mode” to “Keyset URL”, and "
                "turn on “Deep linking” and “Names & Roles (NRPS)”.",
            ),
            _t(
                "上のアドレスを貼り付けます。「Launch URL」と「Deep Linking Launch URL」には"
                "ツールのURL、「Tool Initiate Login URL (OIDC)」にはログイン開始URL、"
                "「Tool Keyset URL」には公開鍵セットURL、「Registered Redirect URIs」には"
                'リダイレクトURIを ["https://…"] の形で入れます。',
                "Paste our addresses: the tool URL into “Launch URL” and “Deep Linking Launch "
                "URL”, the initiate login URL into “Tool Initiate Login URL (OIDC)”, the keyset "
                "URL into “Tool Keyset URL”, and the redirection URI into “Registered Redirect "
                'URIs”, written as ["https://…"].',
            ),
            _t(
                "公開すると、単元の中に Client ID、Deployment ID、各URLが表示されます。"
                "下のフォームでは製品に「Open edX」を選び、「Login URL」を認証要求URLに入れます。"
                "発行元（Issuer）は表示されません。LMSのアドレス（例：https://lms.example.jp）です。",
                "After publishing, the unit shows the client ID, deployment ID and addresses. In "
                "the form below choose the product “Open edX”; its “Login URL” is the "
                "authentication request URL. The issuer is not shown: it is the address of the "
                "LMS, such as https://lms.example.jp.",
            ),
        ),
        note=_t(
            "Open edXは単元ごとに Client ID を作るため、置いた数だけ登録します。"
            "自動登録はありません。",
            "Open edX makes a client ID for each unit, so each one is registered. "
            "It cannot register by itself.",
        ),
    ),
    Guide(
        "brightspace",
        "Brightspace",
        by_itself=(
            _t(
                "管理者で「Admin Tools → Manage Extensibility → LTI Advantage → Register Tool」"
                "を開き、「Dynamic」を選びます。",
                "As an administrator, open “Admin Tools → Manage Extensibility → LTI Advantage → "
                "Register Tool” and choose “Dynamic”.",
            ),
            _t(
                "登録用アドレスを貼り付けて登録し、ツールを「Enabled」にします。",
                "Paste the registration address, register, and set the tool to “Enabled”.",
            ),
            _APPROVE,
            _t(
                "「View Deployments → New Deployment」でデプロイメントを作り、"
                "その「Deployment ID」をこの画面に追加します。",
                "Make a deployment at “View Deployments → New Deployment” and add its "
                "“Deployment ID” here.",
            ),
        ),
        by_hand=(
            _t(
                "「Register Tool」で「Standard」を選び、上のアドレスを貼り付けます。"
                "「Domain」はこのサイトのホストです。",
                "At “Register Tool” choose “Standard” and paste our addresses. "
                "“Domain” is the host "
                "of this site.",
            ),
            _t(
                "「Assignment and Grade Services」「Deep Linking」「Names and Role Provisioning "
                "Services」を選んで登録します。",
                "Choose “Assignment and Grade Services”, “Deep Linking” and “Names and Role "
                "Provisioning Services”, and register.",
            ),
            _t(
                "表示された値と、デプロイメントの「Deployment ID」を下に入力します。"
                "「Brightspace OAuth2 Audience」は「トークンの宛先（aud）」に入力します。",
                "Enter the values shown and the deployment's “Deployment ID” below. "
                "“Brightspace OAuth2 Audience” goes into “Token audience (aud)”.",
            ),
        ),
        note=_t(
            "登録用の情報は1時間で切れます。ドメインは組織ごとに1つだけ登録できます。",
            "Brightspace's own registration token lasts an hour. A domain can be registered once "
            "for each organisation.",
        ),
    ),
    Guide(
        "blackboard",
        "Blackboard",
        by_itself=(),
        by_hand=(
            _t(
                "developer.blackboard.com でアプリを登録し、上のアドレスを貼り付けます。"
                "「Application ID」（Client ID）が発行されます。",
                "Register an application at developer.blackboard.com with our "
                "addresses. It gives an "
                "“Application ID”, which is the client ID.",
            ),
            _t(
                "Blackboardの「Administrator Panel → LTI Tool Providers → "
                "Register LTI 1.3/Advantage Tool」に Client ID を入力し、承認します。",
                "In Blackboard, at “Administrator Panel → LTI Tool Providers → Register LTI "
                "1.3/Advantage Tool”, enter the client ID and approve the tool.",
            ),
            _t(
                "発行元は https://blackboard.com、URLは開発者サイトに表示されたもの、"
                "「Deployment ID」はBlackboardの画面に表示されたものを下に入力します。",
                "Enter below the issuer https://blackboard.com, the addresses that the "
                "developer site "
                "shows, and the “Deployment ID” that Blackboard shows.",
            ),
        ),
        note=_t(
            "デプロイメントIDは、Blackboardを運用する機関ごとに異なります。",
            "Each institution that runs Blackboard has a deployment ID of its own.",
        ),
    ),
)
