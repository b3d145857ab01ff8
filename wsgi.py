"""The entry for a WSGI server: `gunicorn wsgi:app`."""

from __future__ import annotations

import gc

from whitenoise import WhiteNoise

from remote_training.app import ROOT
from remote_training.start import real_app

app = real_app()
app.wsgi_app = WhiteNoise(app.wsgi_app, root=str(ROOT / "static"), prefix="static/", max_age=3600)  # type: ignore[method-assign]

gc.collect()
gc.freeze()  # what is there now stays: no collection during a request walks through it again
