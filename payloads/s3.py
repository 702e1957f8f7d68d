"""A store in a bucket of Amazon S3, for processes on many machines."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

from config import Settings, is_placeholder
from errors import PayloadError, PayloadStoreError
from payloads.stores import Stored, is_name, place

CONNECT_SECONDS = 5
READ_SECONDS = 30  # an object may be large
ATTEMPTS = 3

_ABSENT = frozenset({"NoSuchKey", "404", "NotFound"})
_DENIED = frozenset({"AccessDenied", "403", "Forbidden"})


class S3Store:
    """Objects `PREFIX/ab/cd/HASH` of a bucket.

    `make_client` gives the boto3 `s3` client, at first use: no network, and no boto3, before.
    The credentials need `s3:GetObject` and `s3:PutObject`; `gc` also `s3:ListBucket` and
    `s3:DeleteObject`.
    """

    def __init__(self, bucket: str, prefix: str, make_client: Callable[[], Any]) -> None:
        self.bucket = bucket
        self.prefix = prefix.strip("/")
        self._make_client = make_client
        self._made: Any = None
        self._lock = threading.Lock()

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def put(self, name: str, data: bytes) -> None:
        """Keep the bytes; written again where they are there already, which makes them new."""
        self._call("put_object", name, Body=data, ContentType="application/octet-stream")

    def get(self, name: str) -> bytes:
        """The bytes of a name."""
        found = self._call("get_object", name)
        try:
            data: bytes = found["Body"].read()
        except Exception as error:
            raise self._away("get_object", error) from error
        return data

    def list(self) -> Iterator[Stored]:
        """Every object below the prefix whose name is a hash."""
        below = f"{self.prefix}/" if self.prefix else ""
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=below
            )
            for page in pages:
                for item in page.get("Contents", ()):
                    name = item["Key"].rpartition("/")[2]
                    if item["Key"] == self._key(name) and is_name(name):
                        yield Stored(name, item["Size"], item["LastModified"].timestamp())
        except PayloadStoreError:
            raise
        except Exception as error:
            raise self._away("list_objects_v2", error) from error

    def delete(self, name: str, *, unless_since: float) -> bool:
        """Remove an object, unless it was put since.

        S3 cannot do both in one request; what was put again between the two, milliseconds
        apart, is lost.  So a removal is for what nothing has named for long.
        """
        try:
            found = self._call("head_object", name)
        except PayloadStoreError:
            raise
        except PayloadError:
            return False
        if found["LastModified"].timestamp() >= unless_since:
            return False
        self._call("delete_object", name)
        return True

    # --- S3 ------------------------------------------------------------------------------

    @property
    def _client(self) -> Any:
        with self._lock:
            if self._made is None:
                self._made = self._make_client()
            return self._made

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{place(name)}".lstrip("/")

    def _call(self, operation: str, name: str, **members: Any) -> Any:
        try:
            call = getattr(self._client, operation)
            return call(Bucket=self.bucket, Key=self._key(name), **members)
        except Exception as error:
            if _code(error) in _ABSENT:
                raise PayloadError(
                    f"the value {name} is not in {self}; it was deleted, or written to another "
                    "store: PAYLOAD_STORE must be the same in every process"
                ) from error
            raise self._away(operation, error) from error

    def _away(self, operation: str, error: Exception) -> PayloadStoreError:
        """What to do about a store that does not answer, or refuses."""
        code = _code(error)
        if code in _DENIED:
            advice = "allow s3:GetObject, s3:PutObject, s3:ListBucket and s3:DeleteObject on it"
        elif code == "NoSuchBucket":
            advice = "create the bucket, or set PAYLOAD_STORE to one that is there"
        else:
            advice = "look at the network, the credentials and the bucket's region, and try again"
        said = f"the payload store {self} is away: {operation}: {error}"
        return PayloadStoreError(f"{said}; {advice}")


def connect(settings: Settings) -> Any:
    """A boto3 `s3` client with the keys written in the settings file, or boto3's own chain."""
    import boto3  # noqa: PLC0415 - only this store needs it
    import botocore.session  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    core = botocore.session.get_session()
    written = {
        "aws_access_key_id": settings.aws_access_key_id,
        "aws_secret_access_key": settings.aws_secret_access_key,
        "aws_session_token": settings.aws_session_token,
    }
    keys = {name: value for name, value in written.items() if not is_placeholder(value)}
    if not keys and is_placeholder(os.environ.get("AWS_ACCESS_KEY_ID")):
        core.get_component("credential_provider").remove("env")  # it must not shadow the others
    session = boto3.Session(botocore_session=core, region_name=settings.aws_region, **keys)
    limits = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=32,
    )
    return session.client("s3", config=limits)


def _code(error: Exception) -> str:
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
