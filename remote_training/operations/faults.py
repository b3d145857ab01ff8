"""What a page says when something went wrong: no blame, no riddle, a way on."""

from __future__ import annotations

from flask import render_template, request

from remote_training.core.words import DEFAULT_ZONE, LANGUAGES, reading_as, say, translated
from remote_training.operations.edge import request_id

START = say("Your newest mail has a link that works. Or go to the start and ask for a new one.")
STAFF_START = say("Go to your first page, and on from there.")
AGAIN = say("Please go back, look over what you typed, and press once more.")
SENTENCES = {
    400: (say("We could not read that"), say("This request was not as we expect it."), AGAIN),
    401: (say("A link is needed"), say("This page opens from a link in your mail."), START),
    403: (say("This is not for you"), say("This page is for somebody else."), START),
    404: (say("There is nothing here"), say("This page is not there, or no longer there."), START),
    405: (say("We could not do that"), say("This page cannot be used in this way."), START),
    410: (say("This link has ended"), say("It was good once, and is no longer needed."), START),
    413: (say("That was too much"), say("What was sent is longer than we can take."), AGAIN),
    431: (say("That was too much"), say("What was sent is longer than we can take."), AGAIN),
    414: (say("That was too much"), say("What was sent is longer than we can take."), AGAIN),
    429: (
        say("Please wait a little"),
        say("This was tried many times within a short while."),
        say("Nothing is lost. Please try again in a quarter of an hour."),
    ),
    503: (
        say("One moment, please"),
        say("The platform is busy, or is being looked after."),
        say("Nothing that was saved is lost. Please try again in a minute."),
    ),
}  # fmt: skip
BROKEN = (
    say("Something went wrong on our side"),
    say("It is not your fault, and nothing that was saved is lost."),
    say("Please try again in a minute. If it happens again, please ring us."),
)


STAFF_PAGES = "/staff/"
START_BUTTON = say("Go to the start")


def page(status: int) -> str:
    """The page for a status, in the reader's language; on 5xx with a reference for the phone."""
    title, sentence, next_ = _sentences(status)
    is_staff = request.path.startswith("/staff")
    if is_staff and next_ is START:
        next_ = STAFF_START
    return render_template(
        "errors/error.html",
        title=translated(title),
        sentence=translated(sentence),
        next=translated(next_),
        start=STAFF_PAGES if is_staff else "/",
        reference=request_id() if status == 500 else "",
    )


def page_for_everybody(status: int) -> str:
    """The page for a status in each of our languages: for a request that nobody could read."""
    said = [_said(language, status) for language in LANGUAGES]
    return render_template("errors/unread.html", said=said)


def _sentences(status: int) -> tuple[str, str, str]:
    return SENTENCES.get(status, SENTENCES[400] if status < 500 else BROKEN)


def _said(language: str, status: int) -> dict[str, str]:
    names = ("title", "sentence", "next", "start")
    with reading_as(language, DEFAULT_ZONE):
        words = [translated(sentence) for sentence in (*_sentences(status), START_BUTTON)]
        return {"language": language} | dict(zip(names, words, strict=True))
