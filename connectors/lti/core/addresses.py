"""Where the platform role answers: what a provider registers, and what a launch tells its tool."""

from __future__ import annotations

from dataclasses import dataclass

AUTH = "/lti/platform/auth"
TOKEN = "/lti/platform/token"  # noqa: S105 -- an address
KEYS = "/lti/platform/jwks"
CHOSEN = "/lti/platform/deep-links"
LINE_ITEMS = "/lti/ags/{connector}/lineitems"
LINE_ITEM = LINE_ITEMS + "/{item}"
MEMBERS = "/lti/nrps/{connector}/courses/{item}/memberships"


@dataclass(frozen=True, slots=True)
class PlatformAddresses:
    """The addresses below `issuer`: our origin without a final slash, and our name as issuer."""

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
        return self.issuer + KEYS

    @property
    def chosen(self) -> str:
        """Where a tool sends the courses that were chosen in it."""
        return self.issuer + CHOSEN

    def home_page(self, connector: str) -> str:
        """Under which learners are known to a tool; its courses lie below it."""
        return f"{self.issuer}/lti/platform/tools/{connector}"

    def line_items(self, connector: str) -> str:
        """All columns of a tool."""
        return self.issuer + LINE_ITEMS.format(connector=connector)

    def line_item(self, connector: str, item: str) -> str:
        """One column of a tool."""
        return self.issuer + LINE_ITEM.format(connector=connector, item=item)

    def members(self, connector: str, course: str) -> str:
        """Who has opened a course."""
        return self.issuer + MEMBERS.format(connector=connector, item=course)
