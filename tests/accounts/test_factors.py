"""Passwords, six digits, recovery codes: what fits, and what fits only once."""

import threading
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from remote_training.accounts import factors
from remote_training.accounts.errors import WeakPassword
from remote_training.accounts.models import Account, RecoveryCode
from remote_training.core.db import db, unit_of_work
from tests import make
from tests.fakes import NOON

GOOD = "purple bicycles sing"
THREADS = 8


@pytest.fixture
def ines(app):
    account = make.staff(contact=make.contact(name="Ines Baan", email="ines.baan@example.org"))
    factors.new_secret(account)
    db.session.commit()
    return account


def code_of(account, seconds=0):
    return pyotp.TOTP(account.totp_secret).at(NOON + timedelta(seconds=seconds))


def at_once(app, attempt):
    """Let eight threads do the same thing at the same moment; how many of them did it."""
    start, done = threading.Barrier(THREADS), []

    def run():
        with app.app_context():
            start.wait()
            done.append(attempt())

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == THREADS
    return sum(done)


def test_a_password_fits_itself_alone(ines):
    factors.set_password(ines, GOOD)
    assert factors.fits(ines.password_hash, GOOD)
    assert not factors.fits(ines.password_hash, GOOD + "!")
    assert not factors.fits(None, GOOD)
    assert GOOD not in ines.password_hash


def test_a_password_typed_in_two_pieces_is_the_same(ines):
    factors.set_password(ines, "caf\u00e9 and th\u00e9 at noon")
    assert factors.fits(ines.password_hash, "cafe\u0301 and the\u0301 at noon")


@pytest.mark.parametrize(
    "password",
    [
        "eleven sign",
        "ines.baan@example.org",
        "INES.BAAN@example.org",
        "aaaaaaaaaaaa",
        "",
        "passwordpassword",
        "tea time tea time",
        "Ines Baan 1961",
        "password1234",
        "P@ssw0rd-2026!",
        "Welkom123456",
        "123456789012",
        "qwertyuiopqw",
        "Ines12345678",
    ],
)
def test_a_weak_password_is_refused(ines, password):
    with pytest.raises(WeakPassword):
        factors.set_password(ines, password)
    assert ines.password_hash is None


@pytest.mark.parametrize(
    "password", ["my password is a dull one", "4711 0815 2203 9", "1nes on 1ce"]
)
def test_a_password_is_good_whose_words_are_ones_own(ines, password):
    factors.set_password(ines, f"{password} each day")
    assert ines.password_hash is not None


def test_a_hash_of_other_parameters_is_made_anew_when_it_is_used(ines):
    ines.password_hash = old = PasswordHasher(time_cost=1, memory_cost=8192).hash(GOOD)
    assert factors.fits(old, GOOD)
    factors.renew_hash(ines, GOOD)
    assert ines.password_hash != old
    new = ines.password_hash
    factors.renew_hash(ines, GOOD)
    assert ines.password_hash == new
    assert factors.fits(new, GOOD)


@pytest.mark.parametrize(("seconds", "fits"), [(-60, 0), (-30, 1), (0, 1), (30, 1), (60, 0)])
def test_a_code_fits_one_step_either_way(ines, seconds, fits):
    assert factors.code_fits(ines, code_of(ines, seconds), now=NOON) == bool(fits)


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "abcdef", "\u0661\u0662\u0663\u0664\u0665\u0666", "\ud800"]
)
def test_what_is_no_code_does_not_fit(ines, typed):
    assert not factors.code_fits(ines, typed, now=NOON)


def test_a_code_may_be_typed_with_a_space(ines):
    code = code_of(ines)
    assert factors.code_fits(ines, f" {code[:3]} {code[3:]} ", now=NOON)


def test_a_code_is_good_once_and_an_earlier_one_not_any_more(ines):
    assert factors.code_fits(ines, code_of(ines), now=NOON)
    assert not factors.code_fits(ines, code_of(ines), now=NOON)
    assert not factors.code_fits(ines, code_of(ines, -30), now=NOON)
    assert factors.code_fits(ines, code_of(ines, 30), now=NOON)


def test_one_code_at_eight_doors_opens_one(app, ines):
    account_id, code = ines.id, code_of(ines)

    @unit_of_work()
    def attempt():
        account = db.session.get_one(Account, account_id)
        return factors.code_fits(account, code, now=NOON)

    assert at_once(app, attempt) == 1


def test_a_recovery_code_is_good_once_however_it_is_typed(app, ines):
    codes = factors.new_recovery_codes(ines)
    assert len(set(codes)) == 10
    typed = f"  {codes[3].upper().replace('-', ' ')} "
    assert factors.recovery_code_fits(ines, typed, now=NOON)
    assert not factors.recovery_code_fits(ines, codes[3], now=NOON)
    assert factors.recovery_codes_left(ines) == 9
    kept = " ".join(db.session.scalars(sa.select(RecoveryCode.code_hash)))
    assert not any(code.replace("-", "") in kept for code in codes)


def test_nobody_elses_recovery_code_fits(app, ines):
    codes = factors.new_recovery_codes(make.staff())
    assert not factors.recovery_code_fits(ines, codes[0], now=NOON)


def test_one_recovery_code_at_eight_doors_opens_one(app, ines):
    account_id, code = ines.id, factors.new_recovery_codes(ines)[0]
    db.session.commit()

    @unit_of_work()
    def attempt():
        account = db.session.get_one(Account, account_id)
        return factors.recovery_code_fits(account, code, now=NOON)

    assert at_once(app, attempt) == 1


def test_asked_first_and_marked_after_the_same_race_opens_more_than_one(app, ines):
    """The negative control: without the database's word the races above would be lost."""
    account_id = ines.id
    factors.new_recovery_codes(ines)
    db.session.commit()
    all_have_looked = threading.Barrier(THREADS)

    def attempt():
        first = sa.select(RecoveryCode.id).where(RecoveryCode.account_id == account_id)
        with unit_of_work():
            ids = db.session.scalars(first.where(RecoveryCode.used_at.is_(None))).all()
        code_id = min(ids)
        all_have_looked.wait()
        with unit_of_work():
            db.session.get_one(RecoveryCode, code_id).used_at = NOON
        return True

    assert at_once(app, attempt) > 1


def test_the_picture_holds_what_an_app_reads(ines):
    image = factors.picture(ines)
    assert image.startswith(b"<?xml")
    assert b"<svg" in image
    assert b"style=" not in image
