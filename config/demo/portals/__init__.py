"""Example portals on loopback: small, but every protocol they speak is the real one."""

from __future__ import annotations
