"""Starting the platform with its real settings and the real outside world."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from remote_training.app import create_app
from remote_training.core import settings as installation
from remote_training.core.room_settings import said
from remote_training.core.settings import Settings, WrongSetting
from remote_training.demo.mailbox import DemoMailbox
from remote_training.meetings.sharing import InDatabase
from remote_training.operations import logs
from remote_training.outside import clock
from remote_training.outside.bigbluebutton import BigBlueButton
from remote_training.outside.jitsi import Jitsi
from remote_training.outside.mail import MailProvider
from remote_training.outside.meetings import MeetingProvider
from remote_training.outside.offline import OfflineMeetings
from remote_training.outside.smtp import SmtpMail
from remote_training.outside.world import Outside
from remote_training.outside.zoom import ZoomMeetings
from remote_training.outside.zoom_api import ZoomAccount
from remote_training.studies import load
from remote_training.studies.load import Study, WrongStudyFile


def real_app() -> Flask:
    """Make the app from the environment; raises `WrongSetting`."""
    settings = installation.load()
    logs.configure()
    return create_app(settings, real_world(settings))


def real_world(settings: Settings) -> Outside:
    """The clock of this machine, the mail server and the meeting provider of the settings."""
    return Outside(
        now=clock.now,
        mail=_mail(settings),
        meetings=_meetings(settings, _study(settings)),
    )


def _study(settings: Settings) -> Study:
    try:
        return load.load(settings.study_file)
    except WrongStudyFile as error:
        raise WrongSetting(f"STUDY_FILE: {error}") from error


def _meetings(settings: Settings, study: Study) -> dict[str, MeetingProvider]:
    """The providers that the settings or the study file ask for, by name; and any other whose
    settings are complete: where a site met before, a room is still to be deleted, a report to come.

    Raises `WrongSetting` where one that is asked for lacks what it needs.
    """
    providers: dict[str, MeetingProvider] = {"offline": OfflineMeetings(settings.address)}
    wanted: dict[str, str] = {settings.meetings: "MEETINGS"}
    for site in study.sites:
        if site.meetings is not None:
            wanted.setdefault(site.meetings, f"the site {site.code} of the study file")
    making: dict[str, Callable[[Settings], MeetingProvider]] = {
        "zoom": _zoom,
        "bigbluebutton": _bigbluebutton,
        "jitsi": _jitsi,
    }
    for name, make in making.items():
        missing = settings.missing_for_zoom if name == "zoom" else settings.missing_for(name)
        if name in wanted:
            _need(missing, wanted[name], name)
        if not missing:
            providers[name] = make(settings)
    return providers


def _need(missing: list[str], asker: str, name: str) -> None:
    if missing:
        names = " and ".join(missing)
        raise WrongSetting(f"{names} must be set: {asker} asks for {name!r}.")


def _zoom(settings: Settings) -> ZoomMeetings:
    account = ZoomAccount(
        settings.zoom_account_id,
        settings.zoom_client_id,
        settings.zoom_client_secret.get_secret_value(),
        settings.zoom_oauth_url,
        settings.zoom_api_url,
    )
    return ZoomMeetings(account, InDatabase())


def _bigbluebutton(settings: Settings) -> BigBlueButton:
    return BigBlueButton(
        settings.bbb_url,
        said(settings.bbb_secret),
        hashed=settings.bbb_checksum,
        public_url=settings.address,
    )


def _jitsi(settings: Settings) -> Jitsi:
    return Jitsi(
        settings.jitsi_url, settings.jitsi_app_id, said(settings.jitsi_secret), now=clock.now
    )


def _mail(settings: Settings) -> MailProvider:
    server = said(settings.smtp_url)
    return SmtpMail(server) if server else DemoMailbox(settings.mailbox_dir)
