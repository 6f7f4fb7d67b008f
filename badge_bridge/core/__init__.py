"""The rules of the house as pure functions: skill map, rulebook, evidence, decision."""

from __future__ import annotations
