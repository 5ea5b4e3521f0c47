"""What Ray reads from the environment. It does so when it is imported, so this module does not import it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

# Inherited by a local cluster's workers; a runtime environment would do the same and cost seconds per worker.
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_ENABLE_AUTO_CONNECT": "0",  # a cluster that was lost must not be replaced by a new one without a word
    "RAY_USAGE_STATS_ENABLED": "0",
}


def prepare_environment(address: str) -> None:
    """Set what Ray needs to start here ('local') or to join the cluster at `address`. Call it before importing Ray."""
    os.environ |= _ENVIRONMENT
    if address == "local":
        _need_no_home()
    elif _has_token():
        # `ray start` asks for a token by default, but a driver that joins does not show one by default.
        os.environ.setdefault("RAY_AUTH_MODE", "token")


def _need_no_home() -> None:
    """Ray keeps the secret of a cluster in the home folder; where that cannot be written, the environment holds one."""
    try:
        (Path.home() / ".ray").mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def _has_token() -> bool:
    """Whether this user has a secret for Ray clusters: in the environment, or where Ray keeps it."""
    if os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH"):
        return True
    try:
        return (Path.home() / ".ray" / "auth_token").is_file()
    except (OSError, RuntimeError):
        return False
