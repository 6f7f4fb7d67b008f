"""The xAPI Learning Record Store: 1.0.3 and 2.0 on one address."""

from __future__ import annotations
