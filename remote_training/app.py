"""Puts the house together; knows all, nobody knows it."""

from __future__ import annotations

from collections.abc import MutableMapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask, g, has_request_context, request, session
from flask.templating import Environment

from remote_training.accounts import guard, own_views, program_views, public, team_views
from remote_training.accounts import views as accounts_views
from remote_training.api import views as api_views
from remote_training.assessments import again as assessments_again
from remote_training.assessments import late as assessments_late
from remote_training.assessments import views as assessments_views
from remote_training.attendance import (
    console_views,
    stranger_views,
    trainer_views,
    training_views,
)
from remote_training.attendance import views as attendance_views
from remote_training.bookings import cards, feed_views, programme_views, waiting_views
from remote_training.bookings import views as bookings_views
from remote_training.core import words
from remote_training.core.crypto import KeyRing
from remote_training.core.db import db, end_reader
from remote_training.core.engines import engine_options, prepare
from remote_training.core.settings import Settings
from remote_training.dashboard import (
    booking_views,
    people_views,
    plan_views,
    room_views,
    stand_in_views,
    week_views,
)
from remote_training.dashboard import programme_views as desk_programme_views
from remote_training.dashboard import views as dashboard_views
from remote_training.demo import views as demo_views
from remote_training.exports import views as exports_views
from remote_training.home import views as home_views
from remote_training.hooks import views as hooks_views
from remote_training.instruments import load as instruments
from remote_training.links import views as links_views
from remote_training.operations import edge, own_forms, refusals
from remote_training.operations import views as operations_views
from remote_training.outside.world import Outside
from remote_training.reminders import letters
from remote_training.reminders import views as reminders_views
from remote_training.replies import letters as reply_letters
from remote_training.safety import event_views
from remote_training.safety import views as safety_views
from remote_training.studies import load
from remote_training.withdrawals import views as withdrawals_views

ROOT = Path(__file__).resolve().parent.parent
LARGEST_BODY = 256 * 1024
NO_READER = ("/health", "/metrics", "/hooks/", "/api/")  # programs ask there

BLUEPRINTS = (
    public.blueprint,
    accounts_views.blueprint,
    own_views.blueprint,
    program_views.blueprint,
    team_views.blueprint,
    links_views.blueprint,
    home_views.blueprint,
    bookings_views.blueprint,
    waiting_views.blueprint,
    programme_views.blueprint,
    feed_views.blueprint,
    assessments_views.blueprint,
    assessments_again.blueprint,
    assessments_late.blueprint,
    attendance_views.blueprint,
    trainer_views.blueprint,
    console_views.blueprint,
    stranger_views.blueprint,
    training_views.blueprint,
    dashboard_views.blueprint,
    people_views.blueprint,
    withdrawals_views.blueprint,
    booking_views.blueprint,
    desk_programme_views.blueprint,
    plan_views.blueprint,
    stand_in_views.blueprint,
    week_views.blueprint,
    room_views.blueprint,
    safety_views.blueprint,
    event_views.blueprint,
    reminders_views.hers,
    reminders_views.desk,
    exports_views.blueprint,
    operations_views.blueprint,
    hooks_views.blueprint,
    api_views.blueprint,
)
# they ask for something else: a ticket, a provider's signature, a program's token
WITHOUT_OUR_FORM = (
    api_views.blueprint,
    assessments_views.answer,
    assessments_views.speak,
    assessments_views.send,
    assessments_late.take,
    hooks_views.zoom,
    hooks_views.bigbluebutton,
    hooks_views.analytics,
    hooks_views.jitsi,
)


class Templates(Environment):
    """Templates that share one map of globals: Jinja compares it at each import of a macro."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The globals of a template."""
        return super().make_globals(d) if d else self.globals


class Platform(Flask):
    """Flask with our templates, forms and log."""

    jinja_environment = Templates
    request_class = own_forms.Request

    def log_exception(self, exc_info: Any) -> None:
        """Log what broke where nothing answers for it: as all else, without the address."""
        edge.log.error("broken", request_id=edge.request_id(), error=exc_info[1])


