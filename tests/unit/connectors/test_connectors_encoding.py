"""Encodings of offices' files."""

from __future__ import annotations

import pytest

from connectors.core.encoding import decode
from connectors.core.plain import key, plain, storable

TEXT = "髙橋,㈱北のデジタル,①～－,﨑"


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "utf-8-sig"])
def test_what_offices_save_is_read_back(encoding: str) -> None:
    decoded = decode(TEXT.encode(encoding))
    assert decoded is not None
    assert (decoded.text, decoded.encoding) == (TEXT, encoding)


@pytest.mark.parametrize(
    "content",
    [
        "受講者番号\r\nC-1".encode("cp932") + b"\x81\xff\xfe",
        "受講者番号".encode("cp932")[:-1],
        b"\xef\xbb\xbf\xff",
        "髙".encode("cp932") + b"\x80",
        "髙".encode("cp932") + b"\xa0",
        "髙".encode("cp932") + b"\xfd",
        b"\xff\xfe\x00",
        TEXT.encode("utf-16"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
    ],
)
def test_broken_bytes_are_not_guessed(content: bytes) -> None:
    assert decode(content) is None


def test_a_variant_of_shift_jis_is_never_tried() -> None:
    # shift_jis_2004 would read this without complaint, as 郄.
    decoded = decode("髙".encode("cp932"))
    assert decoded is not None
    assert decoded.text == "髙"


def test_plain_text_joins_widths_and_dashes_but_keeps_variants_of_names_apart() -> None:
    assert plain("Ｃ－０００１　～〜") == plain("C−0001 ～～")
    assert plain("㈱①ﾊﾙｶ") == "(株)1ハルカ"
    assert plain("髙") != plain("高")


def test_parts_of_a_key_cannot_spell_one_another() -> None:
    assert key("a|b", "c") != key("a", "b|c")
    assert key("a\\", "b") != key("a", "\\b")
    assert key("C-1", "", "9") == "C-1||9"


def test_control_characters_and_lone_surrogates_cannot_be_stored() -> None:
    assert storable("氏名\tと\n改行")
    assert not storable("a\x00")
    assert not storable("\ud800")
