"""How many decisions a second: 20 pieces of evidence on the default rulebook."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from badge_bridge.core.decide import decide
from badge_bridge.core.evidence import Evidence
from badge_bridge.core.rulebook import Rulebook, parse
from config.defaults import default_rulebook

_AT = datetime(2026, 3, 10, tzinfo=UTC)
_ROUNDS = 5


def main() -> None:
    """Print the median rate."""
    rulebook = parse(default_rulebook())
    assert isinstance(rulebook, Rulebook)
    evidence = [
        Evidence(
            statement=uuid4(),
            actor="account|https://portal.example.jp|u-1",
            source="portal",
            activity=f"https://portal.example.jp/courses/{number}",
            verb="http://adlnet.gov/expapi/verbs/completed",
            completed=True,
            success=None,
            scaled=0.9,
            occurred_at=_AT - timedelta(days=number + 1),
        )
        for number in range(20)
    ]
    rates = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        for _ in range(20):
            decide(rulebook, evidence, _AT)
        rates.append(20 / (time.perf_counter() - began))
    print(f"decisions over 20 pieces of evidence: {statistics.median(rates):,.0f}/s")


if __name__ == "__main__":
    main()
