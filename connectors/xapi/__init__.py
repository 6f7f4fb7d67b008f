"""Portals that speak xAPI: pulled from their record store, or pushing to our lenient door."""

from __future__ import annotations
