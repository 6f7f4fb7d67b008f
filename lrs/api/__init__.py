"""The record store over HTTP: `/xapi/…` and `/oauth/token`."""

from __future__ import annotations

from lrs.api.authentication import Authenticator
from lrs.api.incoming import Limits
from lrs.api.routes import routes

__all__ = ["Authenticator", "Limits", "routes"]
