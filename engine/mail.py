"""Outgoing mail: over SMTP, or as files into a folder where an office has no mail server yet."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from engine.clock import Clock


class Mailer(Protocol):
    """Hands one message to the post."""

    async def send(self, to: str, subject: str, text: str) -> None:
        """Send plain text. Returns once the message is handed over; raises if it is not."""


def compose(sender: str, to: str, subject: str, text: str, clock: Clock) -> EmailMessage:
    """The message. Header injection is refused by `email.policy` (ValueError)."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(clock())
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2] or "localhost")
    message.set_content(text)
    return message


class SmtpMailer:
    """Mail through the server at `smtp://[user:password@]host[:port]` (or `smtps://`)."""

    def __init__(self, url: str, sender: str, clock: Clock) -> None:
        self._server = urlsplit(url)
        self._sender = sender
        self._clock = clock

    async def send(self, to: str, subject: str, text: str) -> None:
        """Send plain text. Raises: aiosmtplib.SMTPException, OSError."""
        implicit_tls = self._server.scheme == "smtps"
        user, password = self._server.username, self._server.password
        await aiosmtplib.send(
            compose(self._sender, to, subject, text, self._clock),
            hostname=self._server.hostname or "localhost",
            port=self._server.port or (465 if implicit_tls else 25),
            username=unquote(user) if user else None,
            password=unquote(password) if password else None,
            use_tls=implicit_tls,
            timeout=30,
        )


class FolderMailer:
    """Mail as `.eml` files, for a first installation and for trying things out."""

    def __init__(self, folder: Path, sender: str, clock: Clock) -> None:
        self._folder = folder
        self._sender = sender
        self._clock = clock

    async def send(self, to: str, subject: str, text: str) -> None:
        """Write the message into the folder; the name sorts by time."""
        message = compose(self._sender, to, subject, text, self._clock)
        stamp = self._clock().strftime("%Y%m%dT%H%M%S.%f")
        digest = abs(hash(message["Message-ID"])) % 10**8
        await asyncio.to_thread(self._write, f"{stamp}-{digest:08d}.eml", bytes(message))

    def _write(self, name: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        # Another ending: a name that begins with a dot is still found by `*.eml`.
        unfinished = self._folder / f"{name}.unfinished"
        unfinished.write_bytes(content)
        unfinished.rename(self._folder / name)