def create_app(settings: Settings, outside: Outside) -> Flask:
    """Build the platform: one app, its settings and its outside world handed in."""
    app = Platform(
        __name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static")
    )
    app.config.from_mapping(_flask_config(settings))
    edge.speak_as(app, settings.address)
    edge.believe_own_proxies(app, settings.trusted_proxies)
    app.extensions["settings"] = settings
    app.extensions["outside"] = outside
    app.extensions["keyring"] = KeyRing(settings.keys)
    instruments.look_for_wording_in(settings.wordings)
    app.extensions["study"] = load.load(settings.study_file)
    app.extensions["message_kinds"] = letters.kinds() | reply_letters.kinds()
    _install_database(app)
    _install_files(app)
    app.session_interface = own_forms.Cookies()
    edge.install(app)
    _install_words(app)
    own_forms.install(app, exempt=WITHOUT_OUR_FORM, is_no_form=links_views.is_one_click)
    guard.login_manager.init_app(app, add_context_processor=False)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    if settings.demo:
        app.register_blueprint(demo_views.blueprint)
    app.jinja_env.filters["filled"] = cards.filled
    app.jinja_env.globals.update(
        emergency_number_here=public.emergency_number,
        staff_menu=dashboard_views.menu,
        no_mail_since=dashboard_views.no_mail_since,
        rooms_not_ready=dashboard_views.rooms_not_ready,
        staff_name=accounts_views.staff_name,
        is_her_page=_is_her_page,
    )
    refusals.install(app)
    return app


def _flask_config(settings: Settings) -> dict[str, object]:
    cookie_keys = KeyRing(settings.keys).cookie_keys
    return {
        "SECRET_KEY": cookie_keys[0],
        "SECRET_KEY_FALLBACKS": cookie_keys[1:],
        "SQLALCHEMY_DATABASE_URI": settings.database,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(settings.database),
        "SESSION_COOKIE_NAME": "visit",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.address.startswith("https"),
        "MAX_CONTENT_LENGTH": LARGEST_BODY,
        "MAX_FORM_MEMORY_SIZE": LARGEST_BODY,
        "MAX_FORM_PARTS": 200,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
        "BABEL_TRANSLATION_DIRECTORIES": str(words.TRANSLATIONS),
    }


def _install_database(app: Flask) -> None:
    db.init_app(app)
    with app.app_context():
        prepare(db.engine)
    app.teardown_appcontext(end_reader)


def _install_files(app: Flask) -> None:
    """Pages ask for their files by what is in them: after an upgrade none runs an old script."""
    addresses = {
        path.name: f"/static/{path.name}?v={sha256(path.read_bytes()).hexdigest()[:12]}"
        for path in Path(app.static_folder or "").iterdir()
    }
    app.jinja_env.globals["file"] = addresses.__getitem__


def _install_words(app: Flask) -> None:
    words.install(app, _language)
    app.before_request(_speak_the_readers_zone)


def _language() -> str:
    if not has_request_context():
        return words.DEFAULT_LANGUAGE
    is_page = not request.path.startswith(NO_READER)
    chosen = session.get("language") if is_page else None
    if chosen in words.LANGUAGES:
        return str(chosen)
    reader = guard.reader() if is_page else None
    if reader is not None:
        return reader.language
    return request.accept_languages.best_match(list(words.LANGUAGES)) or words.DEFAULT_LANGUAGE


def _speak_the_readers_zone() -> None:
    if request.endpoint in (None, "static") or request.path.startswith(NO_READER):
        return
    reader = guard.reader()
    g.zone = reader.zone if reader is not None else words.DEFAULT_ZONE


def _is_her_page() -> bool:
    """Whether a participant's visit goes on here, so that what waits on her phone may come in."""
    return not request.path.startswith("/staff") and guard.here() is not None
