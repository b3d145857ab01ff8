"""Settings of the services whose rooms open at the click."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

NEEDED = {
    "bigbluebutton": ("bbb_url", "bbb_secret"),
    "jitsi": ("jitsi_url", "jitsi_app_id", "jitsi_secret"),
}
# an empty variable is one that is not given; what is refused is not repeated in tracebacks
READING = SettingsConfigDict(
    extra="ignore", frozen=True, env_ignore_empty=True, hide_input_in_errors=True
)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class RoomSettings(BaseSettings):
    """What each provider of rooms needs; empty where it is not used.

    Attributes
    ----------
    bbb_url
        As `bbb-conf --secret` tells it: `https://rooms.example.org/bigbluebutton`.
    bbb_checksum
        The hash that the BigBlueButton server is set to.
    jitsi_app_id, jitsi_secret
        What Prosody knows as `app_id` and `app_secret`.
    jitsi_hook_secret
        The bearer token of Prosody's `event_sync`; `jitsi_secret` unless given.
    """

    model_config = READING

    bbb_url: str = ""
    bbb_secret: SecretStr = SecretStr("")
    bbb_checksum: Literal["sha1", "sha256", "sha384", "sha512"] = "sha256"
    jitsi_url: str = ""
    jitsi_app_id: str = ""
    jitsi_secret: SecretStr = SecretStr("")
    jitsi_hook_secret: SecretStr = SecretStr("")

    @field_validator("bbb_url", "jitsi_url")
    @classmethod
    def _room_address(cls, value: str) -> str:
        value = value.strip().rstrip("/")
        if value and not _is_safe(value):
            raise ValueError("must be an address such as https://rooms.example.org")
        return value

    @property
    def hook_secret_of_jitsi(self) -> str:
        """What Jitsi's events carry as bearer token; empty where Jitsi is not set up."""
        return said(self.jitsi_hook_secret) or said(self.jitsi_secret)

    def missing_for(self, provider: str) -> list[str]:
        """The variables that a provider needs and that are empty, by their names."""
        return [name.upper() for name in NEEDED.get(provider, ()) if not said(getattr(self, name))]


def said(value: str | SecretStr) -> str:
    """A setting without the blanks around it; a secret as it stands."""
    return (value.get_secret_value() if isinstance(value, SecretStr) else value).strip()


def _is_safe(value: str) -> bool:
    """Https (or this machine, in a test), a host, and nothing that hides another one."""
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return False
    is_clean = not (parts.query or parts.fragment or "@" in parts.netloc or "\\" in value)
    is_own = parts.scheme == "http" and host in LOOPBACK
    return bool(host) and is_clean and (parts.scheme == "https" or is_own)
