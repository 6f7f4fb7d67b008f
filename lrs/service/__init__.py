"""The record store as the rest of the house uses it: functions that take a connection.

The caller opens the transaction and commits it; nothing here does.
"""

from __future__ import annotations

from lrs.core.credential import Credential, authorize
from lrs.core.statement import Parsed, parse
from lrs.service.credentials import (
    create_credential,
    credential,
    revoke_credential,
    rotate_credential,
)
from lrs.service.querying import owned, statement, statements
from lrs.service.storing import Outcome, store
from lrs.store.statements import StoredStatement

__all__ = [
    "Credential",
    "Outcome",
    "Parsed",
    "StoredStatement",
    "authorize",
    "create_credential",
    "credential",
    "owned",
    "parse",
    "revoke_credential",
    "rotate_credential",
    "statement",
    "statements",
    "store",
]
