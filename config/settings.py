"""Settings: the one place that reads the environment.

Each field is the variable `KASANE_<FIELD>`, or the file `kasane_<field>` in `KASANE_SECRETS_DIR`
for what should not stand in an environment. A variable that starts with `KASANE_` and names no
field is refused: a misspelt setting must not pass for a default.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from engine.place import place
from engine.text import Text

PREFIX = "KASANE_"
_SECRETS_DIR = f"{PREFIX}SECRETS_DIR"


class UnknownSetting(Exception):
    """Variables that start with `KASANE_` and mean nothing to us."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


class Wrong(ValueError):
    """A setting's value that cannot be used, as the rest of a sentence that its name begins."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


_ORIGIN = Text(
    ja="http(s) の接続先だけを指定してください（例：https://kasane.example.jp）。"
    "パスや ? は付けられません。",
    en="has to be an http(s) origin, as https://kasane.example.jp, without a path or a query.",
)
_ORIGINS = Text(
    ja="* か、空白で区切った接続先（例：https://kasane.example.jp）で指定してください。"
    "パスは付けられません。",
    en="has to be *, or origins with blanks between, as https://kasane.example.jp, without a path.",
)
_ZONE = Text(
    ja="Asia/Tokyo のようなタイムゾーンの名前で指定してください。",
    en="has to be the name of a time zone, as Asia/Tokyo.",
)
_DATABASE = Text(
    ja="sqlite:///ファイルのパス か postgresql://利用者:パスワード@ホスト/データベース の形で"
    "指定してください。",
    en="has to be sqlite:///path/to/file or postgresql://user:password@host/database.",
)


class Settings(BaseSettings):
    """What can be set. `docs/reference/settings.md` has a heading for each."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data_dir: Path = Path("kasane-data")
    database_url: SecretStr | None = None
    master_key_file: Path | None = None
    public_url: str = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    language: Literal["ja", "en"] = "ja"
    time_zone: str = "Asia/Tokyo"
    issuer_did: str | None = None
    issuer_name_ja: str = "北海道"
    issuer_name_en: str = "Hokkaido Prefecture"
    smtp_url: SecretStr | None = None
    mail_from: str = "kasane@localhost"
    trusted_proxies: str | None = None
    learner_sign_up: bool = True
    xapi_default_version: Literal["1.0.3", "2.0.0"] = "1.0.3"
    xapi_origins: str = "*"
    lti_private_hosts: str | None = None
    xapi_attachment_bytes: Annotated[int, Field(ge=0)] = 200_000_000
    xapi_parts: Annotated[int, Field(ge=1)] = 100
    requests_per_second: Annotated[float, Field(gt=0)] = 200
    request_burst: Annotated[int, Field(ge=1)] = 2000
    failed_sign_ins_per_minute: Annotated[int, Field(ge=1)] = 10
    scheduler: bool = True
    tick_seconds: Annotated[float, Field(gt=0, le=60)] = 60
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("public_url")
    @classmethod
    def _origin(cls, value: str) -> str:
        if place(value) is None:
            raise Wrong(_ORIGIN)
        parts = urlsplit(value)
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise Wrong(_ORIGIN)
        return value.rstrip("/")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise Wrong(_ZONE) from None
        return value

    @field_validator("xapi_origins")
    @classmethod
    def _origins(cls, value: str) -> str:
        for one in value.split():
            parts = urlsplit(one)
            if one != "*" and (not parts.netloc or one != f"{parts.scheme}://{parts.netloc}"):
                raise Wrong(_ORIGINS)
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            try:
                address = make_url(value.get_secret_value())
            except ArgumentError:
                raise Wrong(_DATABASE) from None
            if address.get_backend_name() not in {"sqlite", "postgresql"} or not address.database:
                raise Wrong(_DATABASE)
        return value

    @property
    def database(self) -> str:
        """The database's URL; an SQLite file in the data folder unless one is set."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{(self.data_dir / 'kasane.db').resolve()}"

    @property
    def master_key(self) -> Path:
        """The file with the key that seals secrets at rest."""
        return self.master_key_file or self.data_dir / "master.key"

    def redacted(self) -> dict[str, Any]:
        """The settings in force, with every secret hidden."""
        return self.model_dump(mode="json")


def load() -> Settings:
    """The settings of this process.

    Raises: UnknownSetting; pydantic.ValidationError.
    """
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {_SECRETS_DIR}
    unknown = sorted(
        name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known
    )
    if unknown:
        raise UnknownSetting(unknown)
    return Settings(_secrets_dir=os.environ.get(_SECRETS_DIR))  # type: ignore[call-arg]


def environment() -> dict[str, str]:
    """The environment, for set-up files that say `{env: NAME}` where a secret belongs."""
    return dict(os.environ)


def foreign_environment() -> dict[str, str]:
    """The environment less our own settings, for a process with an installation of its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


def language_of_environment() -> str:
    """The language that is asked for, for messages about settings that cannot be read."""
    return os.environ.get(f"{PREFIX}LANGUAGE", "ja")
