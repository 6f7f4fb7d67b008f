"""How the attachments of statements and the parts of a request belong together.

A part belongs to every attachment that names its hash, in SubStatements too, and in no other way.
Source: xAPI 1.0.3 Communication §1.5.2, Data §2.4.11; xAPI 2.0 §4.1.3, §4.2.2.6.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from lrs.core.fault import Fault, Section
from lrs.core.mediatype import media_type
from lrs.core.shape import Json

TRANSMISSION = Section("Communication §1.5.2", "§4.1.3")

_ALGORITHMS = {56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
_HEX_DIGITS = b"0123456789abcdefABCDEF"


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attachment; `pointer` leads to it, `sha2` is in lower case.

    `nested`: it belongs to a SubStatement.
    """

    pointer: str
    sha2: str
    value: dict[str, Json]
    nested: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """What a part's content turned out to be. `length` in octets.

    `spelled`: it is nothing but hexadecimal digits, two for each octet of some file.
    """

    sha2: str
    length: int
    spelled: bool


class Measure:
    """Measures content as it arrives; `sha2` says by its length which SHA-2 is meant."""

    def __init__(self, sha2: str) -> None:
        self._digest = hashlib.new(_ALGORITHMS[len(sha2)])
        self._spelled = True
        self.length = 0

    def update(self, data: bytes) -> None:
        """Take the next bytes in."""
        self._digest.update(data)
        self.length += len(data)
        self._spelled = self._spelled and not data.translate(None, _HEX_DIGITS)

    def result(self) -> Measured:
        """What the bytes so far amount to."""
        return Measured(self._digest.hexdigest(), self.length, self._spelled)


def attachments(value: dict[str, Json], prefix: str = "") -> list[Attachment]:
    """Every attachment of a statement and of its SubStatement; `prefix` leads to the statement."""
    target = value["object"]
    found = value.get("attachments", ())
    inner = target.get("attachments", ()) if target.get("objectType") == "SubStatement" else ()
    return [
        Attachment(f"{prefix}/attachments/{position}", one["sha2"].lower(), one, nested=False)
        for position, one in enumerate(found)
    ] + [
        Attachment(f"{prefix}/object/attachments/{position}", one["sha2"].lower(), one, nested=True)
        for position, one in enumerate(inner)
    ]


def by_hash(found: Sequence[Attachment]) -> dict[str, list[Attachment]]:
    """The attachments under each hash."""
    sorted_in: dict[str, list[Attachment]] = {}
    for one in found:
        sorted_in.setdefault(one.sha2, []).append(one)
    return sorted_in


def named_by(
    headers: Mapping[str, str], known: Mapping[str, Sequence[Attachment]], place: str
) -> Sequence[Attachment] | Fault:
    """The attachments to which the part with these headers belongs; `place` is the part's.

    What header and attachment both state must agree with one of them.
    """
    encoding = headers.get("content-transfer-encoding")
    if encoding is None or encoding.lower() != "binary":
        return Fault("part_not_binary", f"{place}/Content-Transfer-Encoding")
    sha2 = headers.get("x-experience-api-hash")
    if sha2 is None:
        return Fault("part_without_hash", place)
    named = known.get(sha2.lower(), ())
    if not named:
        return Fault("part_of_no_attachment", place, params={"sha2": sha2[:128]})
    kind = headers.get("content-type")
    kinds = [media_type(one.value["contentType"]) for one in named]
    if kind is not None and media_type(kind) not in kinds:
        stated = named[0].value["contentType"]
        params = {"part": kind[:80], "attachment": stated[:80]}
        return Fault("part_content_type", f"{named[0].pointer}/contentType", params=params)
    length = headers.get("content-length")
    if length is not None and length not in {str(one.value["length"]) for one in named}:
        stated = str(named[0].value["length"])
        params = {"part": length[:20], "attachment": stated}
        return Fault("part_length", f"{named[0].pointer}/length", params=params)
    return named


def untrue(named: Sequence[Attachment], measured: Measured) -> Fault | None:
    """What an attachment says of its content and the content refutes.

    Content that is all hexadecimal digits may be given with the length of the file it spells:
    ADL's suite sends a picture so (XAPI-00127), and the hash leaves no doubt what is meant.
    """
    lengths = {measured.length} | ({measured.length // 2} if measured.spelled else set())
    for one in named:
        if one.sha2 != measured.sha2:
            params = {"found": measured.sha2}
            return Fault("attachment_hash_untrue", f"{one.pointer}/sha2", params=params)
        if one.value["length"] not in lengths:
            params = {"stated": str(one.value["length"]), "found": str(measured.length)}
            return Fault("attachment_length_untrue", f"{one.pointer}/length", params=params)
    return None


def without_data(found: Sequence[Attachment], received: Collection[str] = ()) -> list[Fault]:
    """Attachments whose content neither comes with the request nor lies at a `fileUrl`.

    That we hold content with the same hash is no reason to accept one: whoever knows a hash could
    read what it stands for.
    """
    return [
        Fault("attachment_without_data", one.pointer)
        for one in found
        if one.sha2 not in received and "fileUrl" not in one.value
    ]
