"""Every table of the house, gathered for the migrations."""

from __future__ import annotations

import badge_bridge.credentials.tables
import badge_bridge.store.tables
import connectors.lti.services.tables
import connectors.lti.tables
import connectors.oidc.tables
import connectors.store.tables
import engine.audit
import engine.outbox
import lrs.store.forwarding
import lrs.store.tables
import web.tables
from engine.database import metadata

__all__ = ["metadata"]
