"""The entry for a WSGI server: `gunicorn wsgi:app`."""

from __future__ import annotations

import gc
import sys

from gunicorn.http.errors import NoMoreData, ParseException
from whitenoise import WhiteNoise

from remote_training.app import ROOT
from remote_training.core.settings import WrongSetting
from remote_training.operations import edge, refusals
from remote_training.start import real_app

try:
    app = real_app()
except WrongSetting as refused:
    sys.stderr.write(f"{refused}\n")
    sys.exit(4)  # to gunicorn: what cannot be loaded is not tried again


# what the server finds wrong in a body while a view reads it
for broken in (ParseException, NoMoreData):
    app.register_error_handler(broken, refusals.unreadable)


files = WhiteNoise(app.wsgi_app, root=str(ROOT / "static"), prefix="static/", max_age=3600)
app.wsgi_app = edge.with_policy(files)  # type: ignore[method-assign]

# what is there now stays: no collection during a request walks through it again, and processes
# that are forked from here (`gunicorn --preload`) share it. No connection is open yet
gc.collect()
gc.freeze()
