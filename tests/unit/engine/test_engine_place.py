"""Where an address leads, whatever way it is written, and what leads nowhere."""

from __future__ import annotations

import pytest

from engine.place import Place, host_of, place


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://lms.example.jp/a?b#c", Place("https", "lms.example.jp", 443)),
        ("HTTPS://LMS.Example.JP.:443", Place("https", "lms.example.jp", 443)),
        ("http://127.0.0.1:8080/", Place("http", "127.0.0.1", 8080)),
        ("https://[::1]/", Place("https", "::1", 443)),
    ],
)
def test_an_address_leads_to_a_scheme_a_host_and_a_port(url: str, found: Place) -> None:
    assert place(url) == found
    assert host_of(url) == found.host


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://LMS.example.jp:443/a", "https://lms.example.jp"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("https://user@[::1]:8443/", "https://[::1]:8443"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(url: str, origin: str) -> None:
    found = place(url)
    assert found is not None
    assert found.origin == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "lms.example.jp",
        "ftp://x",
        "https://",
        "https://[",
        "https://x:port",
        "https://x:99999",
        7,
    ],
)
def test_what_is_no_http_address_leads_nowhere(url: object) -> None:
    assert place(url) is None
    assert host_of(url) == ""


@pytest.mark.parametrize("named", ["inside", "inside:80"])
def test_an_operator_names_a_host_with_its_port_or_without(named: str) -> None:
    found = place("http://inside/keys")
    assert found is not None
    assert found.is_among({named})
    assert not found.is_among({"inside:8080"})
