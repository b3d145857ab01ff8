"""What kind of device somebody answers on, read coarsely from what her browser says."""

from __future__ import annotations

from remote_training.assessments.models import Device

TABLETS = ("ipad", "tablet", "kindle", "silk/", "playbook")
PHONES = ("iphone", "ipod", "windows phone", "mobile", "opera mini")
COMPUTERS = ("windows nt", "macintosh", "x11", "linux", "cros ")


def kind_of(user_agent: str) -> Device:
    """The kind of device; the text itself is kept nowhere.

    An Android that does not say "Mobile" is a tablet. A newer iPad says that it is a
    Macintosh, and is counted as a computer.
    """
    said = user_agent.lower()
    is_android_tablet = "android" in said and "mobile" not in said
    if is_android_tablet or any(word in said for word in TABLETS):
        return Device.TABLET
    if any(word in said for word in PHONES):
        return Device.PHONE
    if any(word in said for word in COMPUTERS):
        return Device.COMPUTER
    return Device.UNKNOWN
