"""Who is asking: SigV4 signatures checked against configured keys."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from local_swf import errors
from local_swf.connections import Request

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>(?P<date>\d{8})/[^/]+/swf/aws4_request),"
    r"\s*SignedHeaders=(?P<headers>[^,]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/(?P<region>[a-z0-9-]{1,64})/swf/")
_SKEW = timedelta(minutes=5)
_NEEDED = {"host", "x-amz-date"}


def region_of(request: Request) -> str | None:
    """The region that a request was signed for, None when it was not signed."""
    found = _SCOPE.search(_header(request, "authorization"))
    return found["region"] if found else None


class Verifier:
    """Checks requests against secret keys, given by access key."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._keys = dict(keys)

    def check(self, request: Request) -> None:
        """Raise SWF's fault for a request that no known key has signed."""
        header = _header(request, "authorization")
        if not header:
            raise errors.access(
                "MissingAuthenticationTokenException", "Request is missing Authentication Token"
            )
        found = _AUTHORIZATION.fullmatch(header.strip())
        signed = found["headers"].split(";") if found else []
        if found is None or not set(signed) >= _NEEDED:
            raise errors.access("IncompleteSignatureException", "Authorization header is malformed")
        secret = self._keys.get(found["key"])
        if secret is None:
            raise errors.access(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            )
        stamp = _header(request, "x-amz-date")
        _check_age(stamp, found["date"])
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{found['scope']}\n{_canonical(request, signed)}"
        expected = _sign(secret, found["scope"], text)
        if not hmac.compare_digest(expected, found["signature"]):
            raise errors.access(
                "InvalidSignatureException",
                "The request signature we calculated does not match the signature you provided.",
            )


def _check_age(stamp: str, date: str) -> None:
    try:
        when = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise errors.access("IncompleteSignatureException", "X-Amz-Date is malformed") from None
    if abs(datetime.now(timezone.utc) - when) > _SKEW or not stamp.startswith(date):
        raise errors.access("InvalidSignatureException", "Signature expired")


def _canonical(request: Request, signed: list[str]) -> str:
    """The hash of the canonical request; SWF is always asked at `POST /`."""
    path, _, query = request.target.decode("latin-1").partition("?")
    lines = [request.method.decode(), path or "/", query]
    lines += [f"{name}:{' '.join(_header(request, name).split())}" for name in signed]
    lines += ["", ";".join(signed), hashlib.sha256(request.body).hexdigest()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _header(request: Request, name: str) -> str:
    return request.headers.get(name.lower().encode(), b"").decode("latin-1")


def _sign(secret: str, scope: str, text: str) -> str:
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest()
