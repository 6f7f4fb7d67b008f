"""Statements and credentials that the tests of the record store start from."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from lrs.core.credential import Credential
from lrs.core.statement import Parsed, parse

Json = Any

_STATEMENT: Json = {
    "actor": {"account": {"homePage": "https://portal.example", "name": "u-1"}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed", "display": {"en": "completed"}},
    "object": {"id": "https://portal.example/courses/1"},
}


@pytest.fixture
def statement() -> Callable[..., Json]:
    """A valid statement with a new id; keyword arguments replace its members."""

    def make(**members: Json) -> Json:
        return {"id": str(uuid4()), **copy.deepcopy(_STATEMENT), **members}

    return make


@pytest.fixture
def parsed(statement: Callable[..., Json]) -> Callable[..., Parsed]:
    """The same, parsed under 2.0."""

    def make(**members: Json) -> Parsed:
        found = parse(statement(**members), "2.0.0")
        assert isinstance(found, Parsed), found
        return found

    return make


@pytest.fixture
def anyone() -> Credential:
    """A credential without limits."""
    return Credential("anyone", _authority("anyone"), frozenset({"all"}), ("*",), True, (), True)


@pytest.fixture
def portal() -> Credential:
    """A portal that speaks for its own learners and courses."""
    return Credential(
        id="portal",
        authority=_authority("portal"),
        scopes=frozenset({"statements/write", "statements/read/mine"}),
        home_pages=("https://portal.example",),
        activity_prefixes=("https://portal.example/courses",),
        may_void=True,
    )


def _authority(name: str) -> Json:
    return {"objectType": "Agent", "account": {"homePage": "https://kasane.example", "name": name}}
