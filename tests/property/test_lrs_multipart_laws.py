"""Laws of the multipart parser, for any bytes in any pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lrs.core.fault import Fault
from lrs.core.multipart import Begun, Content, Ended, Event, Parser, closing, opening

# Bytes of which delimiters are made come often, so that near misses do.
_SIGNS = st.sampled_from([b"\r\n", b"\n", b"\r", b"--", b"-", b"b", b"--b", b"\r\n--b", b" ", b":"])
_SOUP = st.lists(st.one_of(_SIGNS, st.binary(max_size=4)), max_size=60).map(b"".join)
_SIZES = st.lists(st.integers(min_value=1, max_value=20), min_size=1)


def _events(body: bytes, sizes: list[int]) -> list[Event]:
    """All events, the content of a part in one."""
    parser = Parser("b", parts=4)
    found: list[Event] = []
    at = step = 0
    while at < len(body):
        size = sizes[step % len(sizes)]
        for event in parser.feed(body[at : at + size]):
            if isinstance(event, Content) and isinstance(found[-1], Content):
                found[-1] = Content(found[-1].data + event.data)
            else:
                found.append(event)
        at, step = at + size, step + 1
    fault = parser.end()
    return found + ([fault] if fault else [])


@given(_SOUP, _SIZES)
def test_it_does_not_matter_how_a_body_is_cut(soup: bytes, sizes: list[int]) -> None:
    for body in (soup, b"--b\r\n\r\n" + soup, b"--b\n" + soup + b"\n--b--"):
        assert _events(body, sizes) == _events(body, [len(body) or 1])


@given(_SOUP, _SIZES)
def test_parts_begin_and_end_in_turn_and_a_fault_is_the_last_word(
    soup: bytes, sizes: list[int]
) -> None:
    inside = False
    events = _events(b"--b\r\n" + soup, sizes)
    for event in events:
        match event:
            case Begun():
                assert not inside
                inside = True
            case Content():
                assert inside
            case Ended():
                assert inside
                inside = False
            case Fault():
                assert event is events[-1]


@given(st.lists(_SOUP, min_size=1, max_size=4), _SIZES)
def test_what_goes_out_comes_in_again(contents: list[bytes], sizes: list[int]) -> None:
    """As long as no content holds the boundary, which is for the sender to see to."""
    contents = [one.replace(b"--b", b"") for one in contents]
    contents = [b"" if b"--b" in one else one for one in contents]
    body = b"".join(
        opening("b", {"N": str(number)}, first=number == 0) + one
        for number, one in enumerate(contents)
    )
    back: list[bytes] = []
    for event in _events(body + closing("b"), sizes):
        match event:
            case Begun(headers):
                assert headers == {"n": str(len(back))}
                back.append(b"")
            case Content(data):
                back[-1] = data
            case Fault():
                raise AssertionError(event)
    assert back == contents
