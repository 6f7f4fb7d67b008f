"""Pure parts of the connectors: no I/O, no clock, no database."""

from __future__ import annotations
