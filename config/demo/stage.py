"""The stage of the story: Kasane and the portals around it, and what an operator sets up once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import httpx
import yaml

from config.demo import story
from config.demo.installation import Installation
from config.demo.portals.foreign_lrs import ForeignLrs
from config.demo.portals.provider import Provider
from config.demo.portals.site import Site
from config.demo.town import Town


class Stage:
    """Kasane in `folder`, on a site that listens on `port`, among the portals of the town."""

    def __init__(self, folder: Path, port: int) -> None:
        self.kasane = Installation(folder, port=port, KASANE_TICK_SECONDS="1")
        self.town = Town(
            folder,
            self.kasane.url,
            members=[story.AT_PORTAL_A],
            students=[story.AT_LMS],
        )
        self._library_site = Site()
        self._library = ForeignLrs(self._library_site.url, folder / "library.db")

    def __enter__(self) -> Self:
        self.town.open()
        self._library_site.serve(self._library.app)
        return self

    def __exit__(self, *_: object) -> None:
        self.kasane.stop()
        self._library_site.close()
        self.town.close()

    @property
    def connectors(self) -> list[dict[str, Any]]:
        """The set-up of the portals."""
        return [*self.town.connectors(), self._library_connector()]

    def set_up(self) -> Provider:
        """What an operator does once: schema, connectors, rulebook, accounts; then serve.

        The library's record store holds something from now on. Returns portal A, which may push.
        """
        if self._library.keep(story.LIBRARY_HOLDS) != httpx.codes.OK:
            raise RuntimeError("the library's record store took nothing")
        kasane = self.kasane
        kasane.run("migrate")
        file = kasane.folder / "connectors.yaml"
        file.write_text(yaml.safe_dump({"connectors": self.connectors}, allow_unicode=True))
        kasane.run("connectors", "apply", str(file))
        kasane.run("rulebook", "publish", str(story.RULEBOOK))
        made = kasane.run("credentials", "add", "portal-a")
        self._accounts()
        kasane.start()
        return Provider(
            kasane=kasane.url, connector="portal-a", key=made["id"], secret=made["secret"]
        )

    def _accounts(self) -> None:
        """The accounts; those of an earlier telling stay as they are."""
        marker = self.kasane.folder / "accounts-made"
        if marker.exists():
            return
        learner = story.LEARNER
        self.kasane.account(
            learner.login, story.PASSWORD, role="learner", person=learner.person, name=learner.name
        )
        for officer in story.OFFICERS:
            self.kasane.account(officer.login, story.PASSWORD, role="staff", name=officer.name)
        marker.touch()

    def _library_connector(self) -> dict[str, Any]:
        return {
            "id": "library-d",
            "type": "xapi_pull",
            "title": {"ja": "D図書館の学習記録", "en": "Library D, learning records"},
            "may_assert_homepages": [story.LIBRARY],
            "allow_private_hosts": [self._library_site.host],
            "endpoint": self._library.endpoint,
            "key": self._library.key,
            "secret": self._library.secret,
            "version": "1.0.3",
            # Each minute, so that the story need not wait for the night.
            "schedule": {"cron": "* * * * *", "timezone": "Asia/Tokyo"},
        }

    def addresses(self) -> list[str]:
        """What to open, and as whom."""
        url = self.kasane.url
        officers = ", ".join(one.login for one in story.OFFICERS)
        places = (
            (f"{url}/passport", "学習者のページ / the learner's passport"),
            (f"{url}/passport/identities", "つながっているID / the learner's identities"),
            (f"{url}/console/syncs", "事務局：同期 / the secretariat: syncs"),
            (f"{url}/console/people", "事務局：人 / the secretariat: people"),
            (f"{url}/verify", "バッジを確かめる / verify a badge"),
            (self.town.lms.course_url, "大学LMSの授業 / the course at the LMS"),
            (str(self.kasane.data / "mail"), "送られたメール / mail that went out"),
        )
        return [
            f"学習者 / learner          {story.LEARNER.login}",
            f"事務局 / secretariat      {officers}",
            f"パスワード / password     {story.PASSWORD}",
            f"ポータルAのログイン名 / login name at portal A: {story.AT_PORTAL_A}",
            "",
            *(line for place, words in places for line in (words, f"  {place}")),
            "",
            "終わるには Ctrl-C / Ctrl-C to stop",
        ]
