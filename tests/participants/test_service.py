from datetime import timedelta

import pytest
import sqlalchemy as sa

from remote_training.accounts import tokens, visits
from remote_training.accounts.models import AccountKind, BrowserSession, LinkKind
from remote_training.audit.models import Entry
from remote_training.contacts.errors import WrongBirthYear, WrongPhone
from remote_training.contacts.models import Contact
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from remote_training.core.reasons import ReasonNeeded
from remote_training.messages.models import Message
from remote_training.participants import queries, service, study_numbers
from remote_training.participants.errors import HasLeft, NoStudyNumber, WrongFact
from remote_training.participants.models import Sex
from tests import make
from tests.fakes import NOON

pytestmark = pytest.mark.usefixtures("app")
TODAY = NOON.date()


def enrol(**changes):
    plain = {
        "site": make.site(),
        "name": "Ada Canary",
        "email": "canary@example.org",
        "phone": "030 123 4567",
        "birth_year": "1961",
        "emergency_name": "Bob Canary",
        "emergency_phone": "030 765 4321",
        "language": "nl",
        "zone": "Europe/Amsterdam",
        "now": NOON,
        "by": None,
    }
    participant = service.enrol(**plain | changes)
    db.session.commit()
    return participant


def record(participant, **facts):
    changed = service.record(participant, now=NOON, by=None, **facts)
    db.session.commit()
    return changed


def entries(action):
    found = sa.select(Entry).where(Entry.action == action).order_by(Entry.at, Entry.id)
    return db.session.scalars(found).all()


def count(model):
    return db.session.scalar(sa.select(sa.func.count()).select_from(model))


def test_who_is_enrolled_gets_a_random_number_an_account_and_a_welcome():
    ada = enrol()

    assert study_numbers.is_valid(ada.study_number)
    assert (ada.account.kind, ada.account.language) == (AccountKind.PARTICIPANT, "nl")
    assert ada.contact.emergency_phone == "030 765 4321"
    assert not ada.is_taking_part
    message = db.session.scalars(sa.select(Message)).one()
    assert (message.kind, message.facts) == ("welcome", {"participant_id": str(ada.id)})
    assert message.contact_id == ada.contact_id


def test_the_audit_trail_names_nobody():
    ada = enrol()
    record(ada, consented_on=TODAY, arm="exercise", sex=Sex.FEMALE)
    service.correct_contact(ada, now=NOON, by=None, name="Eve Canary", phone="030 999 9999")
    db.session.commit()

    told = " ".join(
        f"{entry.action} {entry.detail} {entry.reason}"
        for entry in db.session.scalars(sa.select(Entry))
    )
    assert "participants.enrol" in told
    assert "phone" in told
    for plain in ("Canary", "Ada", "canary@", "030", "1961"):
        assert plain not in told


def test_a_number_that_is_taken_is_drawn_again():
    taken = enrol().study_number
    draws = iter([taken, taken, "C7K2M4P"])

    ada = enrol(number=lambda: next(draws))

    assert ada.study_number == "C7K2M4P"
    assert db.session.scalar(sa.select(sa.func.count(Contact.id))) == 2


def test_where_no_number_is_free_nothing_is_written():
    taken = enrol().study_number

    with pytest.raises(NoStudyNumber):
        enrol(number=lambda: taken)
    db.session.rollback()

    assert count(Contact) == count(Message) == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"birth_year": "1899"}, WrongBirthYear, id="born before 1900"),
        pytest.param({"birth_year": "2009"}, WrongBirthYear, id="not of age"),
        pytest.param({"birth_year": "61"}, WrongBirthYear, id="two digits"),
        pytest.param({"birth_year": ""}, WrongBirthYear, id="no year"),
        pytest.param({"phone": "none"}, WrongPhone, id="no number"),
        pytest.param({"language": "xx"}, WrongFact, id="a language that we do not speak"),
        pytest.param({"zone": "Mars/Base"}, WrongFact, id="no such zone"),
    ],
)
def test_what_cannot_be_so_is_refused_and_nothing_is_written(changes, error):
    with pytest.raises(error):
        enrol(**changes)
    db.session.rollback()

    assert count(Contact) == count(Message) == count(Entry) == 0
    assert enrol(birth_year="2008").contact.birth_year == "2008"


def test_facts_are_recorded_with_their_codes():
    ada = enrol()

    changed = record(
        ada,
        consented_on=TODAY - timedelta(days=1),
        cleared_on=TODAY,
        baseline_on=TODAY,
        complaint="fatigue",
        sex=Sex.FEMALE,
        neurotoxic_chemotherapy=True,
        arm="waitlist",
    )

    assert ada.may_train
    assert changed[-1] == "arm"
    assert queries.allocation(ada.id).arm == "waitlist"
    [entry] = entries("participants.record")
    assert entry.detail["changed"]["consented_on"] == [None, "2026-11-23"]
    assert entry.detail["changed"]["sex"] == [None, "F"]
    assert "arm" not in entry.detail["changed"]
    [arm] = entries("participants.allocate")
    assert arm.detail["changed"] == {"arm": [None, "waitlist"]}


