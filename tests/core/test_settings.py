import subprocess
import sys

import pytest

from remote_training import cli
from remote_training.core import settings
from remote_training.core.settings import WrongSetting
from remote_training.start import real_world
from remote_training.studies.load import SHIPPED

PLAIN = {
    "SECRET_KEYS": "a-key-that-is-long-enough-for-a-start-1",
    "PUBLIC_URL": "https://trial.example.org",
    "SMTP_URL": "smtp://user:password@mail.example.org:587",
    "MAIL_FROM": "classes@trial.example.org",
}


@pytest.fixture
def environment(monkeypatch):
    """Set the variables of one start, and no others of ours."""

    def put(**changes):
        for name in settings.Settings.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
        for name, value in (PLAIN | changes).items():
            monkeypatch.setenv(name, str(value))

    return put


WHOLE = "must be a whole number from"
HIDDEN = "; what was given is not repeated here."
DATABASE = f"DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://{HIDDEN}"
KEYS = (
    "SECRET_KEYS must be keys of at least 32 characters each, with commas between, the newest "
    f"first{HIDDEN}"
)
HOME = "PUBLIC_URL must be an address such as https://trial.example.org"
JOBS = f"JOBS_URL must be an address such as redis://host:6379/0, or be left out{HIDDEN}"
SMTP = f"SMTP_URL must be an address such as smtp://user:password@host:587{HIDDEN}"
SENDER = "MAIL_FROM must be a bare mail address such as classes@trial.example.org"
ROOM = "must be an address such as https://rooms.example.org"
ZOOMS = "must be an address such as https://api.zoom.us/v2"
HASH = "BBB_CHECKSUM must be one of sha1, sha256, sha384 or sha512"
OUTSIDE = "WORDING_DIR must be a folder outside the code, which licensed wording stays out of"
PROVIDER = "MEETINGS must be one of offline, zoom, bigbluebutton or jitsi"
FOLDER = "DATA_DIR must be a folder, or one that can be made"
STUDY = "STUDY_FILE must be a file that is there"
CODE = str(settings.CODE)

WRONG = [
    ("DATABASE_URL", "mysql://localhost/trial", DATABASE),
    ("DATABASE_URL", "postgresql://ada:canary@localhost/trial", DATABASE),
    ("DATABASE_URL", "postgresql+psycopg://ada:canary@localhost:five/trial", DATABASE),
    ("DATABASE_URL", "sqlite:///", DATABASE),
    ("DATABASE_URL", "trial.db", DATABASE),
    ("SECRET_KEYS", "canary", KEYS),
    ("SECRET_KEYS", PLAIN["SECRET_KEYS"] + ",", KEYS),
    ("DATA_DIR", __file__, f'{FOLDER}, not "{__file__}".'),
    ("WORDING_DIR", __file__, f'WORDING_DIR must be a folder, not "{__file__}".'),
    ("WORDING_DIR", CODE, f'{OUTSIDE}, not "{CODE}".'),
    ("PORT", "0", f'PORT {WHOLE} 1 to 65535, not "0".'),
    ("PORT", "70000", f'PORT {WHOLE} 1 to 65535, not "70000".'),
    ("PORT", "abc", f'PORT {WHOLE} 1 to 65535, not "abc".'),
    ("PORT", "80.5", f'PORT {WHOLE} 1 to 65535, not "80.5".'),
    ("PORT", "9" * 5000, f'PORT {WHOLE} 1 to 65535, not "{"9" * 100}".'),
    ("PUBLIC_URL", "trial.example.org", f'{HOME}, not "trial.example.org".'),
    ("PUBLIC_URL", "javascript://x", f'{HOME}, not "javascript://x".'),
    ("PUBLIC_URL", "https://", f'{HOME}, not "https://".'),
    ("PUBLIC_URL", "https://x.org/trial", f'{HOME}, not "https://x.org/trial".'),
    ("PUBLIC_URL", "https://x.org?token=canary", HOME + HIDDEN),
    ("PUBLIC_URL", "https://ada:canary@x.org", HOME + HIDDEN),
    ("PUBLIC_URL", "https://x.org:port", f'{HOME}, not "https://x.org:port".'),
    ("PUBLIC_URL", "https://[x", f'{HOME}, not "https://[x".'),
    ("SMTP_URL", "http://ada:canary@mail.example.org", SMTP),
    ("SMTP_URL", "smtp://", SMTP),
    ("SMTP_URL", "smtp://ada:canary@mail.example.org:99999", SMTP),
    ("SMTP_URL", "smtp://[canary", SMTP),
    ("MAIL_FROM", "Trial <classes@x.org>", f'{SENDER}, not "Trial <classes@x.org>".'),
    ("MAIL_FROM", "classes", f'{SENDER}, not "classes".'),
    ("TRUSTED_PROXIES", "many", f'TRUSTED_PROXIES {WHOLE} 0 to 5, not "many".'),
    ("TRUSTED_PROXIES", "6", f'TRUSTED_PROXIES {WHOLE} 0 to 5, not "6".'),
    ("MAIL_LEASE_SECONDS", "-1", f'MAIL_LEASE_SECONDS {WHOLE} 2 to 3600, not "-1".'),
    ("MAIL_LEASE_SECONDS", "5 min", f'MAIL_LEASE_SECONDS {WHOLE} 2 to 3600, not "5 min".'),
    ("JOBS_URL", "foo", JOBS),
    ("JOBS_URL", "http://ada:canary@jobs.example.org", JOBS),
    ("MEETINGS", "pigeon", f'{PROVIDER}, not "pigeon".'),
    ("ZOOM_OAUTH_URL", "zoom.us", f'ZOOM_OAUTH_URL {ZOOMS}, not "zoom.us".'),
    ("ZOOM_API_URL", "https://ada:canary@zoom.us", f"ZOOM_API_URL {ZOOMS}{HIDDEN}"),
    ("ZOOM_API_URL", "https://[x", f'ZOOM_API_URL {ZOOMS}, not "https://[x".'),
    ("BBB_URL", "http://rooms.example.org", f'BBB_URL {ROOM}, not "http://rooms.example.org".'),
    ("BBB_URL", "https://ada:canary@rooms.example.org", f"BBB_URL {ROOM}{HIDDEN}"),
    ("BBB_CHECKSUM", "md5", f'{HASH}, not "md5".'),
    ("JITSI_URL", "rooms", f'JITSI_URL {ROOM}, not "rooms".'),
    ("STUDY_FILE", "/no/study.toml", f'{STUDY}, not "/no/study.toml".'),
    ("DEMO", "maybe", 'DEMO must be on or off, not "maybe".'),
    ("DEMO", "ma\ny\u202ebe", 'DEMO must be on or off, not "ma ybe".'),
]  # fmt: skip
TAKES_ANY_TEXT = {
    "ZOOM_ACCOUNT_ID", "ZOOM_CLIENT_ID", "ZOOM_CLIENT_SECRET", "ZOOM_WEBHOOK_SECRET",
    "BBB_SECRET", "JITSI_APP_ID", "JITSI_SECRET", "JITSI_HOOK_SECRET",
}  # fmt: skip


