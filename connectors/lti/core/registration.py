"""A registration: what a platform and its tool have agreed on.

Sources: LTI 1.3 Core §3.1, 1EdTech Security Framework 1.0 §6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from connectors.jose.refusal import Refusal, refusal
from connectors.lti.core.column import Column
from engine.place import host_of
from engine.text import Text

Json = Any
Status = Literal["pending", "active", "disabled"]
Product = Literal["moodle", "canvas", "sakai", "openedx", "brightspace", "blackboard", "other"]
PRODUCTS: tuple[Product, ...] = (
    *("moodle", "canvas", "sakai", "openedx", "brightspace", "blackboard"),
    "other",
)
_NOT_ACTIVE: Mapping[Status, Refusal] = {
    "pending": refusal(
        "registration_pending",
        "このLMSの登録は、事務局の承認待ちです。承認されると、LMSから開けるようになります。",
        "The registration of this platform is waiting for approval by the secretariat. "
        "Once it is approved, this page opens from your LMS.",
        "LTI 1.3 Core §3.1.3",
    ),
    "disabled": refusal(
        "registration_disabled",
        "このLMSの登録は、事務局が停止しています。LMSの管理者にお問い合わせください。",
        "The secretariat has switched off the registration of this platform. "
        "Please ask the administrator of your LMS.",
        "LTI 1.3 Core §3.1.3",
    ),
}
_KEYS_ELSEWHERE = Text(
    ja="公開鍵は、発行元（iss）とは別のホスト {host} から取得します。"
    "提供会社のホストで公開する製品（CanvasやBlackboardなど）もありますが、"
    "このホストで正しいか、LMSの管理者に確かめてください。",
    en="Its keys come from {host}, which is another host than the issuer's. Some vendors publish "
    "them on a host of their own (Canvas, Blackboard); please ask the administrator of the LMS "
    "whether this host is right.",
)


@dataclass(frozen=True, slots=True)
class Registration:
    """A learning platform that launches us: its names, and where it answers.

    `private_hosts`: hosts of it that may have private addresses. `token_audience`: whom its
    token endpoint wants to be called in an assertion; empty where that is `token_url`, which is
    empty where its services are not used. Only an `active` one may launch us.
    """

    connector_id: str
    iss: str
    client_id: str
    deployments: frozenset[str]
    auth_login_url: str
    jwks_url: str
    home_page: str
    private_hosts: frozenset[str]
    token_url: str = ""
    token_audience: str = ""
    product: Product = "other"
    status: Status = "active"
    title: Text | None = None

    @property
    def remark(self) -> Text | None:
        """What staff should look at, though it is no fault: its keys lie on another host.

        Whoever holds the keys can pass for its learners.
        """
        host = host_of(self.jwks_url)
        return None if host == host_of(self.iss) else _KEYS_ELSEWHERE.format(host=host)

    @staticmethod
    def of(connector_id: str, config: Mapping[str, Json]) -> Registration | None:
        """The registration that a connector declares; None where it does not launch us."""
        wanted = ("iss", "client_id", "deployment_id", "auth_login_url", "jwks_url")
        texts = {name: str(config.get(name) or "") for name in wanted}
        if not all(texts.values()):
            return None
        return Registration(
            connector_id=connector_id,
            iss=texts["iss"],
            client_id=texts["client_id"],
            deployments=frozenset({texts["deployment_id"]}),
            auth_login_url=texts["auth_login_url"],
            jwks_url=texts["jwks_url"],
            home_page=texts["iss"],
            private_hosts=frozenset(config.get("allow_private_hosts") or ()),
            token_url=str(config.get("token_url") or ""),
            token_audience=str(config.get("token_audience") or ""),
            product=product_named(config.get("product")),
        )


def not_active(registration: Registration) -> Refusal | None:
    """Refuses a platform that waits for the secretariat, or that it has switched off."""
    return _NOT_ACTIVE.get(registration.status)


def product_named(name: Json) -> Product:
    """The product of that name; `other` for one that we have no guide for."""
    return next((one for one in PRODUCTS if one == name), "other")


@dataclass(frozen=True, slots=True)
class ToolRegistration:
    """An outside tool that we launch and that posts scores to us.

    `home_page`: under which learners are known to it; `login_url`, `target_link_uri` and
    `redirect_uris` are empty where it is not launched from here, `deep_link_url` where its
    courses are not chosen in it. `private_hosts`: hosts of it that may have private addresses.
    """

    connector_id: str
    client_id: str
    jwks_url: str
    deployment_id: str
    home_page: str
    columns: Mapping[str, Column]
    private_hosts: frozenset[str]
    login_url: str = ""
    target_link_uri: str = ""
    redirect_uris: frozenset[str] = frozenset()
    deep_link_url: str = ""

    @property
    def is_declared(self) -> bool:
        """Whether it stands in the connectors file, its columns with it."""
        return not self.deep_link_url

    @property
    def courses(self) -> list[Column]:
        """What can be launched, by id."""
        launched = [one for one in self.columns.values() if one.url and self.login_url]
        return sorted(launched, key=lambda one: one.id)

    @staticmethod
    def of(connector_id: str, config: Mapping[str, Json]) -> ToolRegistration | None:
        """The registration in a connector's configuration; None where no course reports to us."""
        tool = config.get("tool") or {}
        if not (tool.get("client_id") and tool.get("jwks_url")):
            return None
        target = str(tool.get("target_link_uri") or "")
        columns = [
            Column(
                str(item["id"]),
                str(item["activity"]),
                item.get("title"),
                url=target,
                link=str(item["id"]) if target else "",
            )
            for item in config.get("lineitems") or ()
        ]
        return ToolRegistration(
            connector_id=connector_id,
            client_id=str(tool["client_id"]),
            jwks_url=str(tool["jwks_url"]),
            deployment_id=str(tool.get("deployment_id") or connector_id),
            home_page=str(config.get("iss") or ""),
            columns={column.id: column for column in columns},
            private_hosts=frozenset(config.get("allow_private_hosts") or ()),
            login_url=str(tool.get("login_url") or ""),
            target_link_uri=target,
            redirect_uris=frozenset(tool.get("redirect_uris") or ()),
        )
