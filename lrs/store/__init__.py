"""The statements at rest, on SQLite and PostgreSQL."""

from __future__ import annotations
