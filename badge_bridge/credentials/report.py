"""What a verification found: one check at a time, in words that a person can use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.database import Json
from engine.text import Text

Outcome = Literal["passed", "failed", "unknown"]
Verdict = Literal["valid", "unvouched", "revoked", "invalid", "unknown"]


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer. `unknown`: it could not be answered now.

    `detail` is for the technician: what the library said, in English. `variant`: which way it was
    passed, where there are several.
    """

    name: str
    outcome: Outcome
    text: Text
    detail: str = ""
    variant: str = ""

    @property
    def passed(self) -> bool:
        """Whether the answer is yes."""
        return self.outcome == "passed"

    def to_json(self) -> Json:
        """The check as data."""
        answer = {"check": self.name, "outcome": self.outcome, "text": self.text.to_json()}
        return answer | ({"detail": self.detail} if self.detail else {})


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """All checks in the order in which they were made.

    `document` is the credential as presented, without a claim that it is genuine; None where
    nothing could be read. `own`: the issuer identifier of this installation.
    """

    checks: tuple[Check, ...]
    form: Literal["json", "jwt", "none"] = "none"
    document: Json = None
    own: str = ""

    @property
    def verdict(self) -> Verdict:
        """`valid` only where every check passed and somebody vouches for who the issuer is.

        Anybody can make a key, write any name beside it, and sign: `unvouched`.
        """
        wrong = {check.name for check in self.checks if check.outcome == "failed"}
        if wrong:
            return "revoked" if wrong == {"status"} else "invalid"
        if not all(check.passed for check in self.checks):
            return "unknown"
        by_itself = any((one.name, one.variant) == ("issuer", "self") for one in self.checks)
        return "unvouched" if by_itself else "valid"

    @property
    def valid(self) -> bool:
        """Whether the badge may be relied upon."""
        return self.verdict == "valid"

    @property
    def summary(self) -> Text:
        """The verdict in a sentence or two."""
        if self.document is None:
            return _NO_BADGE
        return _VALID_HERE if self.valid and self.issued_here else _VERDICTS[self.verdict]

    @property
    def issued_here(self) -> bool:
        """Whether this installation signed it, whatever became of it since."""
        signed = {check.name for check in self.checks if check.passed} >= {"issuer", "signature"}
        return signed and bool(self.own) and self.issuer == self.own

    @property
    def issuer(self) -> str:
        """The identifier that the credential names as its issuer."""
        return issuer_of(self.document)

    def to_json(self) -> Json:
        """The report as data."""
        return {
            "verdict": self.verdict,
            "summary": self.summary.to_json(),
            "issued_here": self.issued_here,
            "form": self.form,
            "credential": (self.document or {}).get("id"),
            "issuer": self.issuer or None,
            "checks": [check.to_json() for check in self.checks],
        }


def issuer_of(document: Json) -> str:
    """The `id` of the issuer, given as an address or as a Profile."""
    issuer = document.get("issuer") if isinstance(document, dict) else None
    identifier = issuer.get("id") if isinstance(issuer, dict) else issuer
    return identifier if isinstance(identifier, str) else ""


def passed(name: str, *, variant: str = "") -> Check:
    """The check `name`, passed."""
    text = PASSED[f"{name}_{variant}" if variant else name]
    return Check(name, "passed", text, variant=variant)


def failed(name: str, code: str = "", detail: str = "") -> Check:
    """The check `name`, failed for the reason `code`."""
    return Check(name, "failed", FAILED[code or name], detail)


def unknown(name: str, code: str, detail: str = "") -> Check:
    """The check `name`, which could not be made for the reason `code`."""
    return Check(name, "unknown", FAILED[code], detail)


PASSED = {
    "readable": Text(ja="バッジのデータを読み取りました。", en="The badge could be read."),
    "structure": Text(
        ja="Open Badges 3.0 の形式です。", en="It has the form of an Open Badge 3.0."
    ),
    "issuer": Text(
        ja="署名の鍵は、発行者が公開しているものです。",
        en="The key is one that the issuer publishes.",
    ),
    "issuer_self": Text(
        ja="署名の鍵は発行者の識別子そのものです。この識別子が誰のものかは、別に確かめてください。",
        en="The key is the issuer's identifier itself. Whose it is has to be found out elsewhere.",
    ),
    "signature": Text(
        ja="署名は正しく、発行後に書き換えられていません。",
        en="The signature is right: nothing was changed after issuing.",
    ),
    "terms": Text(
        ja="記載のすべてが署名の対象です。", en="Everything it says is covered by the signature."
    ),
    "claims": Text(
        ja="JWT の項目とバッジの内容が一致しています。",
        en="The claims of the JWT agree with the badge.",
    ),
    "conformance": Text(
        ja="別の検証ソフトでも同じ結果です。", en="Independent software comes to the same result."
    ),
    "dates": Text(ja="有効期間内です。", en="It is within its period of validity."),
    "status": Text(ja="取り消されていません。", en="It has not been revoked."),
    "status_none": Text(
        ja="取り消しの仕組みを持たないバッジです。", en="This badge names no list of revocations."
    ),
}

