"""What xAPI says, as pure functions over JSON: no clock, no randomness, no I/O."""

from __future__ import annotations