@pytest.mark.parametrize(("name", "value", "sentence"), WRONG)
def test_a_wrong_value_ends_every_command_with_one_sentence_and_status_2(
    name, value, sentence, environment, monkeypatch, capsys
):
    environment(**{name: value})
    monkeypatch.setattr(sys, "argv", ["remote-training", "messages", "status"])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert (ended.value.code, *capsys.readouterr()) == (2, "", f"{sentence}\n")
    assert "canary" not in sentence


def test_every_setting_that_can_be_wrong_is_in_the_table():
    tried = {name for name, _value, _sentence in WRONG}
    assert tried | TAKES_ANY_TEXT == {name.upper() for name in settings.Settings.model_fields}


def test_several_wrong_values_are_all_named(environment):
    environment(PORT="abc", DEMO="maybe")
    with pytest.raises(WrongSetting) as caught:
        settings.load()
    assert str(caught.value) == (
        'PORT must be a whole number from 1 to 65535, not "abc". '
        'DEMO must be on or off, not "maybe".'
    )


@pytest.mark.parametrize("name", settings.Settings.model_fields)
def test_an_empty_variable_is_one_that_is_not_given(name, environment):
    if name not in map(str.lower, PLAIN):
        environment(**{name.upper(): ""})
    else:
        environment(**{"DEMO": "on", "PUBLIC_URL": "", name.upper(): ""})
    field = settings.Settings.model_fields[name]
    assert getattr(settings.load(), name) == field.default


def test_the_web_says_the_same_and_gunicorn_does_not_try_again(environment):
    environment(PORT="abc")
    done = subprocess.run(
        [sys.executable, "-c", "import wsgi"], capture_output=True, text=True, check=False
    )
    sentence = 'PORT must be a whole number from 1 to 65535, not "abc".\n'
    assert (done.returncode, done.stdout, done.stderr) == (4, "", sentence)


def test_no_secret_is_in_what_is_printed_of_the_settings(environment):
    environment(
        DATABASE_URL="postgresql+psycopg://ada:canary-1@localhost/trial",
        SECRET_KEYS="canary-2-" * 8,
        SMTP_URL="smtp://ada:canary-3@mail.example.org",
        **{name: "canary-4" for name in TAKES_ANY_TEXT if name.endswith("SECRET")},
    )
    loaded = settings.load()

    printed = f"{loaded!r}{loaded}{loaded.model_dump()}{loaded.model_dump_json()}{vars(loaded)}"

    assert "canary" not in printed
    assert "canary-1" in loaded.database
    assert "canary-2" in loaded.keys[0]