FAILED = {
    "given_address": Text(
        ja="渡されたのは、バッジのページのアドレスです。そのアドレスを開くか、"
        "そこで取得したバッジのファイル（JSON・JWT・PNG）を指定してください。",
        en="This is the address of a page. Open that address, or give the badge's file from there "
        "(JSON, JWT or PNG).",
    ),
    "given_image": Text(
        ja="画像の中にバッジが入っていません。受け取ったときの元の画像（PNG・SVG）を指定してください。"
        "画面の写しや、変換した画像には入っていません。",
        en="There is no badge inside this image. Give the original PNG or SVG as it was received: "
        "a screenshot or a converted picture carries none.",
    ),
    "given_broken": Text(
        ja="バッジのデータが途中で切れているか、書き換えられていて、読み取れません。"
        "もう一度、全体を指定してください。",
        en="The badge's data is cut off or was changed, and cannot be read. Give all of it again.",
    ),
    "given_too_large": Text(
        ja="大きすぎるため、バッジとして読み取れません。", en="This is too large to be a badge."
    ),
    "given_something": Text(
        ja="バッジのデータを読み取れません。JSON、JWT、または画像 (PNG・SVG) を指定してください。",
        en="No badge could be read. It may be JSON, a JWT, or an image (PNG, SVG).",
    ),
    "structure": Text(ja="Open Badges 3.0 の形式ではありません。", en="It is no Open Badge 3.0."),
    "issuer": Text(
        ja="署名の鍵は、記載された発行者のものではありません。",
        en="The key does not belong to the issuer that is named.",
    ),
    "issuer_unknown": Text(
        ja="発行者の鍵を確認できませんでした。", en="The issuer's key could not be found out."
    ),
    "issuer_kind": Text(
        ja="発行者の識別子の種類に対応していません (did:web と did:key に対応)。",
        en="This kind of issuer identifier is not supported (did:web and did:key are).",
    ),
    "signature": Text(
        ja="署名が合いません。内容が書き換えられたか、別の鍵で署名されています。",
        en="The signature is wrong: something was changed, or another key signed it.",
    ),
    "terms": Text(
        ja="署名の対象にならない記載が含まれています。",
        en="It says something that the signature does not cover.",
    ),
    "claims": Text(
        ja="JWT の項目とバッジの内容が一致しません。",
        en="The claims of the JWT do not agree with the badge.",
    ),
    "conformance": Text(
        ja="別の検証ソフトが受け入れませんでした。", en="Independent software refused it."
    ),
    "dates": Text(ja="日付を読み取れません。", en="Its dates cannot be read."),
    "not_yet": Text(ja="まだ有効期間に入っていません。", en="It is not valid yet."),
    "expired": Text(ja="有効期限が過ぎています。", en="It has expired."),
    "revoked": Text(
        ja="発行者がこのバッジを取り消しました。", en="The issuer has revoked this badge."
    ),
    "status_list": Text(
        ja="取り消しの一覧が正しくありません。", en="The list of revocations is not in order."
    ),
    "status_unknown": Text(
        ja="取り消しの有無を確認できませんでした。",
        en="Whether it was revoked could not be found out.",
    ),
}

_NO_BADGE = Text(ja="確かめるバッジがありません。", en="There is no badge to check here.")
_VALID_HERE = Text(
    ja="このバッジは有効です。このサイトが発行したものです。",
    en="This badge is valid. It was issued by this site.",
)
_VERDICTS: dict[Verdict, Text] = {
    "valid": Text(ja="このバッジは有効です。", en="This badge is valid."),
    "unvouched": Text(
        ja="署名は本物ですが、発行者が名乗るとおりの組織であることは、誰も保証していません。",
        en="The signature is genuine, but nobody vouches for who the issuer is.",
    ),
    "revoked": Text(
        ja="このバッジは本物ですが、取り消されています。",
        en="This badge is genuine, but it has been revoked.",
    ),
    "invalid": Text(ja="このバッジは有効ではありません。", en="This badge is not valid."),
    "unknown": Text(
        ja="一部を確認できなかったため、有効とは言えません。",
        en="Something could not be checked, so it cannot be called valid.",
    ),
}
