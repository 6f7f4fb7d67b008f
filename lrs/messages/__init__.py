"""What each fault says, in both languages. `{names}` are filled from the fault."""

from __future__ import annotations

from collections.abc import Mapping

from engine.text import Text
from lrs.core.fault import Fault
from lrs.messages import credentials, forwarding, reading, request, statement
from lrs.messages.forwarding import ASIDE, HELD, aside_text, held_text, wanted_texts

__all__ = ["ASIDE", "HELD", "TEXTS", "aside_text", "held_text", "text_of", "wanted_texts"]

TEXTS: Mapping[str, Text] = {
    **reading.TEXTS,
    **statement.TEXTS,
    **request.TEXTS,
    **credentials.TEXTS,
    **forwarding.TEXTS,
}


def text_of(fault: Fault) -> Text:
    """What a person reads about `fault`."""
    text = TEXTS[fault.code]
    return text.format(**fault.params) if fault.params else text
