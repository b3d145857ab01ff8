"""Settings: environment variables, checked at start.

A wrong value stops the start with a sentence that names the variable.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Literal, TypeVar, cast
from urllib.parse import SplitResult, urlsplit

from flask import current_app
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from remote_training.core import setting_faults
from remote_training.core.room_settings import READING, RoomSettings, said
from remote_training.core.work_settings import WorkSettings

SHORTEST_KEY = 32
CODE = Path(__file__).resolve().parents[1]
LOOPBACK = ("127.0.0.1", "localhost", "::1")
Some = TypeVar("Some", bound=BaseSettings)


class WrongSetting(Exception):
    """A setting has a value that cannot be used. The message names the variable."""


class Folders(BaseSettings):
    """Where this installation keeps its files: enough for commands that need nothing else.

    Attributes
    ----------
    wording_dir
        Licensed wording of instruments, which must not be in the repository; `wording` in
        `data_dir` unless given.
    """

    model_config = READING

    data_dir: Path = Path("var")
    wording_dir: Path | None = None

    @field_validator("data_dir")
    @classmethod
    def _data(cls, value: Path) -> Path:
        if value.exists() and not value.is_dir():
            raise ValueError("must be a folder, or one that can be made")
        return value

    @field_validator("wording_dir")
    @classmethod
    def _wording(cls, value: Path | None) -> Path | None:
        if value is not None and value.exists() and not value.is_dir():
            raise ValueError("must be a folder")
        if value is not None and CODE in (value.resolve(), *value.resolve().parents):
            raise ValueError(
                "must be a folder outside the code, which licensed wording stays out of"
            )
        return value

    @property
    def wordings(self) -> Path:
        """The folder of imported wording; it need not be there yet."""
        return self.wording_dir or self.data_dir / "wording"


class Settings(Folders, RoomSettings, WorkSettings):
    """The settings of one installation; names are those of `shared contract: Settings`.

    Attributes
    ----------
    database_url
        SQLite in `data_dir` unless given; `postgresql+psycopg://...` otherwise.
    secret_keys
        Comma-separated, newest first: old ones still open what they sealed.
    public_url
        The only source of absolute links.
    smtp_url
        `smtp://user:password@host:587`; empty means the demo mailbox, in demo only.
    trusted_proxies
        How many of our own proxies stand in front: so many entries of `X-Forwarded-For`
        are believed, none unless told. Host names are believed from nobody.
    meetings
        The provider of online rooms; the study file may name another one for a site.
    zoom_webhook_secret
        What Zoom signs its events with.
    zoom_oauth_url, zoom_api_url
        Zoom's own, unless a test points them elsewhere.
    """

    database_url: SecretStr = SecretStr("")
    secret_keys: SecretStr = SecretStr("")
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = ""
    smtp_url: SecretStr = SecretStr("")
    mail_from: str = ""
    trusted_proxies: int = Field(default=0, ge=0, le=5)
    meetings: Literal["offline", "zoom", "bigbluebutton", "jitsi"] = "offline"
    zoom_account_id: str = ""
    zoom_client_id: str = ""
    zoom_client_secret: SecretStr = SecretStr("")
    zoom_webhook_secret: SecretStr = SecretStr("")
    zoom_oauth_url: str = "https://zoom.us/oauth/token"
    zoom_api_url: str = "https://api.zoom.us/v2"
    study_file: Path | None = None
    demo: bool = False

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: SecretStr) -> SecretStr:
        address = value.get_secret_value()
        if address and not _names_a_database(address):
            raise ValueError("must begin with sqlite:/// or postgresql+psycopg://")
        return value

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str) -> str:
        parts = _parts(value)
        more = parts.query or parts.fragment or parts.path.strip("/") or parts.username
        if value and (parts.scheme not in ("http", "https") or not _has_host(parts) or more):
            raise ValueError("must be an address such as https://trial.example.org")
        return value.rstrip("/")

    @field_validator("smtp_url")
    @classmethod
    def _smtp(cls, value: SecretStr) -> SecretStr:
        parts = _parts(value.get_secret_value())
        if value.get_secret_value() and (
            parts.scheme not in ("smtp", "smtps") or not _has_host(parts)
        ):
            raise ValueError("must be an address such as smtp://user:password@host:587")
        return value

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, value: str) -> str:
        if value and not re.fullmatch(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+", value):
            raise ValueError("must be a bare mail address such as classes@trial.example.org")
        return value

    @field_validator("zoom_oauth_url", "zoom_api_url")
    @classmethod
    def _zoom_address(cls, value: str) -> str:
        parts = _parts(value)
        is_here = parts.scheme == "http" and parts.hostname in LOOPBACK
        more = parts.query or parts.fragment or parts.username
        if not _has_host(parts) or not (parts.scheme == "https" or is_here) or more:
            raise ValueError("must be an address such as https://api.zoom.us/v2")
        return value.rstrip("/")

    @field_validator("study_file")
    @classmethod
    def _study(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError("must be a file that is there")
        return value

    @field_validator("secret_keys")
    @classmethod
    def _keys(cls, value: SecretStr) -> SecretStr:
        keys = _split(value)
        if any(len(key) < SHORTEST_KEY for key in keys):
            least = f"must be keys of at least {SHORTEST_KEY} characters each"
            raise ValueError(f"{least}, with commas between, the newest first")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Settings:
        if self.demo:
            if urlsplit(self.public_url or "http://127.0.0.1").scheme == "https":
                raise ValueError("DEMO must be off in production (PUBLIC_URL is https)")
            return self
        missing = [
            name.upper()
            for name in ("secret_keys", "public_url", "smtp_url", "mail_from")
            if not said(getattr(self, name))
        ]
        if missing:
            raise ValueError(f"{' and '.join(missing)} must be set when DEMO is off")
        return self

    @property
    def database(self) -> str:
        """The address of the database."""
        return said(self.database_url) or f"sqlite:///{self.data_dir.resolve()}/trial.db"

    @property
    def address(self) -> str:
        """The start of every absolute link."""
        return self.public_url or f"http://127.0.0.1:{self.port}"

    @property
    def mail_host(self) -> str:
        """The host of the sender: where names of mails and calendar entries live."""
        return self.sender.rpartition("@")[2]

    @property
    def sender(self) -> str:
        """The address of every mail and the organiser of every invitation."""
        return self.mail_from or "classes@trial.example.org"

    @property
    def keys(self) -> list[str]:
        """The secret keys, newest first; in the demo made on the first start."""
        return _split(self.secret_keys) or [_kept_key(self.data_dir / "secret-key")]

    @property
    def missing_for_zoom(self) -> list[str]:
        """The variables that Zoom needs and that are not set."""
        needed = {
            "ZOOM_ACCOUNT_ID": self.zoom_account_id,
            "ZOOM_CLIENT_ID": self.zoom_client_id,
            "ZOOM_CLIENT_SECRET": self.zoom_client_secret.get_secret_value(),
            "ZOOM_WEBHOOK_SECRET": self.zoom_webhook_secret.get_secret_value(),
        }
        return [name for name, value in needed.items() if not value.strip()]

    @property
    def mailbox_dir(self) -> Path:
        """Where the demo mailbox keeps its mails."""
        return self.data_dir / "mailbox"


def current() -> Settings:
    """The settings of the running app."""
    return cast(Settings, current_app.extensions["settings"])


def load() -> Settings:
    """Read the settings from the environment, or raise `WrongSetting`."""
    return _from_environment(Settings)


def folders() -> Folders:
    """Read from the environment where the files are, and nothing else, or raise `WrongSetting`."""
    return _from_environment(Folders)


def _from_environment(model: type[Some]) -> Some:
    try:
        return model()
    except ValidationError as error:
        sentences = (setting_faults.sentence(model, fault) for fault in error.errors())
        raise WrongSetting(" ".join(sentences)) from None


def _has_host(parts: SplitResult) -> bool:
    try:
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # a port that is no number, or too high
        return False


def _parts(address: str) -> SplitResult:
    """The parts of an address; those of an empty one where it cannot be read."""
    try:
        return urlsplit(address)
    except ValueError:  # half a bracket
        return urlsplit("")


def _names_a_database(address: str) -> bool:
    """One of the two that we speak, with a file or a host and a name in its address."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        return False
    if url.drivername == "sqlite":
        return bool(url.database) and url.host is None
    return url.drivername == "postgresql+psycopg"


def _split(keys: SecretStr) -> list[str]:
    return [key.strip() for key in keys.get_secret_value().split(",")] if said(keys) else []


def _kept_key(path: Path) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fault = error.strerror or type(error).__name__
        raise WrongSetting(f"DATA_DIR: {path.parent} cannot be made ({fault}).") from error
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    key = secrets.token_urlsafe(48)
    with os.fdopen(handle, "w") as file:
        file.write(key)
    return key
