"""A portal that pushes its statements, for tests that need no more than one."""

from __future__ import annotations

import yaml

from config.demo.installation import Installation

HOME = "https://portal-k.example.jp"
_CONNECTORS = {
    "connectors": [
        {
            "id": "portal-k",
            "type": "xapi_push",
            "title": {"ja": "試験", "en": "trial"},
            "may_assert_homepages": [HOME],
            "activity_prefixes": [HOME],
        }
    ]
}


def set_up(kasane: Installation) -> None:
    """Let Kasane know the portal."""
    (kasane.folder / "connectors.yaml").write_text(yaml.safe_dump(_CONNECTORS))
    kasane.run("connectors", "apply", "connectors.yaml")


def key_of(kasane: Installation) -> tuple[str, str]:
    """The portal's new key, and its secret."""
    made = kasane.run("credentials", "add", "portal-k")
    return made["id"], made["secret"]
