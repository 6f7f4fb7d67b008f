"""A fault: one rule of the specification that a request breaks, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Family = Literal["1.0.3", "2.0.0"]
"""The rule set of a request: every 1.0.x is `1.0.3`, every 2.0.x is `2.0.0`."""


@dataclass(frozen=True, slots=True)
class Section:
    """Where a rule stands: in xAPI 1.0.3 (`old`) and in IEEE 9274.1.1 (`new`)."""

    old: str
    new: str

    def of(self, family: Family) -> str:
        """The citation for a request of `family`."""
        return f"xAPI 1.0.3 {self.old}" if family == "1.0.3" else f"xAPI 2.0 {self.new}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule. `code` names the text in `lrs.messages`, `params` fill it in.

    `pointer` is a JSON Pointer (RFC 6901) into the body, `?name` for a query parameter, or
    `part 2` for a part of a multipart body, where JSON Pointers lead into the first.
    """

    code: str
    pointer: str = ""
    spec: str = ""
    params: Mapping[str, str] = field(default_factory=dict)


def child(pointer: str, key: str | int) -> str:
    """The JSON Pointer of a member or element of what `pointer` points at (RFC 6901 §3)."""
    if isinstance(key, int):
        return f"{pointer}/{key}"
    return f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
