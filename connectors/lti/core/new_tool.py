"""A provider's tool as staff enter it: every mistake beside its field.

Source: 1EdTech Security Framework 1.0 §5.1.1 (what platform and tool exchange beforehand).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from connectors.core.fields import SetupFault
from connectors.lti.core.browser import is_address, private_at
from connectors.lti.core.line_item import is_title
from engine.text import Text

_MOST_REDIRECTS = 10
_TITLE = Text(ja="255字までの名前を入れてください。", en="Enter a name of up to 255 characters.")
_ADDRESS = Text(
    ja="https:// で始まるアドレスを入れてください。",
    en="Enter an address that begins with https://.",
)
_REDIRECTS = Text(
    ja="https:// で始まるアドレスを1行に1つ、10個まで入れてください。",
    en="Enter addresses that begin with https://, one a line, ten at most.",
)
_ELSEWHERE = Text(
    ja="組織内のホストのうち、ツールが使えるのは起動URLと同じホストとポートだけです。"
    "ほかのホストも必要なときは、運用担当者が接続設定ファイルで登録してください（allow_private_hosts）。",
    en="Inside your network a tool may use the host and port of its launch URL alone. "
    "If it needs another as well, the operator sets it up in the connectors file "
    "(allow_private_hosts).",
)


@dataclass(frozen=True, slots=True)
class NewTool:
    """What staff enter. `private_hosts`: its own place, where the operator lets that be private."""

    title: str
    login_url: str
    jwks_url: str
    target_link_uri: str
    deep_link_url: str
    redirect_uris: tuple[str, ...]
    private_hosts: frozenset[str] = frozenset()


def read(fields: Mapping[str, str], private: Collection[str] = ()) -> NewTool | list[SetupFault]:
    """The tool in a form, or every mistake.

    Where courses are chosen and launches are answered is `target_link_uri`, if left empty.
    `private`: hosts that may be private ones, of which the place of `target_link_uri` counts.
    """
    filled = {name: value.strip() for name, value in fields.items()}
    target = filled.get("target_link_uri", "")
    tool = NewTool(
        title=filled.get("title", ""),
        login_url=filled.get("login_url", ""),
        jwks_url=filled.get("jwks_url", ""),
        target_link_uri=target,
        deep_link_url=filled.get("deep_link_url", "") or target,
        redirect_uris=tuple(dict.fromkeys(filled.get("redirect_uris", "").split())) or (target,),
        private_hosts=private_at(target, private),
    )
    wrong = {
        "title": None if is_title(tool.title) else _TITLE,
        **{
            name: _wrong(getattr(tool, name), tool, private)
            for name in ("login_url", "target_link_uri", "deep_link_url")
        },
        # Of all addresses the one that is fetched from here.
        "jwks_url": _wrong(tool.jwks_url, tool, private) or _out_of_reach(tool, private),
        "redirect_uris": _wrong_redirects(tool, private),
    }
    return [SetupFault(f"/{name}", text) for name, text in wrong.items() if text] or tool


def _wrong(url: str, tool: NewTool, private: Collection[str]) -> Text | None:
    """What is wrong with one address: none, or one on plain http at another's place."""
    if is_address(url, tool.private_hosts):
        return None
    return _ELSEWHERE if is_address(url, private) else _ADDRESS


def _out_of_reach(tool: NewTool, private: Collection[str]) -> Text | None:
    is_elsewhere = private_at(tool.jwks_url, private) - tool.private_hosts
    return _ELSEWHERE if is_elsewhere else None


def _wrong_redirects(tool: NewTool, private: Collection[str]) -> Text | None:
    wrong = {_wrong(one, tool, private) for one in tool.redirect_uris}
    if len(tool.redirect_uris) > _MOST_REDIRECTS or _ADDRESS in wrong:
        return _REDIRECTS
    return _ELSEWHERE if _ELSEWHERE in wrong else None
