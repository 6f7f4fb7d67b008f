"""The simple data types of xAPI, as predicates over text.

Source: xAPI 1.0.3 Data §4; xAPI 2.0 §4.2.7.
"""

from __future__ import annotations

import re

from engine.recent import remembered

_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`\x00-\x20\x7f]+")
_MAILTO = re.compile(r"mailto:[^\s@<>\"|]+@[^\s@<>\"|]+", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SHA1 = re.compile(r"[0-9a-fA-F]{40}")
_SHA2 = re.compile(r"(?:[0-9a-fA-F]{56}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})")
# A line break among the parameters would become a header of its own where the type is sent on.
_MEDIA_TYPE = re.compile(
    r"[A-Za-z0-9!#$&^_.+\-]+/[A-Za-z0-9!#$&^_.+\-]+(?:[ \t]*;[^\x00-\x08\x0a-\x1f\x7f]*)?"
)
_NUMBER = r"\d+(?:[.,]\d+)?"
_DURATION = re.compile(
    rf"P(?:{_NUMBER}W"
    rf"|(?=.)(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}D)?"
    rf"(?:T(?=.)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?)"
)
_FRACTION_BEFORE_THE_LAST = re.compile(r"[.,]\d+[A-Z]T?\d")
_HUNDREDTHS = re.compile(r"([.,]\d{2})\d+S")

_LANGTAG = re.compile(
    r"""(?:
        (?: [a-z]{2,3}(?:-[a-z]{3}){0,3} | [a-z]{4} | [a-z]{5,8} )
        (?: -[a-z]{4} )?
        (?: -(?:[a-z]{2}|\d{3}) )?
        (?: -(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}) )*
        (?: -[0-9a-wy-z](?:-[a-z0-9]{2,8})+ )*
        (?: -x(?:-[a-z0-9]{1,8})+ )?
      | x(?:-[a-z0-9]{1,8})+
    )""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_GRANDFATHERED = frozenset(
    [
        "en-gb-oed",
        "i-ami",
        "i-bnn",
        "i-default",
        "i-enochian",
        "i-hak",
        "i-klingon",
        "i-lux",
        "i-mingo",
        "i-navajo",
        "i-pwn",
        "i-tao",
        "i-tay",
        "i-tsu",
        "sgn-be-fr",
        "sgn-be-nl",
        "sgn-ch-de",
        "art-lojban",
        "cel-gaulish",
        "no-bok",
        "no-nyn",
        "zh-guoyu",
        "zh-hakka",
        "zh-min",
        "zh-min-nan",
        "zh-xiang",
    ]
)


def is_iri(text: str) -> bool:
    """Whether `text` is an IRI with a scheme (RFC 3987); relative references are none."""
    return _IRI.fullmatch(text) is not None


def is_mailto(text: str) -> bool:
    """Whether `text` is `mailto:` and one address."""
    return _MAILTO.fullmatch(text) is not None


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID in its hyphenated form (RFC 4122)."""
    return _UUID.fullmatch(text) is not None


def is_sha1(text: str) -> bool:
    """Whether `text` is a SHA-1 digest in 40 hexadecimal digits."""
    return _SHA1.fullmatch(text) is not None


def is_sha2(text: str) -> bool:
    """Whether `text` is a SHA-224, 256, 384 or 512 digest in hexadecimal digits."""
    return _SHA2.fullmatch(text) is not None


def is_media_type(text: str) -> bool:
    """Whether `text` is an Internet media type, with or without parameters (RFC 2046)."""
    return _MEDIA_TYPE.fullmatch(text) is not None


# Every text comes with its language, and the languages are few.
@remembered(most=1024, longest=40)
def is_language_tag(text: str) -> bool:
    """Whether `text` is a well-formed language tag (RFC 5646 §2.1)."""
    return _LANGTAG.fullmatch(text) is not None or text.lower() in _GRANDFATHERED


def is_duration(text: str) -> bool:
    """Whether `text` is a duration (ISO 8601:2004 §4.4.3.2): weeks alone, or the other units.

    Only the last unit may have a fraction.
    """
    return (
        text.isascii()
        and _DURATION.fullmatch(text) is not None
        and _FRACTION_BEFORE_THE_LAST.search(text) is None
    )


def comparable_duration(text: str) -> str:
    """The duration cut to hundredths of a second, as two durations are compared (xAPI 2.0)."""
    return _HUNDREDTHS.sub(r"\1S", text)
