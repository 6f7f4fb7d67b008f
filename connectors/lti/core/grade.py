"""A grade of AGS in the words of xAPI, whoever reports it: a tool's score, a platform's result.

Sources: AGS 2.0 §3.3.4, §3.4.5; xAPI 1.0.3 Data §2.4.5.1.
"""

from __future__ import annotations

from collections.abc import Mapping


def in_xapi(given: float | None, maximum: float | None) -> Mapping[str, float] | None:
    """The Score of xAPI; None where there is no number. `given` from 0, `maximum` above 0."""
    if given is None or maximum is None:
        return None
    if given > maximum:
        # Extra credit: AGS allows it, xAPI lets neither `scaled` pass 1 nor `raw` pass `max`.
        return {"scaled": 1.0, "raw": given, "min": 0}
    return {"scaled": round(given / maximum, 6), "raw": given, "min": 0, "max": maximum}
