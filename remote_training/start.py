"""Starting the platform with its real settings and the real outside world."""

from __future__ import annotations

from flask import Flask

from remote_training.app import create_app
from remote_training.core.settings import Settings, load
from remote_training.demo.mailbox import DemoMailbox
from remote_training.operations import logs
from remote_training.outside import clock
from remote_training.outside.mail import MailProvider
from remote_training.outside.offline import OfflineMeetings
from remote_training.outside.smtp import SmtpMail
from remote_training.outside.world import Outside


def real_app() -> Flask:
    """Make the app from the environment; raises `WrongSetting` or `WrongStudyFile`."""
    settings = load()
    logs.configure()
    return create_app(settings, real_world(settings))


def real_world(settings: Settings) -> Outside:
    """The clock of this machine, the mail server and the meeting provider of the settings."""
    return Outside(
        now=clock.now,
        mail=_mail(settings),
        meetings={"offline": OfflineMeetings(settings.address)},
    )


def _mail(settings: Settings) -> MailProvider:
    return SmtpMail(settings.smtp_url) if settings.smtp_url else DemoMailbox(settings.mailbox_dir)
