"""The demonstration: example portals, and one walk through the whole flow."""

from __future__ import annotations
