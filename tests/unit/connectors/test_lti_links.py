"""Links between pages are found as real platforms write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.lti.core.links import below, is_absolute, is_same_site, links

BASE = "https://lms.example.jp/api/lti/courses/1/names_and_roles?role=x"
NEXT = "https://lms.example.jp/p?page=2"
_CURLY = f"<{NEXT}>; rel=“next”"


@pytest.mark.parametrize(
    "header",
    [
        f'<{NEXT}>; rel="next"',
        f"<{NEXT}>; rel=next",
        f"<{NEXT}>;rel = next",
        f"<{NEXT}>; REL='next'",
        f'<{NEXT}>; rel="NEXT"',
        _CURLY,
        _CURLY.encode().decode("latin-1"),
        f'<{NEXT}>; title="a, b; c"; rel="next"',
        f'<{NEXT}>; rel="next last"',
        f'<https://lms.example.jp/p?page=1>; rel="first", <{NEXT}>; rel="next"',
        f'<https://lms.example.jp/p?a=1,2;3>; rel="prev",<{NEXT}>; rel="next"',
        f'< >, <{NEXT}>; rel="next"',
        f'<unfinished, <{NEXT}>; rel="next"',
        '</p?page=2>; rel="next"',
        '<../../../../p?page=2>; rel="next"',
    ],
)
def test_the_next_page_is_found_however_its_link_is_written(header: str) -> None:
    assert links([header], BASE)["next"] == NEXT


def test_links_of_several_headers_are_put_together_and_the_first_of_a_kind_counts() -> None:
    headers = ['</a>; rel="differences"', '</b>; rel="next", </c>; rel="next"']
    found = links(headers, BASE)
    assert found == {
        "differences": "https://lms.example.jp/a",
        "next": "https://lms.example.jp/b",
    }


@pytest.mark.parametrize(
    "target",
    [
        "https://lms.example.jp/p?page=bookmark:WzEsIkFiQyJd&per_page=10",
        "https://lms.example.jp/p?cursor=a,b;c&x=%2C",
        "https://lms.example.jp/P?Page=2",
    ],
)
def test_an_address_is_not_changed(target: str) -> None:
    assert links([f'<{target}>; rel="next"'], BASE) == {"next": target}


@pytest.mark.parametrize("header", ["", "next", "<", "<>", "<http://[>; rel=next", "<a>; rel"])
def test_what_is_no_link_is_passed_over(header: str) -> None:
    assert links([header], BASE) == {}


@given(st.lists(st.text(alphabet='<>;,="“”\\ relnxt/aÀ\x80'), max_size=3))
def test_no_header_makes_the_reader_fall(headers: list[str]) -> None:
    assert all(isinstance(url, str) for url in links(headers, BASE).values())


def test_results_and_scores_lie_before_the_query_of_a_line_item() -> None:
    url = "https://moodle.example.jp/mod/lti/services.php/2/lineitems/5/lineitem?type_id=3"
    lying = "https://moodle.example.jp/mod/lti/services.php/2/lineitems/5/lineitem/results"
    assert below(url, "results") == f"{lying}?type_id=3"
    assert below("https://c.example.jp/line_items/9/", "scores").endswith("/line_items/9/scores")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example/x", "https://A.example:443/y", True),
        ("https://a.example/x", "http://a.example/x", False),
        ("https://a.example/x", "https://a.example:8443/x", False),
        ("https://a.example/x", "https://a.example.evil.example/x", False),
        ("https://a.example/x", "https://a.example@evil.example/x", False),
        ("https://a.example/x", "https://a.example:port/x", False),
        ("javascript:x", "javascript:x", False),
    ],
)
def test_only_the_same_scheme_host_and_port_is_the_same_site(one, other, same) -> None:
    assert is_same_site(one, other) is same


@pytest.mark.parametrize(
    "url", ["", None, 5, "file:///etc/passwd", "https://", "https://a b/", "https://u:p@a.example/"]
)
def test_what_leads_nowhere_is_no_address(url: object) -> None:
    assert not is_absolute(url)