def test_a_known_fact_is_changed_with_a_reason_only():
    ada = make.participant(complaint="fatigue")

    with pytest.raises(ReasonNeeded):
        record(ada, complaint="distress")
    db.session.rollback()
    assert ada.complaint == "fatigue"

    assert record(ada, complaint="distress", reason="She told us so") == ["complaint"]
    [entry] = entries("participants.record")
    assert entry.reason == "She told us so"
    assert entry.detail["changed"]["complaint"] == ["fatigue", "distress"]


def test_the_arm_is_changed_with_a_reason_only():
    ada = make.participant(arm="exercise")

    with pytest.raises(ReasonNeeded):
        record(ada, arm="waitlist")
    db.session.rollback()

    assert record(ada, arm="waitlist", reason="Typed wrongly") == ["arm"]


def test_recording_the_same_again_changes_nothing():
    ada = make.participant(complaint="fatigue", sex=Sex.MALE)

    assert record(ada, complaint="fatigue", sex=Sex.MALE, arm="exercise") == []
    assert count(Entry) == 0


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"consented_on": TODAY + timedelta(days=1)}, id="consent tomorrow"),
        pytest.param({"cleared_on": TODAY.replace(year=2019)}, id="cleared before the study"),
        pytest.param({"baseline_on": TODAY.replace(year=2030)}, id="baseline in four years"),
        pytest.param({"complaint": "base"}, id="a module that is no complaint"),
        pytest.param({"arm": "control"}, id="an arm that the study has not"),
        pytest.param({"arm": None}, id="an arm taken away"),
        pytest.param({"sex": "F"}, id="a sex as bare text"),
        pytest.param({"neurotoxic_chemotherapy": "yes"}, id="yes as bare text"),
        pytest.param({"arm": "exercise"}, id="an arm before consent"),
    ],
)
def test_a_fact_that_cannot_be_so_is_refused(facts):
    ada = enrol()

    with pytest.raises(WrongFact):
        record(ada, **facts)
    db.session.rollback()

    assert entries("participants.record") == entries("participants.allocate") == []


def test_what_is_no_fact_is_not_recorded():
    with pytest.raises(TypeError, match="site_id"):
        record(make.participant(), site_id=make.site("melbourne").id)


def test_today_is_that_of_her_own_zone():
    in_melbourne = enrol(zone="Australia/Melbourne", email="mel@example.org")
    evening = NOON.replace(hour=14)

    service.record(in_melbourne, now=evening, by=None, consented_on=TODAY + timedelta(days=1))

    assert in_melbourne.consented_on == TODAY + timedelta(days=1)


def test_another_address_ends_links_and_visits_and_welcomes_anew():
    ada = enrol()
    token = tokens.mint(LinkKind.BOOKINGS, ada.account_id, now=NOON)
    visits.begin(ada.account, lasts=timedelta(hours=1), now=NOON)
    db.session.commit()

    changed = service.correct_contact(ada, now=NOON, by=None, email="new@example.org")
    db.session.commit()

    assert changed == ["email"]
    assert tokens.find(token).revoked_at == NOON
    assert db.session.scalars(sa.select(BrowserSession.ended_at)).one() == NOON
    assert count(Message) == 2


def test_a_corrected_telephone_number_leaves_links_alone():
    ada = enrol()
    token = tokens.mint(LinkKind.BOOKINGS, ada.account_id, now=NOON)

    changed = service.correct_contact(
        ada, now=NOON, by=None, email="CANARY@example.org", phone="030 999 9999", language="en"
    )
    db.session.commit()

    assert changed == ["language", "phone"]
    assert tokens.find(token).is_open(NOON)
    assert (ada.language, ada.account.language) == ("en", "en")
    assert count(Message) == 1


def test_the_link_is_sent_again_once_a_minute():
    ada = enrol()

    for seconds in (0, 20, 70):
        service.send_link_again(ada, now=NOON + timedelta(seconds=seconds), by=None)
        db.session.commit()

    assert count(Message) == 3


def test_who_has_left_gets_no_link():
    with pytest.raises(HasLeft):
        service.send_link_again(make.participant(withdrawn_on=TODAY), now=NOON, by=None)


def test_people_of_other_sites_are_not_there():
    ada, utrecht, melbourne = make.participant(), make.site().id, make.site("melbourne").id

    with pytest.raises(NotFound):
        queries.by_id(ada.id, [melbourne])
    assert list(queries.listing([melbourne])) == []

    assert queries.by_id(ada.id, [utrecht]) is ada
    assert list(queries.listing([utrecht])) == [ada]
    assert queries.of_account(ada.account_id) is ada


def test_the_list_is_searched_by_the_beginning_of_the_number():
    one, two = make.participant(study_number="C7K2M4P"), make.participant(study_number="C8K2M4P")
    sites = [make.site().id]

    assert list(queries.listing(sites, number="c7-k2")) == [one]
    assert list(queries.listing(sites, number="%")) == [one, two]
    assert queries.count(sites, number="C") == 2
    assert list(queries.listing(sites, limit=1, offset=1)) == [two]