@pytest.mark.parametrize("name", PLAIN)
def test_what_production_needs_must_be_there(name, environment):
    environment(**{name: ""})

    with pytest.raises(WrongSetting, match=f"{name} must be set when DEMO is off"):
        settings.load()


def test_the_demo_does_not_run_in_production(environment):
    environment(DEMO="1")

    with pytest.raises(WrongSetting, match="DEMO must be off in production"):
        settings.load()


def test_plain_settings_are_taken(environment):
    environment(PUBLIC_URL="https://trial.example.org/", PORT="8080")

    found = settings.load()

    assert found.address == "https://trial.example.org"
    assert found.sender == "classes@trial.example.org"
    assert found.keys == [PLAIN["SECRET_KEYS"]]


def test_several_keys_are_newest_first(environment):
    environment(SECRET_KEYS=f"{'n' * 32}, {'o' * 32}")

    assert settings.load().keys == ["n" * 32, "o" * 32]


def test_the_demo_makes_its_own_key_once(environment, tmp_path):
    environment(DEMO="1", SECRET_KEYS="", PUBLIC_URL="", SMTP_URL="", DATA_DIR=tmp_path)

    first, second = settings.load().keys, settings.load().keys

    assert first == second
    assert len(first[0]) >= settings.SHORTEST_KEY
    assert (tmp_path / "secret-key").stat().st_mode & 0o077 == 0
    assert settings.load().address == "http://127.0.0.1:8000"
    assert settings.load().database == f"sqlite:///{tmp_path}/trial.db"


ZOOM = {
    "MEETINGS": "zoom",
    "ZOOM_ACCOUNT_ID": "acc",
    "ZOOM_CLIENT_ID": "client",
    "ZOOM_CLIENT_SECRET": "canary-client-secret",
    "ZOOM_WEBHOOK_SECRET": "canary-webhook-secret",
}


@pytest.mark.parametrize("missing", [name for name in ZOOM if name != "MEETINGS"])
def test_zoom_without_one_of_its_settings_does_not_start(missing, environment):
    environment(**ZOOM | {missing: " "})
    with pytest.raises(WrongSetting) as caught:
        real_world(settings.load())
    assert missing in str(caught.value)
    assert "MEETINGS" in str(caught.value)
    assert "canary" not in str(caught.value)
    environment(**ZOOM)
    assert "zoom" in real_world(settings.load()).meetings


def test_a_site_that_asks_for_zoom_needs_its_settings_too(environment, tmp_path):
    file = tmp_path / "study.toml"
    shipped = (SHIPPED / "lion.toml").read_text()
    file.write_text(
        shipped.replace('code = "utrecht"\n', 'code = "utrecht"\nmeetings = "zoom"\n', 1)
    )
    environment(STUDY_FILE=file)
    with pytest.raises(WrongSetting, match="utrecht"):
        real_world(settings.load())
    environment(STUDY_FILE=file, **ZOOM | {"MEETINGS": "offline"})
    assert {*real_world(settings.load()).meetings} == {"offline", "zoom"}


def test_where_classes_met_before_is_still_reached_while_its_settings_are_there(environment):
    """A room is still to be deleted there, a report still to come."""
    environment(**ZOOM | {"MEETINGS": "offline"})
    assert "zoom" in real_world(settings.load()).meetings
    environment(**ZOOM | {"MEETINGS": "offline", "ZOOM_CLIENT_ID": ""})
    assert {*real_world(settings.load()).meetings} == {"offline"}


@pytest.mark.parametrize(
    "wrong",
    [
        "http://api.zoom.us/v2",
        "zoom.us",
        "https://",
        "https://u:p@zoom.us",
        "https://zoom.us?a=1",
        "file:///etc/passwd",
        "http://169.254.169.254/v2",
    ],
)
def test_zoom_is_asked_over_https_or_on_this_machine(wrong, environment):
    for name in ("ZOOM_API_URL", "ZOOM_OAUTH_URL"):
        environment(**ZOOM | {name: wrong})
        with pytest.raises(WrongSetting, match=name):
            settings.load()
        environment(**ZOOM | {name: "http://127.0.0.1:8200/v2"})
        assert settings.load()


def test_the_secrets_of_zoom_are_in_nothing_that_is_printed(environment):
    environment(**ZOOM)
    loaded = settings.load()
    world = real_world(loaded)
    assert "canary" not in f"{loaded!r}{loaded}{world!r}{vars(world)!r}"
    assert loaded.zoom_client_secret.get_secret_value() == "canary-client-secret"
