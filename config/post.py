"""The post: mail that a transaction asked for goes out after it committed."""

from __future__ import annotations

from collections.abc import Sequence

from engine.jobs import Jobs
from engine.letters import TOPIC, Letters
from engine.mail import Mailer
from engine.outbox import Entry


def register(jobs: Jobs, letters: Letters, mailer: Mailer) -> None:
    """Let `mailer` carry what `letters` put into the outbox."""

    async def send(_key: str, entries: Sequence[Entry]) -> None:
        for entry in entries:
            letter = letters.open(entry)
            await mailer.send(letter.to, letter.subject, letter.text)

    jobs.detached(TOPIC, send)
