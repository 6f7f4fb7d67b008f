"""The pages as one thing to install: routes, static files, headers, refusals as pages."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from engine import problems
from web import routes
from web.desk import Desk
from web.routes.lti import LaunchPages
from web.security import SecurityHeaders
from web.services import Services


class Site:
    """The pages over `services`. `desk.officer` tells other doors which officer is asking."""

    def __init__(self, services: Services) -> None:
        self.desk = Desk(
            database=services.database,
            clock=services.clock,
            accounts=services.accounts,
            public_url=services.public_url,
            default_language=services.default_language,
            zone=ZoneInfo(services.time_zone),
        )
        self.launch_pages = LaunchPages(services, self.desk)
        self._services = services

    def install(self, app: FastAPI) -> None:
        """Put the pages into `app`: every refusal to a browser becomes a page as well."""
        app.include_router(routes.router(self._services, self.desk))
        app.mount("/static", StaticFiles(directory=Path(str(files("web"))) / "static"))
        problems.install(app, self.desk.problem)
        app.add_middleware(SecurityHeaders, https=self._services.public_url.startswith("https://"))
