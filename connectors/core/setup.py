"""The setup document: connectors as the secretariat writes them down, checked in words.

Source of the fields: docs/reference/connectors-file.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from connectors.core import fields
from connectors.core.cron import BadCron, Cron
from connectors.core.fields import Field, Json, SetupFault, faults_of
from connectors.lti.core.registration import PRODUCTS
from engine.text import Text

DEFAULT_ZONE = "Asia/Tokyo"
_ID_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")

COLUMNS = (
    "learner",
    "name",
    "email",
    "course",
    "course_title",
    "completed_on",
    "score_raw",
    "certificate_no",
)
REQUIRED_COLUMNS = ("learner", "course", "completed_on")


@dataclass(frozen=True, slots=True)
class Entry:
    """One valid entry: what may be shown, and its secrets apart (dotted name to value)."""

    id: str
    type: str
    title: Text
    config: Mapping[str, Json]
    secrets: Mapping[str, str]


def _title(value: Json) -> Text | None:
    shaped = isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    if shaped and (value.get("ja") or value.get("en")):
        return None
    return Text(ja="ja か en の名称が必要です", en="needs a name in ja or en")


_SCHEDULE = fields.group(
    {"cron": Field(fields.text, required=True), "timezone": Field(fields.zone)}
)


def _schedule(value: Json) -> Text | None:
    fault = _SCHEDULE(value)
    if fault is not None:
        return fault
    try:
        Cron.parse(value["cron"], ZoneInfo(value.get("timezone", DEFAULT_ZONE)))
    except BadCron as error:
        return Text(ja=f"cron：読み取れない書き方です（{error}）", en=f"cron: {error}")
    return None


def _columns(value: Json) -> Text | None:
    return fields.group(
        {name: Field(fields.text, required=name in REQUIRED_COLUMNS) for name in COLUMNS}
    )(value)


def _natural_key(value: Json) -> Text | None:
    fault = fields.list_of(fields.one_of(*COLUMNS))(value)
    if fault is None and not {"learner", "course"} <= set(value):
        return Text(ja="learner と course を含めてください", en="must contain learner and course")
    return fault


OIDC = {
    "issuer": Field(fields.url, required=True),
    "client_id": Field(fields.text, required=True),
    "client_secret": Field(fields.text, required=True, secret=True),
    "home_page": Field(fields.iri, required=True),
    "claim": Field(fields.text, default="sub"),
}
COMMON = {
    "id": Field(fields.text, required=True),
    "type": Field(fields.text, required=True),
    "title": Field(_title, required=True),
    "may_assert_homepages": Field(fields.list_of(fields.iri), default=[]),
    "may_assert_mbox": Field(fields.flag, default=False),
    "may_void": Field(fields.flag, default=False),
    "activity_prefixes": Field(fields.list_of(fields.iri), default=[]),
    "allow_private_hosts": Field(fields.list_of(fields.text), default=[]),
    "oidc": Field(fields.group(OIDC)),
    "enabled": Field(fields.flag, default=True),
    "mass_void_floor": Field(fields.positive, default=10),
}
# `login_url`, `target_link_uri`, `redirect_uris`: only where the course is launched from here.
TOOL = {
    "client_id": Field(fields.text, required=True),
    "jwks_url": Field(fields.url, required=True),
    "deployment_id": Field(fields.text),
    "login_url": Field(fields.url),
    "target_link_uri": Field(fields.url),
    "redirect_uris": Field(fields.list_of(fields.url)),
}
LINE_ITEM = {
    "id": Field(fields.text, required=True),
    "activity": Field(fields.iri, required=True),
    "title": Field(_title),
}
TYPES: Mapping[str, Mapping[str, Field]] = {
    "xapi_push": {
        "dedupe": Field(fields.one_of("semantic", "none"), default="semantic"),
    },
    # What is read from here has a `schedule`; the others come when they come.
    "xapi_pull": {
        "schedule": Field(_schedule),
        "endpoint": Field(fields.url, required=True),
        "key": Field(fields.text, required=True),
        "secret": Field(fields.text, required=True, secret=True),
        "version": Field(fields.one_of("1.0.3", "2.0.0"), default="1.0.3"),
    },
    "lti_ags": {
        "iss": Field(fields.text, required=True),
        "client_id": Field(fields.text, required=True),
        "deployment_id": Field(fields.text, required=True),
        "auth_login_url": Field(fields.url),
        "jwks_url": Field(fields.url),
        "token_url": Field(fields.url),
        "token_audience": Field(fields.text),
        "product": Field(fields.one_of(*PRODUCTS)),
        "schedule": Field(_schedule),
        "pass_at": Field(fields.share),
        "tool": Field(fields.group(TOOL)),
        "lineitems": Field(fields.list_of(fields.group(LINE_ITEM)), default=[]),
    },
    # Made by the console, which keeps the registration itself in `lti_tool`.
    "lti_tool": {
        "home_page": Field(fields.iri, required=True),
    },
    "csv": {
        "home_page": Field(fields.iri, required=True),
        "columns": Field(_columns, required=True),
        "natural_key": Field(_natural_key, required=True),
        "timezone": Field(fields.zone),
        "score_max": Field(fields.positive, default=100),
        "folder": Field(fields.text),
    },
}


def entries(
    document: Json, environment: Mapping[str, str], zone: str = DEFAULT_ZONE
) -> tuple[list[Entry], list[SetupFault]]:
    """The entries of a document, or every mistake in it.

    `environment` resolves secrets written as `{env: NAME}`; `zone`: of what names no time zone.
    """
    listed = document.get("connectors") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        text = Text(ja="connectors: の一覧がありません", en="there is no list under connectors:")
        return [], [SetupFault("/connectors", text)]
    found: list[Entry] = []
    faults: list[SetupFault] = []
    for position, item in enumerate(listed):
        pointer = f"/connectors/{position}"
        plain, secrets, mistakes = _resolved(item, environment, pointer)
        mistakes += _entry_faults(plain, pointer)
        if any(plain.get("id") == entry.id for entry in found):
            twice = Text(ja="同じidが2回あります", en="this id appears twice")
            mistakes.append(SetupFault(f"{pointer}/id", twice))
        faults += mistakes
        if not mistakes:
            found.append(_entry(plain, secrets, zone))
    return found, faults


def _resolved(
    item: Json, environment: Mapping[str, str], pointer: str
) -> tuple[dict[str, Json], dict[str, str], list[SetupFault]]:
    """The entry with its secrets as text, the secrets by dotted name, and what went wrong."""
    if not isinstance(item, dict):
        return {}, {}, []
    plain, secrets, faults = dict(item), {}, []
    groups: list[tuple[dict[str, Json], Mapping[str, Field], str]] = [
        (plain, TYPES.get(str(item.get("type")), {}), "")
    ]
    if isinstance(item.get("oidc"), dict):
        plain["oidc"] = dict(item["oidc"])
        groups.append((plain["oidc"], OIDC, "oidc."))
    for group, allowed, prefix in groups:
        for name, field in allowed.items():
            if not field.secret or name not in group:
                continue
            value = group[name]
            if isinstance(value, dict) and list(value) == ["env"]:
                value = environment.get(str(value["env"]))
                if value is None:
                    wanted = str(group[name]["env"])
                    text = Text(
                        ja=f"環境変数 {wanted} がありません",
                        en=f"{wanted} is not in the environment",
                    )
                    place = f"{pointer}/{(prefix + name).replace('.', '/')}"
                    faults.append(SetupFault(place, text))
                    value = "-"
            group[name] = value
            secrets[prefix + name] = str(value)
    return plain, secrets, faults


def _entry_faults(item: dict[str, Json], pointer: str) -> list[SetupFault]:
    kind = item.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        known = ", ".join(TYPES)
        text = Text(ja=f"{known} のいずれかです", en=f"must be one of {known}")
        return [SetupFault(f"{pointer}/type", text)]
    allowed = {**COMMON, **TYPES[kind]}
    faults = faults_of(item, allowed, pointer)
    if kind == "lti_ags" and "schedule" in item and not item.get("token_url"):
        unread = Text(
            ja="読み取りには token_url が必要です", en="needs token_url: nothing is read without it"
        )
        faults.append(SetupFault(f"{pointer}/schedule", unread))
    name = item.get("id")
    if isinstance(name, str) and not set(name) <= _ID_SIGNS:
        signs = Text(ja="小文字の英数字とハイフンで書きます", en="takes a-z, 0-9, - and _ only")
        faults.append(SetupFault(f"{pointer}/id", signs))
    return faults


def _entry(item: dict[str, Json], secrets: dict[str, str], zone: str) -> Entry:
    allowed = {**COMMON, **TYPES[item["type"]]}
    config: dict[str, Json] = {
        name: item.get(name, field.default)
        for name, field in allowed.items()
        if not field.secret and (name in item or field.default is not None)
    }
    if "schedule" in config:
        config["schedule"] = {"timezone": zone, **config["schedule"]}
    if "timezone" in allowed:
        config.setdefault("timezone", zone)
    if "oidc" in config:
        oidc = {"claim": "sub", **config["oidc"]}
        config["oidc"] = {name: value for name, value in oidc.items() if not OIDC[name].secret}
    return Entry(item["id"], item["type"], Text.of(item["title"]), config, secrets)
