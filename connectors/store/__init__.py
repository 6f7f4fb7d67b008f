"""What the connectors remember."""

from __future__ import annotations
