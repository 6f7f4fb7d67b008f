"""Which rule set a request asks for.

Source: xAPI 1.0.3 Communication §3.3; xAPI 2.0 §4.1.7. Every 1.0.x and 2.0.x is accepted: there
is content in the world that says 1.0.2 and will never be changed.
"""

from __future__ import annotations

import re

from lrs.core.fault import Family, Fault, Section

VERSIONING = Section("Communication §3.3", "§4.1.7")
_FAMILIES: tuple[tuple[re.Pattern[str], Family], ...] = (
    (re.compile(r"1\.0(\.\d+)?", re.ASCII), "1.0.3"),
    (re.compile(r"2\.0(\.\d+)?", re.ASCII), "2.0.0"),
)


def family_of(header: str | None, default: Family) -> Family | Fault:
    """The family that the header `X-Experience-API-Version` names.

    `default` is only cited: a request without the header is a fault (XAPI-00331).
    """
    if header is None:
        return Fault("version_header_missing", spec=VERSIONING.of(default))
    for form, family in _FAMILIES:
        if form.fullmatch(header.strip()):
            return family
    params = {"value": header[:40]}
    return Fault("version_header_refused", spec=VERSIONING.of(default), params=params)
