"""Lists that offices send: CSV by upload or through a watched folder."""

from __future__ import annotations
