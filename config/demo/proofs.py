"""The ways in which a learner's identity at a portal is proved, walked through the pages.

Each returns what the page says was done: `linked`, `already_linked`, `disputed`, `pending`,
`approved`, `unlinked`.
"""

from __future__ import annotations

import email
import re
from collections.abc import Callable
from email.policy import default
from pathlib import Path

from config.demo.visitor import Visitor

IDENTITIES = "/passport/identities"
PEOPLE = "/console/people"


def by_sign_in(learner: Visitor, connector: str, login: str) -> str:
    """The learner signs in at the portal as `login` and comes back."""
    learner.open(f"{IDENTITIES}/oidc/{connector}")
    learner.submit("/login", login=login)
    return done(learner)


def by_launch(learner: Visitor, launch_url: str) -> str:
    """The learner presses the link to Kasane in a course of the LMS."""
    learner.open(launch_url)
    learner.submit("/lti/launch")
    return done(learner)


def by_code(learner: Visitor, connector: str, number: str, read_code: Callable[[], str]) -> str:
    """The learner has a code sent to the address on the list, and enters it."""
    learner.open(IDENTITIES)
    learner.submit(f"{IDENTITIES}/code", having=connector, connector=connector, value=number)
    learner.submit(f"{IDENTITIES}/code/confirm", code=read_code())
    return done(learner)


def by_two_officers(
    first: Visitor, second: Visitor, learner: str, home_page: str, name: str
) -> str:
    """One officer compares the papers and proposes; the other approves."""
    first.open(PEOPLE)
    first.submit(
        f"{PEOPLE}/propose", learner=learner, home_page=home_page, value=name, reference="名簿"
    )
    second.open(PEOPLE)
    second.submit(f"{PEOPLE}/approve", having=learner)
    return done(second)


def unlink(learner: Visitor, name: str) -> str:
    """The learner lets go of the identity that goes by `name` at its portal."""
    learner.open(IDENTITIES)
    for form in learner.forms():
        key = form.fields.get("identity", "")
        if form.action.endswith("/unlink") and key.casefold().endswith(name.casefold()):
            learner.submit(form.action, having=key)
            learner.submit(f"{IDENTITIES}/unlink")
            return done(learner)
    raise LookupError(f"{name} is not connected")


def mailed_code(file: Path) -> str:
    """The six digits in a message that went out."""
    message = email.message_from_bytes(file.read_bytes(), policy=default)
    body = message.get_body(("plain",))
    found = re.search(r"\b\d{6}\b", str(body.get_content()) if body else "")
    return found[0] if found else ""


def done(learner: Visitor) -> str:
    return str(learner.page.url.params.get("done", ""))
