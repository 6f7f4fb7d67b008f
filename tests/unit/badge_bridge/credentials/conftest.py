"""A sample award, and an issuing office with keys whose documents stand on a web in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import RSAKey

from badge_bridge.credentials import keyring
from badge_bridge.credentials.addresses import Addresses
from badge_bridge.credentials.award import (
    Aligned,
    Award,
    Badge,
    Constituent,
    Counted,
    IssuerProfile,
    ProvedAddress,
    StatusEntry,
)
from badge_bridge.credentials.document import credential
from badge_bridge.credentials.keys import PublicKey, did_document, ed25519_fragment
from badge_bridge.credentials.proof import secured, vc_jwt
from badge_bridge.credentials.published import Unreachable
from badge_bridge.credentials.status_list import status_list_credential
from badge_bridge.credentials.tables import signing_key
from engine.database import insert
from engine.text import Text
from engine.vault import Vault
from tests.unit.badge_bridge.credentials.issuing import House

AT = datetime(2026, 3, 9, 17, 0, tzinfo=UTC)
STACK = Badge(
    id="ST-DX-STARTER",
    kind="stack",
    name=Text(ja="DXスターター", en="DX Starter"),
    description=Text(ja="DXの入口。", en="The way into DX."),
    criteria=Text(ja="3つのスキルを修めること。", en="Complete three skills."),
    version="2026.1",
    rulebook_hash="ab" * 32,
    aligned=(
        Aligned(
            "DATA-1",
            Text(ja="データ活用入門", en="Data use 1"),
            "北海道DX 2026.1",
            "https://badges.example.jp/skills/DATA-1",
        ),
    ),
    endorsement=Text(ja="DXスターター認定(道のお墨付き)", en="Endorsed by the prefecture"),
    conditions=3,
)
AWARD = Award(
    id=UUID("7d9c3b53-8d0e-5a1f-9f4f-6f5a2f0b8e11"),
    person=UUID("0c1d3c1e-6a53-4c0e-9a55-1f6f5f0e2a01"),
    badge=STACK,
    awarded_at=AT,
    decision_hash="cd" * 32,
    conditions_met=3,
    counted=(
        Counted(
            UUID("0c1d3c1e-6a53-4c0e-9a55-1f6f5f0e2a02"),
            Text.of("DXリテラシー入門"),
            Text(ja="まなび北ポータル", en="Manabi Kita"),
            date(2026, 2, 1),
            0.91,
        ),
        Counted(
            UUID("0c1d3c1e-6a53-4c0e-9a55-1f6f5f0e2a03"),
            Text.of("情報セキュリティ"),
            Text.of("C研修事務局"),
            date(2026, 1, 30),
        ),
    ),
    constituents=(
        Constituent(
            UUID("7d9c3b53-8d0e-5a1f-9f4f-6f5a2f0b8e12"),
            Text(ja="データ活用入門", en="Data use 1"),
        ),
    ),
    proved=ProvedAddress("yui.takahashi@example.co.jp", "5f3e"),
)
PROFILE = IssuerProfile(
    Text(ja="北海道", en="Hokkaido"), Text(ja="道の認定", en="Recognised by the prefecture")
)


@dataclass
class Office:
    """An issuer with keys; its web holds what it publishes, under the addresses it publishes at."""

    addresses: Addresses
    key: Ed25519PrivateKey
    rsa_key: RSAKey
    web: dict[str, Any] = field(default_factory=dict)
    revoked: set[int] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    @property
    def method(self) -> str:
        return self.addresses.method(self._fragment)

    @property
    def kid(self) -> str:
        return self.addresses.key(self.rsa_key.thumbprint())

    @property
    def _fragment(self) -> str:
        return ed25519_fragment(self.key.public_key().public_bytes_raw())

    def publish(self) -> Office:
        rsa = self.rsa_key.as_dict(private=False)
        keys = [
            PublicKey("Ed25519", self._fragment, {}),
            PublicKey(
                "RS256",
                self.rsa_key.thumbprint(),
                {name: rsa[name] for name in ("kty", "n", "e")},
            ),
        ]
        self.web[self.addresses.did] = did_document(keys, self.addresses)
        signed = self.sign(
            status_list_credential("2026-1", self.revoked, addresses=self.addresses, at=AT)
        )
        self.web[self.addresses.status_list("2026-1")] = json.dumps(signed).encode()
        return self

    def sign(self, document: dict[str, Any]) -> dict[str, Any]:
        return secured(document, key=self.key, method=self.method, created=AT)

    def jwt(self, document: dict[str, Any]) -> str:
        return vc_jwt(document, key=self.rsa_key, kid=self.kid)

    def credential(self, award: Award = AWARD) -> dict[str, Any]:
        return credential(
            award,
            issuer=PROFILE,
            addresses=self.addresses,
            status=StatusEntry("2026-1", 94567),
        )

    async def did_document(self, did: str) -> Any:
        return self._ask(did)

    async def status_list(self, url: str) -> bytes:
        found: bytes = self._ask(url)
        return found

    def _ask(self, address: str) -> Any:
        self.asked.append(address)
        if address not in self.web:
            raise Unreachable(f"nobody at {address}")
        return self.web[address]


@pytest.fixture(scope="session")
def rsa_key() -> RSAKey:
    return RSAKey.generate_key(3072)


@pytest.fixture
def office(rsa_key: RSAKey) -> Office:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    return Office(Addresses("https://badges.example.jp"), key, rsa_key).publish()


@pytest.fixture
def stranger(rsa_key: RSAKey) -> Office:
    """Somebody who signs with a key of their own under the office's name."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
    return Office(Addresses("https://badges.example.jp"), key, RSAKey.generate_key(2048))


@pytest.fixture
def award() -> Award:
    return replace(AWARD)


@pytest.fixture
async def new_house(database, clock) -> House:
    """A house that has no keys yet."""
    house = House(database, clock)
    await house.settle()
    return house


@pytest.fixture(scope="session")
def made_keys() -> list[tuple[PublicKey, bytes]]:
    """Keys made once: making them is the slowest thing an issuer does."""
    return [keyring._generate("Ed25519"), keyring._generate("RS256")]


@pytest.fixture
async def house(new_house, made_keys) -> House:
    """A house with a key of each kind."""
    async with new_house.database.write() as conn:
        for public, private in made_keys:
            await conn.execute(
                insert(conn, signing_key).values(
                    fragment=public.fragment,
                    algorithm=public.algorithm,
                    generation=1,
                    jwk=public.jwk,
                    sealed=Vault(bytes(32)).seal(private, keyring._context(public.fragment)),
                    created_at=new_house.clock(),
                )
            )
    return new_house
