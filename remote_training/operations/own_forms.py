"""Cookies and forms of ours and of nobody else: signed, good under every key that we hold.

A page that was open while the keys were changed sends its form as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from babel.support import NullTranslations, Translations
from flask import Blueprint, Flask, current_app, g
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import CSRFError, CSRFProtect, validate_csrf
from itsdangerous import URLSafeTimedSerializer
from wtforms.i18n import messages_path
from wtforms.validators import ValidationError

from remote_training.core import words
from remote_training.operations.edge import OwnRequest


class Cookies(SecureCookieSessionInterface):
    """Flask's own cookie; what signs it is made once, not twice a request."""

    def __init__(self) -> None:
        self._signer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """What signs the cookies of the one app that this belongs to."""
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer


class Request(OwnRequest):
    """A request that has the words of WTForms at hand, read once a process, not once a request."""

    @property
    def wtforms_translations(self) -> Translations | NullTranslations:
        """In the reader's language: where Flask-WTF looks for them first."""
        return _form_words(words.language())

    @property
    def is_json(self) -> bool:
        """Never: Flask-WTF takes no form from JSON, however deep; the API reads its own."""
        return False


class OwnForms(CSRFProtect):  # type: ignore[misc]
    """Checks the token of each form, first with the newest key, then with the older ones."""

    def __init__(self, app: Flask, is_no_form: Callable[[], bool]) -> None:
        super().__init__(app)
        self._is_no_form = is_no_form

    def protect(self, apply_exemptions: bool = False) -> None:
        """Pass a form of ours, or raise `CSRFError`."""
        if self._is_no_form():
            return
        try:
            super().protect(apply_exemptions)
        except CSRFError:
            if not self._is_of_older_key():
                raise
            g.csrf_valid = True

    def _is_of_older_key(self) -> bool:
        token = self._get_csrf_token()
        return any(_fits(token, key) for key in current_app.config["SECRET_KEY_FALLBACKS"])


def install(
    app: Flask, *, exempt: Sequence[Callable[..., Any] | Blueprint], is_no_form: Callable[[], bool]
) -> None:
    """Check every form but those of the exempt views, which ask for a ticket of their own.

    `is_no_form` says of the request in hand that no form of ours can have sent it, and that
    its view asks for no cookie.
    """
    forms = OwnForms(app, is_no_form)
    for view in exempt:
        forms.exempt(view)


@cache
def _form_words(language: str) -> Translations | NullTranslations:
    return Translations.load(messages_path(), [language], domain="wtforms")


def _fits(token: str | None, key: str) -> bool:
    try:
        validate_csrf(token, secret_key=key)
    except ValidationError:
        return False
    return True
