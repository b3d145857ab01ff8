"""The vault: what is sealed opens in its own row and field only, under every valid key."""

import pytest
import sqlalchemy as sa

from remote_training.contacts import service
from remote_training.contacts.errors import WrongAddress, WrongName, WrongPhone
from remote_training.contacts.models import Contact, Whereabouts
from remote_training.core.crypto import CannotOpen, KeyRing
from remote_training.core.db import db
from remote_training.operations.keys import keys
from tests import make
from tests.conftest import SECRET

NEWER = "a-newer-key-for-the-tests-long-enough-22"


@pytest.fixture
def rotate(app):
    """Put other keys in place for one test."""
    before = app.extensions["keyring"]

    def change(*keys):
        db.session.expire_all()
        app.extensions["keyring"] = KeyRing(keys)

    yield change
    app.extensions["keyring"] = before


pytestmark = pytest.mark.usefixtures("app")


def stored(contact):
    return db.session.execute(
        sa.select(*Contact.__table__.columns).where(Contact.id == contact.id)
    ).one()


def test_nothing_that_names_a_person_is_readable_in_the_table():
    ada = make.contact(
        name="Ada Canary",
        email="ada.canary@example.org",
        phone="030 123 4567",
        birth_year="1961",
        emergency_name="Bob Canary",
        emergency_phone="030 765 4321",
    )

    raw = b" ".join(bytes(part) for part in stored(ada) if isinstance(part, bytes | memoryview))
    for plain in (b"Canary", b"ada.canary", b"030 123", b"1961", b"Bob", b"765 4321"):
        assert plain not in raw
    assert "canary" not in str(stored(ada).email_index)
    assert (ada.name, ada.birth_year, ada.emergency_name) == ("Ada Canary", "1961", "Bob Canary")


def test_a_changed_byte_does_not_open():
    ada = make.contact(name="Ada Byron")
    sealed = bytearray(ada.name_sealed)
    sealed[-1] ^= 1
    assert ada.name == "Ada Byron"

    ada.name_sealed = bytes(sealed)

    with pytest.raises(CannotOpen):
        _ = ada.name


def test_a_value_moved_to_another_row_does_not_open():
    ada, eve = make.contact(), make.contact()

    eve.name_sealed = ada.name_sealed

    with pytest.raises(CannotOpen):
        _ = eve.name


def test_a_value_moved_to_another_field_does_not_open():
    ada = make.contact()

    ada.emergency_phone_sealed = ada.phone_sealed

    with pytest.raises(CannotOpen):
        _ = ada.emergency_phone


def test_two_keys_open_at_once_and_the_newest_seals(rotate):
    ada = make.contact(name="Ada Byron")
    rotate(NEWER, SECRET)

    eve = make.contact(name="Eve Moore")

    assert (ada.name, eve.name) == ("Ada Byron", "Eve Moore")
    rotate(NEWER)
    assert eve.name == "Eve Moore"
    with pytest.raises(CannotOpen):
        _ = ada.name


def test_an_address_is_found_under_an_old_key_too(rotate):
    ada = make.contact(email="ada@example.org")
    rotate(NEWER, SECRET)

    assert service.with_email(" ADA@example.org ") == [ada]

    rotate(NEWER)
    assert service.with_email("ada@example.org") == []


def test_after_resealing_the_old_key_can_go(rotate):
    contacts = [make.contact(name=f"Ada {n}", email=f"x{n}@example.org") for n in "abcde"]
    whereabouts = Whereabouts(
        id=contacts[0].id,
        contact_id=contacts[0].id,
        occasion_id=contacts[0].id,
        given_at=make.NOON,
    )
    whereabouts.place = "At home"
    db.session.add(whereabouts)
    db.session.commit()
    rotate(NEWER, SECRET)

    rounds = []
    while done := service.reseal(2):
        db.session.commit()
        rounds.append(done)

    assert rounds == [2, 2, 2]
    rotate(NEWER)
    assert [contact.name for contact in contacts] == [f"Ada {n}" for n in "abcde"]
    assert service.with_email("xa@example.org") == [contacts[0]]
    assert whereabouts.place == "At home"


def test_two_people_may_share_a_mailbox():
    ada = make.contact(name="Ada Byron", email="both@example.org")
    bob = make.contact(name="Bob Byron", email="Both@Example.org")
    make.contact(email="other@example.org")

    assert {person.id for person in service.with_email("both@example.org")} == {ada.id, bob.id}


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "ada@example",
        "a b@example.org",
        "ada@example.org, b@c.d",
        "müller@example.org",
    ],
)
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(WrongAddress):
        service.keep(name="Ada", email=typed)
    assert service.with_email(typed) == []


@pytest.mark.parametrize("typed", ["", "  ", "\u202e", "...", "a" * 121])
def test_what_is_no_name_is_refused(typed):
    with pytest.raises(WrongName):
        service.keep(name=typed, email="ada@example.org")


@pytest.mark.parametrize(
    "typed", ["12345", "call me", "1" * 16, "+31 30 123 4567 ext", "٠٣٠١٢٣٤٥٦٧"]
)
def test_what_cannot_be_dialled_is_refused(typed):
    with pytest.raises(WrongPhone):
        service.keep(name="Ada", email="ada@example.org", phone=typed)


@pytest.mark.parametrize("typed", ["", "030 123 4567", "+61 (3) 5550-0000", "030/1234567"])
def test_telephone_numbers_stay_as_they_were_typed(typed):
    assert service.keep(name="Ada", email="ada@example.org", phone=typed).phone == typed


def test_correcting_names_what_changed_and_leaves_the_rest():
    ada = make.contact(name="Ada Byron", phone="030 000 1111")
    sealed = ada.phone_sealed

    changed = service.correct(ada, name=" Ada\tLovelace ", phone="030 000 1111")

    assert changed == ["name"]
    assert ada.name == "Ada Lovelace"
    assert ada.first_name == "Ada"
    assert ada.phone_sealed == sealed


def test_one_wrong_field_leaves_all_as_they_were():
    ada = make.contact(name="Ada Byron")

    with pytest.raises(WrongPhone):
        service.correct(ada, name="Eve", phone="none")

    assert ada.name == "Ada Byron"


def test_one_command_reseals_the_vault_and_the_second_factors(app, rotate):
    account = make.account(contact=make.contact(name="Ada Byron"))
    account.totp_secret = "JBSWY3DPEHPK3PXP"
    db.session.commit()
    rotate(NEWER, SECRET)

    told = app.test_cli_runner().invoke(keys, ["reseal"])
    again = app.test_cli_runner().invoke(keys, ["reseal"])

    assert told.output == "2 rows sealed anew\n"
    assert again.output == "0 rows sealed anew\n"
    rotate(NEWER)
    assert account.contact.name == "Ada Byron"
    assert account.totp_secret == "JBSWY3DPEHPK3PXP"


def test_a_host_of_another_script_is_an_address(app):
    assert make.contact(email="ada@bücher.example").email == "ada@bücher.example"
