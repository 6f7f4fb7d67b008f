"""Portals: what they report becomes statements, by whichever protocol they speak.

A connector reduces a portal to completions (`connectors.core.completion`); the run, its
checkpoints, the quarantine and the schedules are the same for all. Knows no skills and no badges.
"""

from __future__ import annotations
