"""A provider's tool as staff enter it: every mistake beside its field.

Source: 1EdTech Security Framework 1.0 §5.1.1 (what platform and tool exchange beforehand).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.core.fields import SetupFault
from connectors.lti.core.browser import is_address
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


@dataclass(frozen=True, slots=True)
class NewTool:
    """What staff enter. `private_hosts`: hosts that the operator lets be private ones."""

    title: str
    login_url: str
    jwks_url: str
    target_link_uri: str
    deep_link_url: str
    redirect_uris: tuple[str, ...]
    private_hosts: frozenset[str] = frozenset()


def read(
    fields: Mapping[str, str], private_hosts: frozenset[str] = frozenset()
) -> NewTool | list[SetupFault]:
    """The tool in a form, or every mistake.

    Where courses are chosen and launches are answered is `target_link_uri`, if left empty.
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
        private_hosts=private_hosts,
    )
    faults = [] if is_title(tool.title) else [SetupFault("/title", _TITLE)]
    faults += [
        SetupFault(f"/{name}", _ADDRESS)
        for name in ("login_url", "jwks_url", "target_link_uri", "deep_link_url")
        if not is_address(getattr(tool, name), private_hosts)
    ]
    redirects = tool.redirect_uris
    if len(redirects) > _MOST_REDIRECTS or not all(
        is_address(one, private_hosts) for one in redirects
    ):
        faults.append(SetupFault("/redirect_uris", _REDIRECTS))
    return faults or tool
