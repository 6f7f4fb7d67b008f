"""Open Badges 3.0: awards as signed credentials, their revocation, and their verification."""

from __future__ import annotations
