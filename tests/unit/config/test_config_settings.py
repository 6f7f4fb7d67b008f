"""Settings: what cannot be right is refused at the start, in words."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from config.settings import Settings


def test_a_time_zone_has_a_name_that_is_known() -> None:
    assert Settings(time_zone="Europe/Paris").time_zone == "Europe/Paris"
    for name in ("Asia/Sapporo", "", "../etc/passwd", "+09:00"):
        with pytest.raises(ValidationError, match="name of a time zone"):
            Settings(time_zone=name)


@pytest.mark.parametrize(
    "url",
    ["kasane.example.jp", "ftp://x", "https://", "https://x:port", "https://x/a", "https://x?a"],
)
def test_the_public_address_is_an_origin(url: str) -> None:
    assert Settings(public_url="https://kasane.example.jp/").public_url.endswith(".jp")
    with pytest.raises(ValidationError, match="public_url"):
        Settings(public_url=url)
