"""Where people, evidence, rulebooks, decisions and awards are kept."""

from __future__ import annotations
