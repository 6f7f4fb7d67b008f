"""Plain text: the form in which keys, headings and hashes compare what offices typed."""

from __future__ import annotations

import re
import unicodedata

# CP932 has one code for each of these pairs; which sign it decodes to depends on the decoder, so
# the same file re-saved as UTF-8 elsewhere carries the other one. NFKC joins ～ and －, not these.
_PAIRS = str.maketrans(
    {
        "\u301c": "~",  # WAVE DASH, the twin of FULLWIDTH TILDE
        "\u2212": "-",  # MINUS SIGN, the twin of FULLWIDTH HYPHEN-MINUS
        "\u2010": "-",
        "\u2014": "\u2015",  # EM DASH, the twin of HORIZONTAL BAR
        "\u2016": "\u2225",  # DOUBLE VERTICAL LINE, the twin of PARALLEL TO
    }
)
_SPACES = re.compile(r"\s+")
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def plain(text: str) -> str:
    """`text` with width, compatibility forms, dashes and spaces made one.

    ㈱ becomes (株), ① becomes 1, Ａ becomes A. Variant characters stay what they are: 髙 is not 高,
    and two people may differ in nothing else.
    """
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", text).translate(_PAIRS)).strip()


def storable(text: str) -> bool:
    """Whether `text` is free of control characters and lone surrogates (tab and breaks pass)."""
    return _UNSTORABLE.search(text) is None


def visible(text: str) -> str:
    """`text` with what cannot be stored written out as `\\x07`, so that it can be shown."""
    return _UNSTORABLE.sub(lambda sign: sign[0].encode("unicode_escape").decode(), text)


def key(*parts: str) -> str:
    """One key of several parts, in plain text, that no other parts can spell."""
    return "|".join(plain(part).replace("\\", "\\\\").replace("|", "\\|") for part in parts)
