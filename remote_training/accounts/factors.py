"""Passwords, the codes of an authenticator app, recovery codes.

Source: RFC 9106 (Argon2id), parameters of the OWASP password storage cheat sheet;
RFC 6238 (TOTP) section 5.2: one step of delay either way, each code good once.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import secrets
import unicodedata
from datetime import datetime
from uuid import UUID

import pyotp
import segno
import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from remote_training.accounts.errors import WeakPassword
from remote_training.accounts.models import Account, RecoveryCode
from remote_training.core.db import db
from remote_training.core.words import say

HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
ISSUER = "Train together"
STEP_SECONDS = 30
DIGITS = 6
CODES = 10
CODE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike
CODE_LENGTH, CODE_GROUP = 16, 4
SHORTEST = 12
FEWEST_SIGNS = 4
THOUGHT_OF = (
    "password", "wachtwoord", "passwort", "welkom", "welcome", "iloveyou", "letmein", "changeme",
    "secret", "geheim", "administrator", "admin", "login", "traintogether", "qwerty", "azerty",
)  # fmt: skip
KEYS = ("1234567890", "0987654321", "qwertyuiop", "asdfghjkl", "abcdefghijklmnopqrstuvwxyz")
LOOK_ALIKES = str.maketrans("@0$3!1", "aoseii")

_NOBODYS = HASHER.hash(secrets.token_urlsafe())


def set_password(account: Account, password: str) -> None:
    """Keep a password that was chosen. Raises `WeakPassword`.

    Source: NIST SP 800-63B section 5.1.1.2: length counts, rules about signs do not.
    """
    chosen, email = _composed(password), account.contact.email
    if len(chosen) < SHORTEST:
        raise WeakPassword(
            say("Please choose at least %(count)s signs: a short sentence is good."), count=SHORTEST
        )
    if chosen.casefold() in (email.casefold(), email.rpartition("@")[0].casefold()):
        raise WeakPassword(say("Please choose something other than your mail address."))
    if _is_easy(chosen, account.contact.name):
        raise WeakPassword(say("This is easy to guess. Please choose another one."))
    account.password_hash = HASHER.hash(chosen)


def fits(stored: str | None, password: str) -> bool:
    """Whether the password is the one of which `stored` was kept.

    It takes as long where nothing is stored. Slow on purpose: not to be asked while a
    transaction is open that others wait for.
    """
    try:
        HASHER.verify(stored or _NOBODYS, _composed(password))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def renew_hash(account: Account, password: str) -> None:
    """Make a hash anew that was made with other parameters than today's."""
    if account.password_hash and HASHER.check_needs_rehash(account.password_hash):
        account.password_hash = HASHER.hash(_composed(password))


def new_secret(account: Account) -> None:
    """Give the account a secret for an authenticator app (160 bits), still to be confirmed."""
    account.totp_secret = pyotp.random_base32()


def code_fits(account: Account, typed: str, *, now: datetime) -> bool:
    """Whether this is the app's code of now, one step earlier or later; each is good once.

    A code that was accepted, and every earlier one, is refused from then on: the database
    decides, also between two requests at the same moment.
    """
    step = _step(account.totp_secret, typed, now)
    if step is None:
        return False
    taken = (
        sa.update(Account)
        .where(
            Account.id == account.id,
            Account.is_active,
            sa.or_(Account.totp_last_step.is_(None), Account.totp_last_step < step),
        )
        .values(totp_last_step=step)
        .execution_options(synchronize_session=False)
    )
    return bool(db.session.execute(taken).rowcount == 1)  # type: ignore[attr-defined]


def picture(account: Account) -> bytes:
    """The secret as a QR code (SVG) that authenticator apps read."""
    totp = pyotp.TOTP(account.totp_secret)
    address = totp.provisioning_uri(name=account.contact.email, issuer_name=ISSUER)
    image = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        image, kind="svg", scale=6, dark="#000", light="#fff", svgclass=None, lineclass=None
    )
    return image.getvalue()


def new_recovery_codes(account: Account) -> list[str]:
    """Ten fresh codes in place of the old ones. They are shown now, and never again."""
    db.session.execute(sa.delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    codes = [_new_code() for _ in range(CODES)]
    for code in codes:
        db.session.add(RecoveryCode(account_id=account.id, code_hash=_code_hash(account.id, code)))
    db.session.flush()
    return codes


def recovery_code_fits(account: Account, typed: str, *, now: datetime) -> bool:
    """Use up a recovery code; True for exactly one of many who try it at the same time."""
    used = (
        sa.update(RecoveryCode)
        .where(
            RecoveryCode.account_id == account.id,
            RecoveryCode.code_hash == _code_hash(account.id, typed),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    return bool(db.session.execute(used).rowcount == 1)  # type: ignore[attr-defined]


def recovery_codes_left(account: Account) -> int:
    """How many recovery codes are still good."""
    left = sa.select(sa.func.count(RecoveryCode.id)).where(
        RecoveryCode.account_id == account.id, RecoveryCode.used_at.is_(None)
    )
    return db.session.scalar(left) or 0


def _step(secret: str, typed: str, now: datetime) -> int | None:
    code = "".join(typed.split())
    if not secret or len(code) != DIGITS or not (code.isascii() and code.isdigit()):
        return None
    totp, current = pyotp.TOTP(secret), int(now.timestamp()) // STEP_SECONDS
    steps = (current - 1, current, current + 1)
    fitting = [s for s in steps if hmac.compare_digest(totp.generate_otp(s), code)]
    return fitting[-1] if fitting else None


def _new_code() -> str:
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    starts = range(0, CODE_LENGTH, CODE_GROUP)
    return "-".join(letters[start : start + CODE_GROUP] for start in starts)


def _code_hash(account_id: UUID, typed: str) -> str:
    bare = "".join(sign for sign in typed.lower() if sign.isalnum())
    return hashlib.sha256(f"{account_id}/{bare}".encode("utf-8", "surrogatepass")).hexdigest()


def _is_easy(chosen: str, name: str) -> bool:
    """Whether it is one piece again and again, a row of keys, or next to nothing beside the own
    name and the words that everybody thinks of.
    """
    bare = "".join(chosen.casefold().split())
    if bare in (bare + bare)[1:-1] or any(bare in row * 3 for row in KEYS):
        return True
    plain = bare.translate(LOOK_ALIKES)
    for word in (*name.casefold().split(), *THOUGHT_OF):
        plain = plain.replace(word, "\0" * len(word))
    left = "".join(sign for sign, mark in zip(bare, plain, strict=True) if mark != "\0")
    has_letters = any(sign.isalpha() for sign in left)
    return len(set(left)) < FEWEST_SIGNS or (left != bare and not has_letters)


def _composed(password: str) -> str:
    return unicodedata.normalize("NFC", password).encode("utf-8", "replace").decode()
