"""What we ask a platform to permit: what each right is for, and what does not work without it.

It is the least that serves: of two scopes that give a right the narrower one is asked for, as far
as the platform knows it, and what only some need is left to them to permit there.
Sources: AGS 2.0 §3.1, NRPS 2.0 §2.1.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from connectors.lti.core.names import LINE_ITEM, LINE_ITEM_READ, MEMBERS, RESULT, SCORE
from connectors.lti.core.registration import Product
from engine.text import Text


@dataclass(frozen=True, slots=True)
class Right:
    """One right. `scopes`: each of them gives it, the narrowest first.

    `extra`: not asked for when we register; who needs it permits it at the platform.
    """

    scopes: tuple[str, ...]
    name: Text
    without: Text
    extra: bool = False

    def asked(self, known: Collection[str] | None) -> str | None:
        """The narrowest scope that a platform knows; None where it knows none.

        `known`: None where the platform does not say.
        """
        return next((one for one in self.scopes if known is None or one in known), None)


RIGHTS = (
    Right(
        (LINE_ITEM_READ, LINE_ITEM),
        Text(ja="成績項目の一覧", en="List of line items"),
        Text(
            ja="コースにある成績項目を一覧から見つけられません。"
            "起動のときに知らされた成績項目だけを読み取ります。",
            en="our columns in a course cannot be listed: only those that a launch names are read.",
        ),
    ),
    Right(
        (RESULT,),
        Text(ja="成績の読み取り", en="Reading results"),
        Text(
            ja="LMSの成績項目にある結果を読み取れません。",
            en="results in the platform's gradebook cannot be read.",
        ),
    ),
    Right(
        (SCORE,),
        Text(ja="成績の送信", en="Sending scores"),
        Text(
            ja="こちらから配置した教材の成績を、LMSの成績項目に送れません。",
            en="scores of what was placed from here cannot be sent to the platform's gradebook.",
        ),
    ),
    Right(
        (MEMBERS,),
        Text(ja="名簿の読み取り", en="Reading rosters"),
        Text(
            ja="コースの名簿を読み取れません。",
            en="the rosters of courses cannot be read.",
        ),
    ),
    Right(
        (LINE_ITEM,),
        Text(ja="成績項目の作成と変更", en="Making and changing line items"),
        Text(
            ja="こちらからLMSに成績項目を作ることも、変えることもできません。"
            "使わないなら、このままでかまいません。",
            en="no line items can be made or changed from here. Leave it so if you need none.",
        ),
        extra=True,
    ),
)
_WHERE: Mapping[Product, Text] = {
    "moodle": Text(
        ja="Moodleでは、「Manage tools」のツールの歯車から「Services」を開き、"
        "「IMS LTI Assignment and Grade Services」と「IMS LTI Names and Role Provisioning」を"
        "「Do not use this service」以外にします。",
        en="In Moodle, open “Services” behind the tool's gear at “Manage tools”, and set “IMS LTI "
        "Assignment and Grade Services” and “IMS LTI Names and Role Provisioning” to anything but "
        "“Do not use this service”.",
    ),
    "canvas": Text(
        ja="Canvasでは、「Developer Keys」でこの鍵を編集し、"
        "「LTI Advantage Services」の該当する項目を有効にします。",
        en="In Canvas, edit this key at “Developer Keys” and switch the permission on under “LTI "
        "Advantage Services”.",
    ),
    "sakai": Text(
        ja="Sakaiでは、「External Tools」でこのツールを編集し、成績と名簿のサービスを許可します。",
        en="In Sakai, edit this tool at “External Tools” and allow the grade and roster services.",
    ),
    "openedx": Text(
        ja="Open edXでは、Studioの「LTI Consumer」の編集画面で"
        "「LTI Assignment and Grades Service」と「Enable LTI NRPS」を有効にします。",
        en="In Open edX, edit the “LTI Consumer” in Studio and switch on “LTI Assignment and "
        "Grades Service” and “Enable LTI NRPS”.",
    ),
    "brightspace": Text(
        ja="Brightspaceでは、「Manage Extensibility → LTI Advantage」でこのツールを開き、"
        "「Assignment and Grade Services」と「Names and Role Provisioning Services」を選びます。",
        en="In Brightspace, open this tool at “Manage Extensibility → LTI Advantage” and choose "
        "“Assignment and Grade Services” and “Names and Role Provisioning Services”.",
    ),
    "blackboard": Text(
        ja="Blackboardでは、「LTI Tool Providers」でこのツールを編集し、"
        "「Allow grade service access」と「Allow Membership Service Access」を「Yes」にします。",
        en="In Blackboard, edit this tool at “LTI Tool Providers” and set “Allow grade service "
        "access” and “Allow Membership Service Access” to “Yes”.",
    ),
    "other": Text(
        ja="LMSのツール設定で、このサービスを許可します。",
        en="Permit this service in the tool's settings in your LMS.",
    ),
}
# Where more than switching the service on is needed to make line items.
_WHERE_MAKING: Mapping[Product, Text] = {
    "moodle": Text(
        ja="Moodleでは、「Manage tools」のツールの歯車から「Services」を開き、"
        "「IMS LTI Assignment and Grade Services」を"
        "「Use this service for grade sync and column management」にします。",
        en="In Moodle, open “Services” behind the tool's gear at “Manage tools”, and set “IMS LTI "
        "Assignment and Grade Services” to “Use this service for grade sync and column "
        "management”.",
    ),
    "openedx": Text(
        ja="Open edXでは、Studioの「LTI Consumer」の編集画面で"
        "「LTI Assignment and Grades Service」を「programmatic」にします。",
        en="In Open edX, edit the “LTI Consumer” in Studio and set “LTI Assignment and Grades "
        "Service” to “programmatic”.",
    ),
}


def wanted(known: Collection[str] | None = None) -> tuple[str, ...]:
    """The scopes to ask a platform for: nothing that it says it does not know."""
    least = [right for right in RIGHTS if not right.extra]
    return tuple(scope for right in least if (scope := right.asked(known)) is not None)


def where(right: Right, product: Product) -> Text:
    """Where a platform of this product permits the right."""
    found = _WHERE_MAKING.get(product) if right.extra else None
    return found or _WHERE[product]
