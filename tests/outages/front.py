"""A way to an engine that fails as it is told: it is away, it is deaf, it spoils answers.

Requests go through to the engine behind it, and what comes back is spoilt on the way: so the
work was done, and who asked does not know.  Over TLS it is reached by boto3's own transport.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import json
import selectors
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAME = "engine.invalid"
"""A name that no resolver knows; the certificate has it."""
JSON = "application/x-amz-json-1.0"


@dataclass(frozen=True)
class Asked:
    """One request."""

    operation: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw.partition(b"\r\n\r\n")[2] or b"{}")
        return found


Refusal = Callable[[Asked], "bytes | None"]
"""The answer to a request that the engine never sees; None to let it through."""

Spoiler = Callable[[bytes], bytes]
"""What is sent instead of the engine's body: a whole answer, or a broken one."""


# --- answers -----------------------------------------------------------------------------


def answer(body: bytes, status: int = 200, length: int | None = None, kind: str = JSON) -> bytes:
    """An answer in HTTP; with `length` a wrong one is claimed."""
    size = len(body) if length is None else length
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body


def fault(code: str, message: str = "", status: int = 400) -> bytes:
    """A fault as AWS answers it."""
    body = {"__type": f"com.amazon.coral.service#{code}", "message": message}
    return answer(json.dumps(body).encode(), status)


PAGE = b"<html>\n<body>\n" + b"<p>Sign in to the guest network</p>\n" * 200 + b"</body>\n</html>"

SPOILERS: dict[str, Spoiler] = {
    "closed before the answer": lambda _: b"",
    "closed within the body": lambda body: answer(body[: len(body) // 2], length=len(body) or 9),
    "half a JSON": lambda body: answer(body[: len(body) // 2] or b"{"),
    "an empty body": lambda _: answer(b""),
    "a page instead of JSON": lambda _: answer(PAGE, kind="text/html"),
    "a length that is too short": lambda body: answer(body or b"{}", length=1),
    "a page of a gateway": lambda _: answer(PAGE, 502, kind="text/html"),
    "a redirect to a page": lambda _: answer(PAGE, 302, kind="text/html"),
    "a refusal by a proxy": lambda _: answer(PAGE, 403, kind="text/html"),
}
"""Ways in which an answer does not arrive whole."""


# --- the front ---------------------------------------------------------------------------


@dataclass
class Spoilt:
    """Answers that are spoilt."""

    operation: str
    spoil: Spoiler
    count: int | None


@dataclass(eq=False)
class Front:
    """Listens before an engine, from the start until `close`."""

    target: str
    """The engine's URL."""
    certificate: Path | None = None
    """A file with certificate and key: then it is reached over TLS."""
    refusal: Refusal | None = None
    deaf: bool = False
    """Connections are taken, and nothing is ever answered."""
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._spoilt: list[Spoilt] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._forwarding = 0
        self._port = 0
        self._tls = None
        if self.certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(self.certificate)
        self.up()

    @property
    def url(self) -> str:
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self._port}"

    @property
    def operations(self) -> list[str]:
        return [asked.operation for asked in self.asked]

    def up(self) -> None:
        """Listen, on the same port as before, unless it does."""
        if self._listener is not None:
            return
        self._listener = socket.create_server(("127.0.0.1", self._port), backlog=64)
        self._port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def down(self) -> None:
        """Listen no more, and cut what is open."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            listener.close()
        self.cut()

    close = down

    def cut(self) -> None:
        """Cut the connections that are open."""
        with self._lock:
            cut, self._open = self._open, set()
        for connection in cut:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @property
    def is_quiet(self) -> bool:
        """Whether the engine has nothing of ours to answer: no poll, say, of a cut connection."""
        with self._lock:
            return self._forwarding == 0

    def spoil(self, operation: str, spoil: Spoiler, count: int | None = 1) -> None:
        """Spoil the next answers to an operation, or to any (`*`); all of them without `count`."""
        with self._lock:
            self._spoilt.append(Spoilt(operation, spoil, count))

    def mend(self) -> None:
        """Listen, spoil and refuse nothing more."""
        self.up()
        with self._lock:
            self._spoilt.clear()
        self.refusal, self.deaf = None, False

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)
        try:
            with contextlib.suppress(OSError), self._secured(connection) as stream:
                while (asked := _read(stream)) is not None and self._answered(stream, asked):
                    pass
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _secured(self, connection: socket.socket) -> socket.socket:
        if self._tls is None:
            return connection
        secured = self._tls.wrap_socket(connection, server_side=True)
        with self._lock:  # the plain socket is detached now
            self._open.discard(connection)
            self._open.add(secured)
        return secured

    def _answered(self, stream: socket.socket, asked: Asked) -> bool:
        """Answer one request; whether the connection stays."""
        self.asked.append(asked)
        if self.deaf:
            while stream.recv(65536):  # until who asked hangs up
                pass
            return False
        with self._lock:
            refused = self.refusal(asked) if self.refusal is not None else None
            self._forwarding += refused is None
        if refused is not None:
            stream.sendall(refused)
            return False
        try:
            got = self._forwarded(stream, asked)
        finally:
            with self._lock:
                self._forwarding -= 1
        if got is None:
            return False
        spoil = self._spoiler(asked.operation)
        stream.sendall(got if spoil is None else spoil(got.partition(b"\r\n\r\n")[2]))
        return spoil is None

    def _spoiler(self, operation: str) -> Spoiler | None:
        with self._lock:
            for spoilt in self._spoilt:
                if spoilt.operation in ("*", operation) and spoilt.count != 0:
                    spoilt.count = None if spoilt.count is None else spoilt.count - 1
                    return spoilt.spoil
        return None

    def _forwarded(self, stream: socket.socket, asked: Asked) -> bytes | None:
        """The engine's answer, as it came; None where who asked went away meanwhile."""
        parts = urlsplit(self.target)
        with socket.create_connection((parts.hostname, parts.port or 80), 10) as engine:
            engine.sendall(asked.raw)
            engine.settimeout(90)
            while engine not in _readable(engine, stream):
                if not stream.recv(1):
                    return None
            return _whole(engine)


def _readable(*sockets: socket.socket) -> list[Any]:
    """Those of which there is something to read, once there is."""
    with selectors.DefaultSelector() as selector:
        for one in sockets:
            selector.register(one, selectors.EVENT_READ)
        return [key.fileobj for key, _ in selector.select()]


def _read(stream: socket.socket) -> Asked | None:
    raw = _whole(stream)
    if raw is None:
        return None
    lines = raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    return Asked(headers.get("x-amz-target", ".").split(".")[-1], headers, raw)


def _whole(stream: socket.socket) -> bytes | None:
    """One message with its body; None at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = stream.recv(65536)
        if not part:
            return None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        length = int(value) if name.lower() == "content-length" else length
    while len(body) < length:
        part = stream.recv(65536)
        if not part:
            return None
        body += part
    return head + b"\r\n\r\n" + body


def make_certificate(folder: Path) -> Path:
    """A certificate for this machine with its key, in one file; it is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.timezone.utc)
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName(NAME)]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
