"""A JSON value as text, with no blank in it and every letter as it is."""

from __future__ import annotations

import json
from typing import Any


def compact(value: Any) -> str:
    """The text; half a surrogate pair stays what it is, so that encoding it tells."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
