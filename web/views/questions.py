"""What is asked before something is let go that does not come back by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connectors.connector import Connector
from connectors.lti.core.column import Column
from connectors.lti.invitations import Invitation
from connectors.lti.registered import Registered
from engine.text import Text
from web.views.catalogue import UNNAMED
from web.views.doubt import LABELS
from web.views.identities import IdentityName
from web.views.registrations import CLIENT_ID, HERE, INVITATIONS


@dataclass(frozen=True, slots=True)
class Question:
    """What it is about (`facts`), what is lost and what is kept, and where yes and no lead.

    Yes is a form that is posted to `action` with these `fields`.
    """

    title: Text
    facts: tuple[tuple[Text, Text | datetime], ...]
    lost: Text
    kept: Text
    yes: Text
    no: Text
    action: str
    back: str
    fields: Mapping[str, str] = field(default_factory=dict)


def of_registration(held: Registered) -> Question:
    """Whether a registration shall be deleted."""
    one = held.registration
    here = f"{HERE}/{one.connector_id}"
    return Question(
        title=Text(ja="この登録を削除しますか", en="Delete this registration?"),
        facts=(
            (Text(ja="LMS", en="LMS"), one.title or Text.of(one.iss)),
            (LABELS["iss"], Text.of(one.iss)),
            (CLIENT_ID, Text.of(one.client_id)),
        ),
        lost=Text(
            ja="このLMSからこのサイトを開けなくなります。アドレスとデプロイメントID（{count}件）の"
            "登録は消え、元に戻せません。もう一度使うには、登録をやり直します。"
            "コースと名簿の画面もなくなり、LMSにまだ届いていない成績は送られません。",
            en="The LMS can no longer open this site. Its addresses and deployments ({count}) are "
            "deleted for good: to come back, it has to be registered anew. Its pages of courses "
            "and rosters are gone too, and scores that the LMS does not have yet are not sent.",
        ).format(count=len(one.deployments)),
        kept=Text(
            ja="届いた記録、学習者とのつながり、授与したバッジは残ります。"
            "一時的に止めるだけなら、削除せずに停止してください。",
            en="Records that came from it, the learners' connections and their badges are kept. "
            "To stop it for a while, switch it off instead.",
        ),
        yes=Text(ja="はい、削除する", en="Yes, delete it"),
        no=_KEEP,
        action=f"{here}/remove",
        back=here,
    )


def of_invitation(one: Invitation) -> Question:
    """Whether an invitation that nobody has used shall be withdrawn."""
    return Question(
        title=Text(
            ja="この登録用アドレスを取り下げますか", en="Withdraw this registration address?"
        ),
        facts=(
            (Text(ja="LMSの名前", en="Name of the LMS"), Text.of(one.title)),
            (Text(ja="作成者", en="Made by"), Text.of(one.created_by)),
            (Text(ja="作成日時", en="Made"), one.created_at),
            (Text(ja="有効期限", en="Good until"), one.expires_at),
        ),
        lost=Text(
            ja="このアドレスでは、もう誰も登録できません。"
            "伝えた相手には、新しいアドレスを作って伝え直してください。",
            en="Nobody can register with this address any more. Make a new one for whoever was "
            "given it.",
        ),
        kept=Text(
            ja="登録済みのLMSは、そのまま使えます。",
            en="Platforms that are registered already are not affected.",
        ),
        yes=_WITHDRAW,
        no=_KEEP,
        action=f"{INVITATIONS}/withdraw",
        back=HERE,
        fields={"invitation": one.id},
    )


def of_course(tool: Connector, column: Column, here: str) -> Question:
    """Whether a course of an outside tool, or a line item that it made, shall be withdrawn.

    `here`: the page of the tool.
    """
    chosen = column.origin == "chosen"
    return Question(
        title=Text(ja="この講座を取り下げますか", en="Withdraw this course?")
        if chosen
        else Text(ja="この成績項目を取り下げますか", en="Withdraw this line item?"),
        facts=(
            (Text(ja="講座", en="Course"), Text.of(column.title) if column.title else UNNAMED),
            (Text(ja="提供元", en="Provider"), tool.title),
        ),
        lost=_COURSE_LOST if chosen else _COLUMN_LOST,
        kept=Text(
            ja="これまでの修了の記録と、授与したバッジは残ります。",
            en="What was completed so far and the badges that were awarded are kept.",
        ),
        yes=_WITHDRAW,
        no=_KEEP,
        action=f"{here}/withdraw",
        back=here,
        fields={"course": column.id},
    )


def of_identity(name: IdentityName, key: str, here: str) -> Question:
    """Whether a learner's identity shall be let go."""
    return Question(
        title=Text(ja="このIDとのつながりを解除しますか", en="Disconnect this identity?"),
        facts=(
            (Text(ja="ポータル", en="Portal"), name.portal),
            (Text(ja="そこでのID", en="Identity there"), Text.of(name.value)),
        ),
        lost=Text(
            ja="そこで修了した講座は数えられなくなり、それをもとにしたバッジは取り消されます。",
            en="What you finished there no longer counts, and badges that rest on it are revoked.",
        ),
        kept=Text(
            ja="記録は消えません。つなぎ直すと、バッジが新しく発行されます。",
            en="No record is deleted: when you connect it again, the badges are issued anew.",
        ),
        yes=Text(ja="はい、解除する", en="Yes, disconnect"),
        no=_KEEP,
        action=f"{here}/unlink",
        back=here,
        fields={"identity": key},
    )


_KEEP = Text(ja="いいえ、そのままにする", en="No, keep it")
_WITHDRAW = Text(ja="はい、取り下げる", en="Yes, withdraw it")
_COURSE_LOST = Text(
    ja="受講できる講座の一覧から消え、LMSのコースに置かれたリンクからも開けなくなります。"
    "成績も受け取りません。提供元で同じ講座を選び直すと、元の対応づけのまま戻ります。",
    en="It leaves the catalogue, and links to it in LMS courses no longer open it. Its scores are "
    "no longer taken. Chosen again at the provider, it comes back and counts as before.",
)
_COLUMN_LOST = Text(
    ja="この成績項目への成績は受け取らなくなります。元に戻せるのは、新しい成績項目を作る提供元だけです。",
    en="Scores to this line item are no longer taken. Only the provider can replace it, by making "
    "a new one.",
)
