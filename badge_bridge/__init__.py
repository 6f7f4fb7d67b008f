"""From statements to badges: people, skills, rules, decisions, awards, credentials.

`badge_bridge.core` decides, purely; `badge_bridge.store` keeps; `badge_bridge.credentials` signs.
Never talks to a portal.
"""

from __future__ import annotations
