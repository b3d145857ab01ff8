"""Settings of the work that is done in the background."""

from __future__ import annotations

import re

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from remote_training.core.room_settings import READING

REDIS = re.compile(r"rediss?://[^\s/]+(/[^\s]*)?")


class WorkSettings(BaseSettings):
    """How workers share what is to be done.

    Attributes
    ----------
    jobs_url
        Work is kept in the database, for several machines as for one: a Redis (`redis://...`)
        may be named, and is not asked.
    mail_lease_seconds
        How long a worker may be silent before another one sends what it had taken.
    """

    model_config = READING

    jobs_url: SecretStr = SecretStr("")
    mail_lease_seconds: int = Field(default=300, ge=2, le=3600)

    @field_validator("jobs_url")
    @classmethod
    def _jobs(cls, value: SecretStr) -> SecretStr:
        address = value.get_secret_value()
        if address and not REDIS.fullmatch(address):
            raise ValueError("must be an address such as redis://host:6379/0, or be left out")
        return value
