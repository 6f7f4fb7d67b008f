"""The inverse functional identifier: what makes two agents the same agent.

Source: xAPI 1.0.3 Data §2.4.2.3; xAPI 2.0 §4.2.2.1.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

Json = Any
Kind = Literal["mbox", "mbox_sha1sum", "openid", "account"]
KINDS: tuple[Kind, ...] = ("mbox", "mbox_sha1sum", "openid", "account")


class Ifi(NamedTuple):
    """One identifier. `home_page` belongs to accounts alone."""

    kind: Kind
    value: str
    home_page: str = ""

    @property
    def key(self) -> str:
        """The text under which equal identifiers meet.

        An address and a hexadecimal digest are compared without case; a home page and an OpenID
        by simple string comparison (RFC 3987 §5.3.1). No IRI holds a bare `|`, so the three parts
        of an account cannot run into each other.
        """
        if self.kind == "account":
            return f"account|{self.home_page}|{self.value}"
        if self.kind == "openid":
            return f"openid|{self.value}"
        return f"{self.kind}|{self.value.lower()}"

    def to_json(self) -> dict[str, Json]:
        """The Agent with this identifier and nothing else."""
        if self.kind == "account":
            account = {"homePage": self.home_page, "name": self.value}
            return {"objectType": "Agent", "account": account}
        return {"objectType": "Agent", self.kind: self.value}

    @staticmethod
    def of_actor(actor: Json) -> Ifi | None:
        """The identifier of a valid Agent or Group; None for an anonymous Group."""
        account = actor.get("account")
        if account is not None:
            return Ifi("account", account["name"], account["homePage"])
        for kind in KINDS[:3]:
            if kind in actor:
                return Ifi(kind, actor[kind])
        return None

    @staticmethod
    def of_key(key: str) -> Ifi:
        """The identifier behind a `key`; an address comes back in lower case."""
        kind, _, rest = key.partition("|")
        if kind == "account":
            home_page, _, name = rest.partition("|")
            return Ifi("account", name, home_page)
        for known in KINDS[:3]:
            if kind == known:
                return Ifi(known, rest)
        raise ValueError(f"no identifier key: {kind}")
