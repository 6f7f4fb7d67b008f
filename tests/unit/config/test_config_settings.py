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
