"""The post: mail that a transaction asked for goes out after it committed."""

from __future__ import annotations

from collections.abc import Sequence

from engine.jobs import Jobs
from engine.mail import Mailer
from engine.outbox import Entry


def register(jobs: Jobs, mailer: Mailer) -> None:
    """Serve the topic `mail`, whose rows hold `to`, `subject` and `text`."""

    async def send(_key: str, entries: Sequence[Entry]) -> None:
        for entry in entries:
            await mailer.send(entry.args["to"], entry.args["subject"], entry.args["text"])

    jobs.detached("mail", send)
