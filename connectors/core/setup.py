"""The setup document: connectors as the secretariat writes them down, checked in words.

Source of the fields: docs/reference/connectors-file.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from connectors.core.cron import BadCron, Cron
from engine.text import Text

Json = Any
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
class SetupFault:
    """One mistake in the document: where (JSON Pointer), and what."""

    pointer: str
    text: Text


@dataclass(frozen=True, slots=True)
class Entry:
    """One valid entry: what may be shown, and its secrets apart (dotted name to value)."""

    id: str
    type: str
    title: Text
    config: Mapping[str, Json]
    secrets: Mapping[str, str]


Check = Callable[[Json], Text | None]


@dataclass(frozen=True, slots=True)
class Field:
    """What a field must be. `secret` fields are sealed and never shown."""

    check: Check
    required: bool = False
    secret: bool = False
    default: Json = None


def _text(value: Json) -> Text | None:
    if isinstance(value, str) and value.strip():
        return None
    return Text(ja="文字を入れてください", en="must be text")


def _flag(value: Json) -> Text | None:
    return (
        None if isinstance(value, bool) else Text(ja="true か false です", en="must be yes or no")
    )


def _url(value: Json) -> Text | None:
    wrong = Text(ja="http(s)のアドレスを入れてください", en="must be an http(s) address")
    if not isinstance(value, str):
        return wrong
    try:
        parts = urlsplit(value)
    except ValueError:
        return wrong
    return None if parts.scheme in {"http", "https"} and parts.hostname else wrong


def _iri(value: Json) -> Text | None:
    if isinstance(value, str) and urlsplit(value).scheme:
        return None
    return Text(ja="スキーム付きのIRIを入れてください", en="must be an IRI with its scheme")


def _zone(value: Json) -> Text | None:
    try:
        ZoneInfo(value)
    except (TypeError, ValueError, OSError, KeyError):
        return Text(ja="タイムゾーン名（例 Asia/Tokyo）です", en="must be a time zone (Asia/Tokyo)")
    return None


def _positive(value: Json) -> Text | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return None
    return Text(ja="正の数を入れてください", en="must be a positive number")


def _one_of(*allowed: str) -> Check:
    choices = ", ".join(allowed)
    wrong = Text(ja=f"{choices} のいずれかです", en=f"must be one of {choices}")
    return lambda value: None if value in allowed else wrong


def _list_of(check: Check) -> Check:
    def checked(value: Json) -> Text | None:
        if not isinstance(value, list):
            return Text(ja="リストで書いてください", en="must be a list")
        return next((fault for one in value if (fault := check(one))), None)

    return checked


def _object(fields: Mapping[str, Field]) -> Check:
    def checked(value: Json) -> Text | None:
        faults = _faults(value, fields, "")
        if not faults:
            return None
        first = faults[0]
        name = first.pointer.removeprefix("/")
        return Text(ja=f"{name}：{first.text.ja}", en=f"{name}: {first.text.en}")

    return checked


def _title(value: Json) -> Text | None:
    shaped = isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    if shaped and (value.get("ja") or value.get("en")):
        return None
    return Text(ja="ja か en の名称が必要です", en="needs a name in ja or en")


def _schedule(value: Json) -> Text | None:
    fault = _object({"cron": Field(_text, required=True), "timezone": Field(_zone)})(value)
    if fault is not None:
        return fault
    try:
        Cron.parse(value["cron"], ZoneInfo(value.get("timezone", DEFAULT_ZONE)))
    except BadCron as error:
        return Text(ja=f"cron：読み取れない書き方です（{error}）", en=f"cron: {error}")
    return None


def _columns(value: Json) -> Text | None:
    fields = {name: Field(_text, required=name in REQUIRED_COLUMNS) for name in COLUMNS}
    return _object(fields)(value)


def _natural_key(value: Json) -> Text | None:
    fault = _list_of(_one_of(*COLUMNS))(value)
    if fault is None and not {"learner", "course"} <= set(value):
        return Text(ja="learner と course を含めてください", en="must contain learner and course")
    return fault


OIDC = {
    "issuer": Field(_url, required=True),
    "client_id": Field(_text, required=True),
    "client_secret": Field(_text, required=True, secret=True),
    "home_page": Field(_iri, required=True),
    "claim": Field(_text, default="sub"),
}
COMMON = {
    "id": Field(_text, required=True),
    "type": Field(_text, required=True),
    "title": Field(_title, required=True),
    "may_assert_homepages": Field(_list_of(_iri), default=[]),
    "may_assert_mbox": Field(_flag, default=False),
    "may_void": Field(_flag, default=False),
    "activity_prefixes": Field(_list_of(_iri), default=[]),
    "allow_private_hosts": Field(_list_of(_text), default=[]),
    "oidc": Field(_object(OIDC)),
    "enabled": Field(_flag, default=True),
    "mass_void_floor": Field(_positive, default=10),
}
# `login_url`, `target_link_uri`, `redirect_uris`: only where the course is launched from here.
TOOL = {
    "client_id": Field(_text, required=True),
    "jwks_url": Field(_url, required=True),
    "deployment_id": Field(_text),
    "login_url": Field(_url),
    "target_link_uri": Field(_url),
    "redirect_uris": Field(_list_of(_url)),
}
LINE_ITEM = {
    "id": Field(_text, required=True),
    "activity": Field(_iri, required=True),
    "title": Field(_title),
}
TYPES: Mapping[str, Mapping[str, Field]] = {
    "xapi_push": {
        "dedupe": Field(_one_of("semantic", "none"), default="semantic"),
    },
    # What is read from here has a `schedule`; the others come when they come.
    "xapi_pull": {
        "schedule": Field(_schedule),
        "endpoint": Field(_url, required=True),
        "key": Field(_text, required=True),
        "secret": Field(_text, required=True, secret=True),
        "version": Field(_one_of("1.0.3", "2.0.0"), default="1.0.3"),
    },
    "lti_ags": {
        "iss": Field(_text, required=True),
        "client_id": Field(_text, required=True),
        "deployment_id": Field(_text, required=True),
        "auth_login_url": Field(_url),
        "jwks_url": Field(_url),
        "tool": Field(_object(TOOL)),
        "lineitems": Field(_list_of(_object(LINE_ITEM)), default=[]),
    },
    "csv": {
        "home_page": Field(_iri, required=True),
        "columns": Field(_columns, required=True),
        "natural_key": Field(_natural_key, required=True),
        "timezone": Field(_zone),
        "score_max": Field(_positive, default=100),
        "folder": Field(_text),
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
    for group, fields, prefix in groups:
        for name, field in fields.items():
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
    fields = {**COMMON, **TYPES[kind]}
    faults = _faults(item, fields, pointer)
    name = item.get("id")
    if isinstance(name, str) and not set(name) <= _ID_SIGNS:
        signs = Text(ja="小文字の英数字とハイフンで書きます", en="takes a-z, 0-9, - and _ only")
        faults.append(SetupFault(f"{pointer}/id", signs))
    return faults


def _faults(value: Json, fields: Mapping[str, Field], pointer: str) -> list[SetupFault]:
    if not isinstance(value, dict):
        return [SetupFault(pointer, Text(ja="項目の組で書いてください", en="must be an object"))]
    faults = [
        SetupFault(f"{pointer}/{name}", Text(ja="知らない項目です", en="is not a known field"))
        for name in value
        if name not in fields
    ]
    for name, field in fields.items():
        if name not in value:
            if field.required:
                missing = Text(ja="必須の項目です", en="is required")
                faults.append(SetupFault(f"{pointer}/{name}", missing))
        elif (wrong := field.check(value[name])) is not None:
            faults.append(SetupFault(f"{pointer}/{name}", wrong))
    return faults


def _entry(item: dict[str, Json], secrets: dict[str, str], zone: str) -> Entry:
    fields = {**COMMON, **TYPES[item["type"]]}
    config: dict[str, Json] = {
        name: item.get(name, field.default)
        for name, field in fields.items()
        if not field.secret and (name in item or field.default is not None)
    }
    if "schedule" in config:
        config["schedule"] = {"timezone": zone, **config["schedule"]}
    if "timezone" in fields:
        config.setdefault("timezone", zone)
    if "oidc" in config:
        oidc = {"claim": "sub", **config["oidc"]}
        config["oidc"] = {name: value for name, value in oidc.items() if not OIDC[name].secret}
    return Entry(item["id"], item["type"], Text.of(item["title"]), config, secrets)
