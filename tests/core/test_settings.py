import pytest

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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(
            "DATABASE_URL", "mysql://localhost/trial", id="a database that we do not speak"
        ),
        pytest.param("DATABASE_URL", "postgresql://localhost/trial", id="without its driver"),
        pytest.param("SECRET_KEYS", "short", id="a short key"),
        pytest.param("SECRET_KEYS", PLAIN["SECRET_KEYS"] + ",", id="an empty second key"),
        pytest.param("PORT", "0", id="port 0"),
        pytest.param("PORT", "70000", id="a port too high"),
        pytest.param("PORT", "http", id="a port in words"),
        pytest.param("PUBLIC_URL", "trial.example.org", id="an address without https"),
        pytest.param("PUBLIC_URL", "javascript://x", id="another scheme"),
        pytest.param("PUBLIC_URL", "https://", id="no host"),
        pytest.param("PUBLIC_URL", "https://x.org/trial", id="a path behind the host"),
        pytest.param("PUBLIC_URL", "https://x.org?a=1", id="a query behind the host"),
        pytest.param("PUBLIC_URL", "https://x.org:port", id="a port in words behind the host"),
        pytest.param("PUBLIC_URL", "https://[x", id="a broken bracket"),
        pytest.param("SMTP_URL", "http://mail.example.org", id="mail over http"),
        pytest.param("SMTP_URL", "smtp://", id="mail without a host"),
        pytest.param("SMTP_URL", "smtp://mail.example.org:99999", id="mail with a port too high"),
        pytest.param(
            "MAIL_FROM", "Train together <classes@example.org>", id="a sender with a name"
        ),
        pytest.param("MAIL_FROM", "classes", id="a sender without a host"),
        pytest.param("MEETINGS", "carrier-pigeon", id="a provider that we do not have"),
        pytest.param("STUDY_FILE", "/nowhere/study.toml", id="a study file that is not there"),
        pytest.param("DEMO", "perhaps", id="neither yes nor no"),
        pytest.param("MAIL_LEASE_SECONDS", "-1", id="a lease that is over at once"),
    ],
)
def test_a_wrong_value_stops_the_start_with_a_sentence_that_names_it(name, value, environment):
    environment(**{name: value})

    with pytest.raises(WrongSetting) as caught:
        settings.load()

    assert str(caught.value).startswith(f"{name}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", PLAIN)
def test_what_production_needs_must_be_there(name, environment):
    environment(**{name: ""})

    with pytest.raises(WrongSetting, match=f"{name} must be set when DEMO is off"):
        settings.load()


def test_the_demo_does_not_run_in_production(environment):
    environment(DEMO="1")

    with pytest.raises(WrongSetting, match="DEMO must be off in production"):
        settings.load()


def test_no_refusal_repeats_a_secret(environment):
    environment(SECRET_KEYS="hush-hush", SMTP_URL="ftp://user:hush-hush@host")

    with pytest.raises(WrongSetting) as caught:
        settings.load()

    assert "SECRET_KEYS" in str(caught.value)
    assert "SMTP_URL" in str(caught.value)
    assert "hush-hush" not in str(caught.value)


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
