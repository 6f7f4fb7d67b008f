"""Parts of a statement as a person reads them: who, did, what, with which result.

What is read here has passed the rules of `lrs.core.statement`.
"""

from __future__ import annotations

from typing import Any

from engine.text import Text
from lrs.core.formats import in_one_language
from lrs.core.ifi import Ifi

Json = Any

GROUP = Text(ja="{count}名のグループ", en="a group of {count}")
SUBSTATEMENT = Text(ja="（入れ子の記録）{who}：{did} {what}", en="(nested) {who} {did} {what}")
REFERENCE = Text(ja="別の記録", en="another statement")
PASSED = Text(ja="合格", en="passed")
NOT_PASSED = Text(ja="不合格", en="not passed")
COMPLETED = Text(ja="修了", en="completed")
NOT_COMPLETED = Text(ja="未修了", en="not completed")
SCALED = Text(ja="得点率{percent}%", en="{percent}%")
RAW = Text(ja="{raw}点", en="score {raw}")
RAW_OF = Text(ja="{raw}点（満点{most}）", en="score {raw} of {most}")


def words(texts: Json) -> Text:
    """A language map for readers of both languages; each gets the entry that fits best."""
    ja, en = (
        next(iter(in_one_language(texts, order).values()), "")
        for order in (("ja", "en"), ("en", "ja"))
    )
    return Text(ja=str(ja), en=str(en))


def identifier(actor: Json) -> str:
    """The identifier of an Agent or Group as an officer writes it; empty for an anonymous one."""
    ifi = Ifi.of_actor(actor)
    if ifi is None:
        return ""
    if ifi.kind == "account":
        return f"{ifi.value} ({ifi.home_page})"
    return ifi.value.removeprefix("mailto:")


def who(actor: Json) -> Text:
    """An Agent or Group by name, else by identifier, else by the number of its members."""
    name = str(actor.get("name") or "").strip() or identifier(actor)
    return Text.of(name) if name else GROUP.format(count=len(actor.get("member", ())))


def did(verb: Json) -> Text:
    """A verb by its display, else by the last part of its IRI."""
    shown = words(verb.get("display") or {})
    return shown if shown.ja and shown.en else Text.of(_last_part(verb["id"]))


def what(target: Json) -> Text:
    """The object of a statement by its name, else by its id."""
    match target.get("objectType", "Activity"):
        case "Agent" | "Group":
            return who(target)
        case "StatementRef":
            return REFERENCE
        case "SubStatement":
            one, verb, thing = who(target["actor"]), did(target["verb"]), what(target["object"])
            ja, en = (
                SUBSTATEMENT.in_(tongue).format(
                    who=one.in_(tongue), did=verb.in_(tongue), what=thing.in_(tongue)
                )
                for tongue in ("ja", "en")
            )
            return Text(ja=ja, en=en)
        case _:
            name = words((target.get("definition") or {}).get("name") or {})
            return name if name.ja.strip() and name.en.strip() else Text.of(str(target["id"]))


def outcome(result: Json) -> tuple[Text, ...]:
    """What a result says, the verdict first; nothing where it says nothing."""
    found: list[Text] = []
    if "success" in result:
        found.append(PASSED if result["success"] else NOT_PASSED)
    if "completion" in result:
        found.append(COMPLETED if result["completion"] else NOT_COMPLETED)
    score = result.get("score") or {}
    if "scaled" in score:
        found.append(SCALED.format(percent=f"{score['scaled'] * 100:.4g}"))
    elif "raw" in score and "max" in score:
        found.append(RAW_OF.format(raw=score["raw"], most=score["max"]))
    elif "raw" in score:
        found.append(RAW.format(raw=score["raw"]))
    return tuple(found)


def _last_part(iri: str) -> str:
    return iri.rstrip("/#").replace("#", "/").rpartition("/")[2] or iri
