"""The lenient door: a portal's statements, an answer for each of them.

The strict door, `/xapi/statements`, is all or nothing, as xAPI wants it. Many portals cannot live
with that (one bad statement blocks their queue), so here each statement stands for itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from connectors.core.completion import Completion, Json, Rejected, rejected
from connectors.core.counts import Result
from connectors.core.reasons import Reason
from connectors.core.slices import elements
from connectors.delivery import Delivered

MAX_STATEMENTS = 1000
_ANSWERS = ("stored", "duplicate", "conflict", "quarantined", "ignored")


def items_of(body: bytes) -> list[Completion | Rejected]:
    """The statements in a body, one or a list; a body that is neither is one held record."""
    text = body.strip()
    cut = elements(text) if text.startswith(b"[") else [text]
    if cut is None:
        return [rejected(Reason.INVALID_JSON, raw=body)]
    return [Completion.of_statement("", one) for one in cut]


def answer(delivered: Sequence[Delivered]) -> Json:
    """What the door says: a result for each statement in order, and how many of each there are."""
    results = [
        {
            "index": index,
            "id": one.source_key if one.statement_id is None else str(one.statement_id),
            "result": _word(one),
            "reason": None if one.reason is None else one.reason.value,
            "detail": None if one.detail is None else one.detail.to_json(),
            "spec": one.spec or None,
        }
        for index, one in enumerate(delivered)
    ]
    counted = Counter(str(result["result"]) for result in results)
    return {"results": results, "counts": {word: counted[word] for word in _ANSWERS}}


def _word(one: Delivered) -> str:
    if one.result is Result.HELD:
        return "conflict" if one.reason is Reason.ID_CONFLICT else "quarantined"
    return one.result.value
