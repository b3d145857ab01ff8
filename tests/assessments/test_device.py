"""The kind of device, and nothing finer."""

from __future__ import annotations

import pytest

from remote_training.assessments.device import kind_of
from remote_training.assessments.models import Device

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Mobile/15E148"
IPAD = "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605 Mobile/15E148"
PIXEL = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537 Chrome/140 Mobile Safari/537"
GALAXY_TAB = "Mozilla/5.0 (Linux; Android 13; SM-X200) AppleWebKit/537 Chrome/140 Safari/537"


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (IPHONE, Device.PHONE),
        (PIXEL, Device.PHONE),
        (IPAD, Device.TABLET),
        (GALAXY_TAB, Device.TABLET),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140", Device.COMPUTER),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Safari/605", Device.COMPUTER),
        ("Mozilla/5.0 (X11; Linux x86_64) Firefox/140", Device.COMPUTER),
        ("curl/8.0", Device.UNKNOWN),
        ("", Device.UNKNOWN),
    ],
)
def test_the_kind_of_device(user_agent, device):
    assert kind_of(user_agent) is device
