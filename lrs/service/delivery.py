"""One batch on its way to one target, and what becomes of each statement in it.

A batch that a target refuses is halved until the guilty statements are found; they are set aside,
and the others go on.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.clock import Clock
from engine.database import Database
from engine.fetcher import Fetcher, FetchFailed, FetchRefused, Policy, retry_after
from engine.text import Text
from engine.vault import CannotOpen, Vault
from lrs.core.forwarding import meaning, speaks
from lrs.service.attachments import Part
from lrs.service.parcel import parcel
from lrs.store.forwarding import SetAside, Target
from lrs.store.statements import StoredStatement

# As much of an answer as the message in it may need to be found; what is shown is shorter.
_ANSWER = 4000
_DEADLINE_S = 300.0


class HeldError(Exception):
    """The target takes nothing just now, whatever is sent. `code` is one of `lrs.messages.HELD`."""

    def __init__(self, code: str, answer: str = "", after_s: float | None = None) -> None:
        super().__init__(f"{code} {answer}"[:_ANSWER])
        self.after_s = after_s


@dataclass(slots=True)
class Sent:
    """What became of a batch: `seq` of all that was read, and of what need not go there."""

    read: frozenset[int]
    unwanted: frozenset[int]
    delivered: list[int] = field(default_factory=list)
    aside: list[SetAside] = field(default_factory=list)
    forbidden: int = 0

    def reached(self, wanted: Sequence[StoredStatement], position: int) -> int:
        """How far `wanted` is settled without a gap.

        A statement that was set aside may lie behind one that was not sent yet.
        """
        settled = {*self.delivered, *(one.seq for one in self.aside)}
        for row in wanted:
            if row.seq not in settled:
                break
            position = row.seq
        return position


def _kept(text: Text) -> str:
    """The text as it is kept behind a code, in both languages."""
    return json.dumps(text.to_json(), ensure_ascii=False)


def context_of(target: str) -> str:
    """The place to which the secret of a target is sealed."""
    return f"forward_target:{target}"


class Delivery:
    """Posts statements to targets."""

    def __init__(self, database: Database, vault: Vault, fetcher: Fetcher, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._fetcher = fetcher
        self._clock = clock

    async def send(
        self,
        target: Target,
        wanted: Sequence[StoredStatement],
        parts: Mapping[int, Sequence[Part]],
        sent: Sent,
    ) -> None:
        """Send what the target speaks the version of. Raises: HeldError; `sent` is a beginning."""
        newer = [row for row in wanted if not speaks(target.version, row.version)]
        sent.aside += [self._aside(target, row, "version_newer", row.version) for row in newer]
        spoken = [row for row in wanted if speaks(target.version, row.version)]
        if not spoken:
            return
        await self._halving(target, spoken, parts, sent)
        # A key without the right to write is refused for each statement; so is a statement about
        # somebody the key may not speak for. Where nothing passes, it is the key.
        if sent.forbidden == len(spoken) and (len(spoken) > 1 or not target.delivered):
            sent.aside.clear()
            raise HeldError("forbidden", "403")

    async def _halving(
        self,
        target: Target,
        batch: Sequence[StoredStatement],
        parts: Mapping[int, Sequence[Part]],
        sent: Sent,
    ) -> None:
        status, answer = await self._post(target, batch, parts)
        half = len(batch) // 2
        means = meaning(status)
        if means == "delivered" or (means == "there" and not half):
            sent.delivered += [row.seq for row in batch]
        elif half:
            await self._halving(target, batch[:half], parts, sent)
            await self._halving(target, batch[half:], parts, sent)
        else:
            sent.forbidden += status == 403
            sent.aside.append(self._aside(target, batch[0], "refused", f"{status} {answer}"))

    async def _post(
        self, target: Target, batch: Sequence[StoredStatement], parts: Mapping[int, Sequence[Part]]
    ) -> tuple[int, str]:
        """Status and beginning of the answer. Raises: HeldError."""
        own = Policy.towards(target.endpoint)
        policy = replace(
            own,
            private=own.hosts if target.private else frozenset(),
            max_body=1_000_000,
            deadline_s=_DEADLINE_S,
            tries=1,
        )
        try:
            secret = self._vault.open(target.secret, context_of(target.id)).decode()
            pair = base64.b64encode(f"{target.key}:{secret}".encode()).decode()
            came = [part for row in batch for part in parts.get(row.seq, ())]
            headers, content = parcel(self._database, batch, came)
            response = await self._fetcher.post(
                f"{target.endpoint}/statements",
                policy=policy,
                headers={
                    "Authorization": f"Basic {pair}",
                    "X-Experience-API-Version": target.version,
                    **headers,
                },
                content=content,
            )
        except CannotOpen:
            raise HeldError("secret_sealed") from None
        except FetchRefused as error:
            raise HeldError("not_allowed", _kept(error.text)) from error
        except FetchFailed as error:
            if error.status is not None:
                raise HeldError("answered", str(error.status), error.retry_after) from error
            raise HeldError("unreachable", _kept(error.text), error.retry_after) from error
        answer = response.content[:_ANSWER].decode("utf-8", "replace").replace("\x00", "")
        if meaning(response.status) == "held":
            after = retry_after(response.headers.get("retry-after"))
            raise HeldError("answered", f"{response.status} {answer}", after)
        return response.status, answer

    def _aside(self, target: Target, row: StoredStatement, code: str, answer: str) -> SetAside:
        return SetAside(target.id, row.seq, row.id, "dead", code, answer, self._clock())
