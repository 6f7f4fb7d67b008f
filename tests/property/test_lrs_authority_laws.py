"""No spelling of an IRI leads out of the prefix that a credential was given."""

from __future__ import annotations

from urllib.parse import unquote, urljoin, urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrs.core import scope
from lrs.core.datatypes import is_iri
from lrs.core.iri import lies_under, location, same_place

PREFIX = "https://portal.example/courses"
NAMES = ["..", "..;v=1", "..", "courses", "courses2", "x", ".", "", "講座", ".;", "...."]


def _encoded(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


spellings = st.sampled_from(
    [str, str.upper, _encoded, lambda text: _encoded(_encoded(text)), lambda text: text.title()]
)
segments = st.builds(lambda name, spell: spell(name), st.sampled_from(NAMES), spellings)
separators = st.sampled_from(["/", "%2f", "%5C", "%252F", "//", ":", "?", "#", ";", "@"])
hosts = st.sampled_from(
    [
        "portal.example",
        "PORTAL.example.",
        "portal.example:443",
        "portal.example:",
        "portal.example:80",
        "portal.example.evil.example",
        "portal.example@evil.example",
        "portal.example:443@evil.example",
        "evil.example",
        "evil.example#portal.example",
        "portal。example",
        "ｐｏｒｔａｌ.example",
        "portal%2eexample",
        "portal.example%2F.evil.example",
        "portal\u200b.example",
        "[::1]",
        "",
    ]
)
paths = st.lists(st.tuples(separators, segments), max_size=6).map(
    lambda parts: "".join(separator + segment for separator, segment in parts)
)
below = paths.map(lambda path: PREFIX + path).filter(is_iri)
anywhere = st.builds(
    lambda scheme, slashes, host, path: f"{scheme}:{slashes}{host}{path}",
    st.sampled_from(["https", "HTTPS", "http", "urn"]),
    st.sampled_from(["//", "//", "//", "/", "", "///"]),
    hosts,
    paths,
).filter(is_iri)
iris = below | anywhere


def _as_browsers_do(iri: str) -> httpx.URL:
    """The address that software which follows links would end up at."""
    return httpx.URL(urljoin("https://start.example/", iri))


@settings(max_examples=500)
@given(iris, st.sampled_from([PREFIX, f"{PREFIX}/", "HTTPS://Portal.Example:443/courses"]))
def test_what_lies_under_a_prefix_leads_there_however_it_is_read(iri: str, prefix: str) -> None:
    if not lies_under(iri, prefix):
        return
    target = _as_browsers_do(iri)
    assert (target.scheme, target.host.rstrip(".")) == ("https", "portal.example")
    assert target.port in (None, 443)
    assert not target.userinfo
    path = urlsplit(iri).path
    for _ in range(8):
        parts: list[str] = []
        for segment in path.replace("\\", "/").split("/"):
            bare = segment.partition(";")[0]
            if bare == "..":
                parts = parts[:-1]
            elif bare not in ("", "."):
                parts.append(bare)
        assert parts[0] == "courses"
        path = unquote(path)


@given(iris)
def test_a_place_is_stable_and_lies_under_itself(iri: str) -> None:
    here = location(iri)
    assert location(iri) == here
    assert lies_under(iri, iri)
    if here is not None:
        assert same_place(iri, iri)


@given(paths)
def test_equal_places_are_under_the_same_prefixes(path: str) -> None:
    one, other = f"https://portal.example/{path}", f"HTTPS://PORTAL.EXAMPLE:443/{path}"
    assert lies_under(one, PREFIX) == lies_under(other, PREFIX)
    assert same_place(one, other) == (location(one) is not None)


@pytest.mark.parametrize(
    ("iri", "prefix", "under"),
    [
        ("https://portal.example:443/courses/1", PREFIX, True),
        ("https://portal.example:8443/courses/1", PREFIX, False),
        ("https://portal.example/%63ourses/1", PREFIX, True),
        ("https://portal.example/courses%2F1", PREFIX, False),
        ("https://portal.example/courses/..%2Fevil", PREFIX, False),
        ("https://portal.example/courses/%252e%252e/evil", PREFIX, False),
        ("https://portal.example/courses/..;/evil", PREFIX, False),
        ("https://portal.example/courses/%5c..%5c..%5cevil", PREFIX, False),
        ("https://portal.example/courses/%00", PREFIX, False),
        ("https://portal.example/courses/./a/../b", PREFIX, True),
        ("https://portal.example/courses?id=1#x", PREFIX, True),
        ("https://portal.example", "https://portal.example/", True),
        ("https://x@portal.example/courses/1", PREFIX, False),
        ("https:portal.example/courses/1", PREFIX, False),
        ("https://portal.example/講座/1", "https://portal.example/%E8%AC%9B%E5%BA%A7", True),
        ("https://学び.example/a", "https://xn--z9jz60k.example", True),
        ("https://[0:0::1]/a", "https://[::1]/", True),
        ("https://my_host/a", "https://my_host", True),
        ("urn:kasane:course:7", "urn:kasane:course", True),
        ("urn:kasane:course:7", "urn:kasane:course:", True),
        ("urn:kasane:courses", "urn:kasane:course", False),
        ("https://a.example/view?id=1", "https://a.example/view?id=1", True),
        ("https://a.example/view?id=12", "https://a.example/view?id=1", False),
        ("https://a.example/view/x?id=1", "https://a.example/view?id=1", False),
    ],
)
def test_a_prefix_is_a_place_in_every_reading(iri: str, prefix: str, *, under: bool) -> None:
    assert lies_under(iri, prefix) is under


@given(
    st.frozensets(st.sampled_from(sorted(scope.SCOPES | scope.ALIASES.keys()))),
    st.frozensets(st.sampled_from(sorted(scope.SCOPES | scope.ALIASES.keys() | {"root"}))),
)
def test_narrowing_never_grants_what_was_not_held(
    held: frozenset[str], asked: frozenset[str]
) -> None:
    given_ = scope.narrowed(held, asked)
    assert given_ <= asked
    assert scope.granted(given_) <= scope.granted(held)
    assert scope.narrowed(given_, given_) == given_
