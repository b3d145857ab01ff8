"""Keeping and finding contacts. Nobody above needs to know how they are sealed."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

import sqlalchemy as sa

from remote_training.contacts.errors import WrongAddress
from remote_training.contacts.models import Contact
from remote_training.core.crypto import keyring
from remote_training.core.db import db
from remote_training.core.text import clean_line
from remote_training.core.words import say

LONGEST_ADDRESS = 254
FIELDS = ("name", "phone", "birth_year", "emergency_name", "emergency_phone")


def keep(*, name: str, email: str, **fields: str) -> Contact:
    """Put a person into the vault.

    `fields` may be `phone`, `birth_year`, `emergency_name`, `emergency_phone`.
    Raises `WrongAddress` for what is no mail address.
    """
    contact = Contact(id=uuid4())
    correct(contact, name=name, **fields)
    change_email(contact, email)
    db.session.add(contact)
    return contact


def correct(contact: Contact, **fields: str) -> list[str]:
    """Write fields anew; returns the names of those that changed, in order."""
    changed = []
    for field in FIELDS:
        if field in fields and getattr(contact, field) != clean_line(fields[field]):
            setattr(contact, field, clean_line(fields[field]))
            changed.append(field)
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

    Raises `WrongAddress` where it cannot be an address.
    """
    address = clean_line(email).lower()
    name, at, host = address.rpartition("@")
    odd = any(sign.isspace() or sign in '<>,;:"()[]\\' for sign in address)
    if not (name and at and "." in host.strip(".")) or odd or len(address) > LONGEST_ADDRESS:
        raise WrongAddress(say("Please write a mail address, such as name@example.org."))
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
