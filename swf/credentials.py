"""Where the credentials of a client come from, and how they stay fresh.

Keys that are written for us, in the settings file or the environment, are read once.  All others
come by boto3's own chain: those of roles, SSO and processes refresh themselves; a session that was
refused is made anew (`swf.connection`), which reads the files of AWS's tools again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import boto3
import botocore.session
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import CredentialRetrievalError
from botocore.loaders import create_loader

from config import Settings, is_placeholder
from errors import CredentialsError
from swf.faults import BOTO_ERRORS, NO_CREDENTIALS

GET_CREDENTIALS = (
    "write AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in .env, set AWS_PROFILE or use an "
    "IAM role; without an AWS account set SWF_ENDPOINT=local"
)

# What keeps botocore from looking at AWS's own files: an engine near by needs nothing of them,
# and a profile that is named but missing would be an error.
_NO_FILES = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


def session(settings: Settings, *, nearby: bool) -> boto3.Session:
    """A boto3 session whose credentials are those written for us, or boto3's own chain."""
    if nearby:
        keys = _keys(settings) or _environment_keys() or _MADE_UP_KEYS
        core = _core(botocore.session.Session(session_vars=_NO_FILES))
        return boto3.Session(botocore_session=core, region_name=settings.aws_region, **keys)
    keys = _keys(settings)
    core = _core(botocore.session.get_session())
    if not keys and not _environment_keys():
        # Keys in the environment that are empty or an example's must not shadow the others.
        core.get_component("credential_provider").remove("env")
    made = boto3.Session(botocore_session=core, region_name=settings.aws_region, **keys)
    _check_credentials(made, settings)
    return made


def are_fixed(settings: Settings) -> bool:
    """Whether they are written for us: others than those need a restart."""
    return bool(_keys(settings) or _environment_keys())


def refreshing(made: boto3.Session) -> Callable[..., None]:
    """A handler of `before-call`: refreshes what is due, and fails as boto3 does where it cannot.

    Otherwise that happens when a request is signed, and what a process or a server got wrong
    comes out as a `ValueError`, `RuntimeError` or `OSError` of somewhere in botocore.
    """
    found: Any = made.get_credentials()

    def refresh(**_: Any) -> None:
        try:
            found.get_frozen_credentials()
        except BOTO_ERRORS:
            raise
        except Exception as error:
            raise _not_got(found.method, error) from error

    return refresh


def _not_got(method: str, error: Exception) -> CredentialRetrievalError:
    return CredentialRetrievalError(provider=method, error_msg=f"{type(error).__name__}: {error}")


# Parsed service models are kept here: reading them is most of what a further client costs.
_LOADER = create_loader()


def _core(made: Any) -> Any:
    made.register_component("data_loader", _LOADER)
    return made


# boto3 would search for some at the instance metadata service, seconds long where there is none.
_MADE_UP_KEYS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}


def _keys(settings: Settings) -> dict[str, str]:
    """Keys to hand over outright: those of the settings file."""
    written = {
        "aws_access_key_id": settings.aws_access_key_id,
        "aws_secret_access_key": settings.aws_secret_access_key,
        "aws_session_token": settings.aws_session_token,
    }
    return {name: value for name, value in written.items() if not is_placeholder(value)}


def _environment_keys() -> dict[str, str]:
    """The environment's keys, where both are real."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    found = {name.lower(): os.environ.get(name, "") for name in names}
    real = {name: value for name, value in found.items() if not is_placeholder(value)}
    return real if {"aws_access_key_id", "aws_secret_access_key"} <= real.keys() else {}


def _check_credentials(made: boto3.Session, settings: Settings) -> None:
    try:
        found = made.get_credentials()
    except (*NO_CREDENTIALS, OSError, ValueError) as error:  # the last two of a process
        raise CredentialsError(
            f"no AWS credentials for {settings.engine} ({error}): {GET_CREDENTIALS}"
        ) from error
    # Asked for their key, those that refresh themselves would do that, over the network.
    fixed = found is not None and not isinstance(found, RefreshableCredentials)
    if found is None or (fixed and is_placeholder(found.access_key)):
        raise CredentialsError(f"no AWS credentials for {settings.engine}: {GET_CREDENTIALS}")
