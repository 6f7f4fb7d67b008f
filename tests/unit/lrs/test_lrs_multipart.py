"""The multipart parser against recorded bodies: what each holds, however it is cut."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lrs.core.datatypes import is_media_type
from lrs.core.fault import Fault
from lrs.core.mediatype import media_type
from lrs.core.multipart import (
    MAX_HEADER,
    MAX_OUTSIDE,
    Begun,
    Content,
    Ended,
    Parser,
    boundary_of,
    closing,
    opening,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "multipart"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.body"))


def pieces(content_type: str, body: bytes, size: int):
    """The parts that come out whole, the content of one that does not, and the fault's code."""
    boundary = boundary_of(media_type(content_type))
    if isinstance(boundary, Fault):
        return [], boundary.code
    parser = Parser(boundary, parts=3)
    parts: list[tuple[dict[str, str], bytes]] = []
    faults = []
    for start in range(0, len(body), size):
        for event in parser.feed(body[start : start + size]):
            match event:
                case Begun(headers):
                    parts.append((dict(headers), b""))
                case Content(data):
                    assert data
                    headers, before = parts.pop()
                    parts.append((headers, before + data))
                case Fault():
                    faults.append(event)
                case Ended():
                    pass
    faults += [fault for fault in [parser.end()] if fault]
    assert len(faults) <= 1
    return parts, faults[0].code if faults else None


def test_there_are_recorded_bodies():
    assert len(NAMES) >= 18


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
def test_a_recorded_body_holds_what_was_written_down(name, size):
    wanted = json.loads((GOLDEN / f"{name}.json").read_text())
    body = (GOLDEN / f"{name}.body").read_bytes()
    parts, fault = pieces(wanted["content_type"], body, size)
    assert fault == wanted["fault"]
    assert parts == [(one["headers"], one["content"].encode("latin-1")) for one in wanted["parts"]]


def test_content_is_given_out_as_it_comes_and_not_held_back():
    parser = Parser("b", parts=1)
    parser.feed(b"--b\r\n\r\n")
    given = b"".join(
        event.data for _ in range(100) for event in parser.feed(b"x" * 1000) if event != Ended()
    )
    assert len(given) >= 100_000 - len(b"\r\n--b")


def test_after_a_fault_nothing_follows():
    parser = Parser("b", parts=1)
    assert isinstance(parser.feed(b"--b\r\nno colon\r\n")[-1], Fault)
    assert parser.feed(b"\r\n--b\r\n\r\nabc") == []
    assert parser.end() is None


@pytest.mark.parametrize(("size", "fits"), [(MAX_HEADER, True), (MAX_HEADER + 1, False)])
def test_headers_may_be_as_long_as_the_limit(size, fits):
    head = b"A: " + b"x" * (size - len(b"A: \r\n\r\n")) + b"\r\n\r\n"
    assert len(head) == size
    events = Parser("b", parts=1).feed(b"--b\r\n" + head)
    assert isinstance(events[0], Begun) is fits


def test_what_stands_before_may_be_as_long_as_the_limit():
    body = b"x" * MAX_OUTSIDE + b"\n--b\r\n\r\n"
    assert isinstance(Parser("b", parts=1).feed(body)[0], Begun)
    assert isinstance(Parser("b", parts=1).feed(b"x" + body)[0], Fault)


def test_what_is_framed_is_read_back():
    framed = opening("b", {"A": "1"}, first=True) + b"one" + opening("b", {"B": "2"}, first=False)
    body = framed + b"\r\n" + closing("b")
    parts, fault = pieces("multipart/mixed; boundary=b", body, 5)
    assert (parts, fault) == ([({"a": "1"}, b"one"), ({"b": "2"}, b"\r\n")], None)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("text/plain", "TEXT/Plain", True),
        ("text/plain; charset=utf-8", 'text/plain;Charset="utf-8"', True),
        ("text/plain; charset=utf-8", "text/plain", False),
        ("text/plain; a=1; b=2", "text/plain; b=2; a=1", True),
        ('a/b; t="x;y"', "a/b; t=x", False),
        ("text/plain", "text/html", False),
    ],
)
def test_media_types_are_compared_without_their_spelling(one, other, same):
    assert (media_type(one) == media_type(other)) is same


def test_a_media_type_cannot_smuggle_a_header_into_a_part():
    assert is_media_type("text/plain; charset=utf-8")
    assert not is_media_type("text/plain; x\r\nX-Experience-API-Hash: 0")
    assert not is_media_type("text/plain\n; x")
