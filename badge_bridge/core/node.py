"""A node in a document: the value there, its pointer, and where its faults are noted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from badge_bridge.core.canonical import Json
from badge_bridge.core.faults import Fault
from engine.text import Text

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Node:
    """Reads one document and notes every fault instead of stopping at the first.

    A reading that fails notes why and returns an empty value, so that callers go on.
    """

    value: Json
    pointer: str
    faults: list[Fault]

    def note(self, code: str, **params: object) -> None:
        """Note a fault at this node."""
        self.faults.append(Fault(code, self.pointer, params))

    def has(self, name: str) -> bool:
        """Whether the object has this member, and it is not null."""
        return isinstance(self.value, dict) and self.value.get(name) is not None

    def at(self, name: str | int) -> Node:
        """The node of a member or an item; its value is None where there is none."""
        if isinstance(name, int):
            value = self.value[name]
        else:
            value = self.value.get(name) if isinstance(self.value, dict) else None
        step = str(name).replace("~", "~0").replace("/", "~1")
        return replace(self, value=value, pointer=f"{self.pointer}/{step}")

    def is_object(self, *, required: Sequence[str], optional: Sequence[str] = ()) -> bool:
        """Whether an object stands here; notes what it lacks and what nobody knows."""
        if not isinstance(self.value, dict):
            self.note("not_an_object")
            return False
        for name in required:
            if self.value.get(name) is None:
                self.note("missing_member", name=name)
        for name in self.value:
            if name not in required and name not in optional:
                self.at(str(name)).note("unknown_member", name=name)
        return True

    def items(self, *, may_be_empty: bool = False) -> list[Node]:
        """The nodes of the list that stands here."""
        if not isinstance(self.value, list):
            if self.value is not None:
                self.note("not_a_list")
            return []
        if not self.value and not may_be_empty:
            self.note("empty_list")
        return [self.at(index) for index in range(len(self.value))]

    def string(self, name: str) -> str:
        """The text of a member; empty where it is missing or no text."""
        node = self.at(name)
        if node.value is None:
            return ""
        if not isinstance(node.value, str) or not node.value.strip():
            node.note("not_text")
            return ""
        return node.value

    def identifier(self, name: str = "id") -> str:
        """The id that a member gives."""
        text = self.string(name)
        if text and not _ID.fullmatch(text):
            self.at(name).note("bad_id", id=text)
        return text

    def one_of(self, name: str, choices: Sequence[str], default: str) -> str:
        """The choice that a member makes; `default` where it makes none."""
        if not self.has(name):
            return default
        value = self.at(name).value
        if value not in choices:
            self.at(name).note("not_one_of", value=value, choices=", ".join(choices))
            return default
        return str(value)

    def fraction(self, name: str) -> float | None:
        """The number from 0 to 1 of a member; None where there is none."""
        node = self.at(name)
        if node.value is None:
            return None
        is_number = isinstance(node.value, int | float) and not isinstance(node.value, bool)
        if not is_number or not 0 <= node.value <= 1:
            node.note("bad_fraction")
            return None
        return float(node.value)

    def text(self, name: str) -> Text | None:
        """The bilingual text of a member; a plain string stands for both languages."""
        node = self.at(name)
        if node.value is None:
            return None
        if isinstance(node.value, str):
            return Text.of(self.string(name))
        if not node.is_object(required=(), optional=("ja", "en")):
            return None
        if not node.has("ja"):
            node.note("no_japanese")
        languages = {key: node.string(key) for key in ("ja", "en") if node.has(key)}
        return Text.of(languages)
