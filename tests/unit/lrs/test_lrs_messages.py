"""The messages: each fault that can be made has one, each message a fault that can be made."""

from __future__ import annotations

import ast
import json
import string
from pathlib import Path

import pytest

from lrs import messages

ROOT = Path(messages.__file__).parents[2]
# Which argument of these is a code. Each ends in `lrs.messages.TEXTS`.
MAKERS = {
    "Fault": 0,
    "note": 0,
    "_refused": 0,
    "RefusedError": 0,
    "_too_large": 0,
    "Wait": 0,
    "text_that": 1,
}


def _speaks_of_faults(path: Path) -> bool:
    return "lrs" in path.parts[-4:] or "from lrs.core.fault import" in path.read_text()


SOURCES = [
    path
    for folder in ("lrs", "connectors", "badge_bridge", "web", "config")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "messages" not in str(path.relative_to(ROOT)) and _speaks_of_faults(path)
]


def _name(node: ast.expr) -> str:
    return getattr(node, "id", getattr(node, "attr", ""))


def _texts(node: ast.AST) -> set[str]:
    return {
        one.value
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    }


def _codes(tree: ast.AST) -> tuple[set[str], set[str]]:
    """The codes that are written where a fault is made, and the words of functions that make one
    by a code that they have chosen before.
    """
    written: set[str] = set()
    chosen: set[str] = set()
    for function in ast.walk(tree):
        if not isinstance(function, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            code: ast.expr | None = None
            if isinstance(node, ast.Subscript) and _name(node.value) == "TEXTS":
                code = node.slice
            elif isinstance(node, ast.Call) and len(node.args) > MAKERS.get(_name(node.func), 99):
                code = node.args[MAKERS[_name(node.func)]]
            if isinstance(code, ast.Constant) and isinstance(code.value, str):
                written.add(code.value)
            elif isinstance(code, ast.IfExp):
                written |= _texts(code.body) | _texts(code.orelse)
            elif code is not None and not isinstance(function, ast.Module):
                chosen |= _texts(function)
    return written, chosen


def test_every_fault_that_is_made_has_a_text():
    for path in SOURCES:
        written, _ = _codes(ast.parse(path.read_text()))
        assert written <= messages.TEXTS.keys(), path


def test_every_text_belongs_to_a_fault_that_is_made():
    made: set[str] = set()
    for path in SOURCES:
        made |= set[str]().union(*_codes(ast.parse(path.read_text())))
    assert sorted(messages.TEXTS.keys() - made) == []


@pytest.mark.parametrize("texts", [messages.TEXTS, messages.ASIDE, messages.HELD])
def test_both_languages_of_a_text_tell_the_same_particulars(texts):
    for code, text in texts.items():
        ja, en = (
            {name for _, name, _, _ in string.Formatter().parse(one) if name}
            for one in (text.ja, text.en)
        )
        assert ja == en, code


def test_what_kept_statements_from_going_on_is_told_in_both_languages():
    kept = json.dumps({"ja": "返事なし", "en": "no answer"})
    text = messages.held_text(f"unreachable {kept}")
    assert text.ja == "転送先から使える応答を受け取れません（返事なし）。"
    assert text.en == "The target gave no usable answer (no answer)."
    # Kept before there were two: and what the target itself says is no language map of ours.
    assert "cannot connect" in messages.held_text("unreachable cannot connect").ja
    assert "no key" in messages.held_text('answered 503 {"en": "x", "message": "no key"}').ja
