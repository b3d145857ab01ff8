"""The rows of the vault: every field that names a person is sealed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, overload
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from remote_training.core.crypto import keyring
from remote_training.core.db import Model


class Sealed:
    """A text attribute that is kept sealed in the column of the same name, with `_sealed`.

    The row's id and the field are part of the seal: a value copied into another row or
    column does not open.
    """

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self.field = name
        self.column = f"{name}_sealed"

    @overload
    def __get__(self, row: None, owner: type[Any]) -> Sealed: ...
    @overload
    def __get__(self, row: Model, owner: type[Any]) -> str: ...
    def __get__(self, row: Model | None, owner: type[Any]) -> Sealed | str:
        if row is None:
            return self
        sealed: bytes | None = getattr(row, self.column)
        return "" if sealed is None else keyring().open(sealed, about=self._about(row))

    def __set__(self, row: Model, plain: str) -> None:
        sealed = keyring().seal(plain, about=self._about(row)) if plain else None
        setattr(row, self.column, sealed)

    def _about(self, row: Model) -> str:
        return f"{row.__tablename__}/{row.id}/{self.field}"


def first_name(contact_id: UUID, name_sealed: bytes | None) -> str:
    """What mails and pages call somebody, from two columns of her contact: `Contact.first_name`."""
    if name_sealed is None:
        return ""
    return keyring().open(name_sealed, about=f"contact/{contact_id}/name").split(" ", 1)[0]


def short_name(name: str) -> str:
    """`Anna V.`: the first name and the first letter of the last; enough to call somebody by."""
    words = name.split()
    return f"{words[0]} {words[-1][0]}." if len(words) > 1 else name


def told_apart(names: Mapping[UUID, str]) -> dict[UUID, str]:
    """Short names of people on one list, by whatever names them; the whole one of two alike."""
    short = {key: short_name(name) for key, name in names.items()}
    often = Counter(short.values())
    return {key: name if often[name] == 1 else names[key] for key, name in short.items()}


class Contact(Model):
    """How one person is called and reached. Empty text where nothing is known.

    `email_index` is a keyed fingerprint of the canonical address: an address can be
    looked up without being readable. Two people may share one.
    """

    __tablename__ = "contact"

    name_sealed: Mapped[bytes | None]
    email_sealed: Mapped[bytes | None]
    email_index: Mapped[str | None] = mapped_column(sa.String(64), index=True)
    phone_sealed: Mapped[bytes | None]
    birth_year_sealed: Mapped[bytes | None]
    emergency_name_sealed: Mapped[bytes | None]
    emergency_phone_sealed: Mapped[bytes | None]

    name = Sealed()
    email = Sealed()
    phone = Sealed()
    birth_year = Sealed()
    emergency_name = Sealed()
    emergency_phone = Sealed()

    @property
    def first_name(self) -> str:
        """What mails and pages call her: the first word of the name."""
        return first_name(self.id, self.name_sealed)


class Whereabouts(Model):
    """Where a person is during one class, and whom to ring: for the trainer, for that day.

    `occasion_id` is the booking; the vault does not know what a booking is.
    """

    __tablename__ = "whereabouts"
    __table_args__ = (sa.UniqueConstraint("occasion_id"),)

    contact_id: Mapped[UUID] = mapped_column(sa.ForeignKey("contact.id"), index=True)
    occasion_id: Mapped[UUID]
    given_at: Mapped[datetime]
    place_sealed: Mapped[bytes | None]
    call_name_sealed: Mapped[bytes | None]
    call_phone_sealed: Mapped[bytes | None]

    place = Sealed()
    call_name = Sealed()
    call_phone = Sealed()
