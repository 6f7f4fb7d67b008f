"""Where we answer, in both roles: what the other side registers, and what a launch tells a tool."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

# As a tool, for platforms.
LOGIN = "/lti/login"
LAUNCH = "/lti/launch"
TOOL_KEYS = "/lti/jwks"
REGISTER = "/lti/register"
CANVAS = "/lti/canvas.json"

# As a platform, for tools.
AUTH = "/lti/platform/auth"
TOKEN = "/lti/platform/token"  # noqa: S105 -- an address
PLATFORM_KEYS = "/lti/platform/jwks"
CHOSEN = "/lti/platform/deep-links"
LINE_ITEMS = "/lti/ags/{connector}/lineitems"
LINE_ITEM = LINE_ITEMS + "/{item}"
MEMBERS = "/lti/nrps/{connector}/courses/{item}/memberships"
# Below it lie the pages of outside courses, and nothing else.
TOOLS = "/lti/platform/tools/"
COURSE = TOOLS + "{connector}/courses/{course}"


@dataclass(frozen=True, slots=True)
class ToolAddresses:
    """Where a platform finds us. `base`: our origin, no slash at its end."""

    base: str

    @property
    def login(self) -> str:
        """Where it initiates a login."""
        return self.base + LOGIN

    @property
    def launch(self) -> str:
        """Where it posts launches: the only redirect address."""
        return self.base + LAUNCH

    @property
    def jwks(self) -> str:
        """Our public keys."""
        return self.base + TOOL_KEYS

    @property
    def target(self) -> str:
        """What a launch opens where a link names nothing else."""
        return f"{self.base}/passport"

    @property
    def logo(self) -> str:
        """Our mark."""
        return f"{self.base}/static/kasane.svg"

    @property
    def register(self) -> str:
        """Where dynamic registration begins; a token has to be added."""
        return self.base + REGISTER

    @property
    def canvas(self) -> str:
        """Our configuration as Canvas reads it."""
        return self.base + CANVAS

    @property
    def domain(self) -> str:
        """Our host, with its port where it is none of the usual."""
        return urlsplit(self.base).netloc


@dataclass(frozen=True, slots=True)
class PlatformAddresses:
    """Where a tool finds us. `issuer`: our origin without a final slash, and our name as issuer."""

    issuer: str

    @property
    def auth(self) -> str:
        """Where a tool sends the browser to be told who is there."""
        return self.issuer + AUTH

    @property
    def token(self) -> str:
        """Where a tool gets its access tokens."""
        return self.issuer + TOKEN

    @property
    def keys(self) -> str:
        """Our JWK set."""
        return self.issuer + PLATFORM_KEYS

    @property
    def chosen(self) -> str:
        """Where a tool sends the courses that were chosen in it."""
        return self.issuer + CHOSEN

    def home_page(self, connector: str) -> str:
        """Under which learners are known to a tool; its courses lie below it."""
        return self.issuer + TOOLS + connector

    def line_items(self, connector: str) -> str:
        """All columns of a tool."""
        return self.issuer + LINE_ITEMS.format(connector=connector)

    def line_item(self, connector: str, item: str) -> str:
        """One column of a tool."""
        return self.issuer + LINE_ITEM.format(connector=connector, item=item)

    def members(self, connector: str, course: str) -> str:
        """Who has opened a course."""
        return self.issuer + MEMBERS.format(connector=connector, item=course)
