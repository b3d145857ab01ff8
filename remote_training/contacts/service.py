"""Keeping and finding contacts. Nobody above needs to know how they are sealed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

import sqlalchemy as sa

from remote_training.contacts import checks
from remote_training.contacts.errors import WrongAddress
from remote_training.contacts.models import Contact, Sealed, Whereabouts
from remote_training.core.crypto import keyring
from remote_training.core.db import db
from remote_training.core.text import clean_line
from remote_training.core.words import say

LONGEST_ADDRESS = 254
FIELDS = ("name", "phone", "birth_year", "emergency_name", "emergency_phone")
TAKEN_AS: dict[str, Callable[[str], str]] = {
    "name": checks.name,
    "phone": checks.phone,
    "birth_year": clean_line,
    "emergency_name": clean_line,
    "emergency_phone": checks.phone,
}


def keep(*, name: str, email: str, **fields: str) -> Contact:
    """Put a person into the vault.

    `fields` may be `phone`, `birth_year`, `emergency_name`, `emergency_phone`.
    Raises `WrongName`, `WrongPhone`, or `WrongAddress` for what is no mail address.
    """
    contact = Contact(id=uuid4())
    correct(contact, name=name, **fields)
    change_email(contact, email)
    db.session.add(contact)
    return contact


def correct(contact: Contact, **fields: str) -> list[str]:
    """Write fields anew; returns the names of those that changed, in order.

    Raises `WrongName` or `WrongPhone`; then none of them is written.
    """
    taken = {field: TAKEN_AS[field](fields[field]) for field in FIELDS if field in fields}
    changed = [field for field, value in taken.items() if getattr(contact, field) != value]
    for field in changed:
        setattr(contact, field, taken[field])
    return changed


def change_email(contact: Contact, email: str) -> bool:
    """Write the address anew; returns whether it is another one. Raises `WrongAddress`."""
    address = canonical(email)
    if contact.email == address:
        return False
    contact.email = address
    contact.email_index = keyring().blind_index(address)
    return True


def canonical(email: str) -> str:
    """The one spelling under which an address is kept: cleaned, lower case.

    Raises `WrongAddress` where it cannot be an address, or where many mail servers would
    not take it (RFC 6531 is not spoken everywhere); the host may be of any script.
    """
    address = clean_line(email).lower()
    name, at, host = address.rpartition("@")
    odd = any(sign.isspace() or sign in '<>,;:"()[]\\' for sign in address)
    if not (name and at and "." in host.strip(".")) or odd or len(address) > LONGEST_ADDRESS:
        raise WrongAddress(say("Please write a mail address, such as name@example.org."))
    if not name.isascii():
        raise WrongAddress(
            say(
                "Mail to this address may not arrive: before the @ there is a letter with an "
                "accent or of another script. Please give another address."
            )
        )
    return address


def with_email(email: str) -> Sequence[Contact]:
    """Everybody with this address, oldest id first; nobody for what is no address."""
    try:
        address = canonical(email)
    except WrongAddress:
        return []
    indexes = keyring().blind_indexes(address)
    found = sa.select(Contact).where(Contact.email_index.in_(indexes)).order_by(Contact.id)
    return db.session.scalars(found).all()


def get(contact_id: UUID) -> Contact:
    """The contact of this id; `NoResultFound` where there is none."""
    return db.session.scalars(sa.select(Contact).where(Contact.id == contact_id)).one()


def reseal(limit: int) -> int:
    """Seal anew, with the newest key, what an older one sealed; returns how many rows.

    At most `limit` rows at a time: call it until it gives 0, then drop the old key.
    """
    rows: list[Contact | Whereabouts] = [
        *db.session.scalars(sa.select(Contact).order_by(Contact.id)),
        *db.session.scalars(sa.select(Whereabouts).order_by(Whereabouts.id)),
    ]
    done = 0
    for row in rows:
        if done == limit:
            break
        done += _reseal(row)
    return done


def _reseal(row: Contact | Whereabouts) -> bool:
    old = [field for field in _sealed_fields(row) if not _is_newest(row, field)]
    for field in old:
        setattr(row, field, getattr(row, field))
    if isinstance(row, Contact) and "email" in old:
        row.email_index = keyring().blind_index(row.email)
    return bool(old)


def _sealed_fields(row: Contact | Whereabouts) -> list[str]:
    return [name for name, value in vars(type(row)).items() if isinstance(value, Sealed)]


def _is_newest(row: Contact | Whereabouts, field: str) -> bool:
    sealed: bytes | None = getattr(row, f"{field}_sealed")
    return sealed is None or keyring().is_newest(sealed)
