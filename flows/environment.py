"""Defaults of Prefect's settings, for every flow and script here. Import this module before Prefect."""

from __future__ import annotations

import os

DEFAULTS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",  # the default of 20 is too short on a busy machine
}

for name, value in DEFAULTS.items():
    os.environ.setdefault(name, value)
