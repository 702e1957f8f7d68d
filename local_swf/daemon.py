"""The endpoint of a data folder: found if it runs, started if it does not, once.

Standard library only and light to import, for every client of the folder does. The folder
holds `swf.sqlite` (the database), `endpoint.json` (where the endpoint listens),
`endpoint.log`, and two lock files: one serialises starting, the other is held by the
endpoint for as long as it lives, so that neither a used pid nor a used port can pass for it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple
from urllib.parse import urlsplit

PROTOCOL = 1
"""Version of the state file and of the control calls that clients make."""

_START_SECONDS = 30.0
_STOP_SECONDS = 15.0
_STATE = "endpoint.json"


class DaemonError(RuntimeError):
    """The endpoint of a folder cannot be started or stopped; the message says why."""


class Endpoint(NamedTuple):
    """A running endpoint."""

    url: str
    pid: int
    started: bool
    """This call has started it."""


def ensure(folder: Path, *, idle_seconds: float = 60) -> Endpoint:
    """The running endpoint of a data folder, started if there is none.

    However many processes ask at once, one is started. It leaves `idle_seconds` after its
    last client. DaemonError when it cannot be started.
    """
    folder = Path(folder).absolute()
    if (found := status(folder)) is not None:
        return found
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / "start.lock"):
            return status(folder) or _start(folder, idle_seconds)
    except OSError as error:
        raise DaemonError(f"cannot use the folder {folder}: {error}") from error


def status(folder: Path) -> Endpoint | None:
    """The running endpoint of a data folder, None if there is none."""
    state = _read_state(Path(folder))
    if state is None:
        return None
    health = _ask(state["port"], "GET", "health")
    if health is None or health.get("instance") != state["instance"]:
        return None
    if health.get("protocol") != PROTOCOL:
        return None
    return Endpoint(state["url"], state["pid"], started=False)


def ask(url: str, name: str) -> dict[str, Any] | None:
    """What an endpoint tells of itself at `GET /_local/NAME`.

    None where nobody answers, or it is no endpoint of ours.
    """
    where = urlsplit(url)
    return _ask(where.port or 80, "GET", name, where.hostname or "127.0.0.1")


def stop(folder: Path) -> bool:
    """End the endpoint of a data folder and wait until it is gone; False if none ran."""
    folder = Path(folder).absolute()
    if not _is_running(folder):
        return False
    state = _read_state(folder)
    if status(folder) is not None and state is not None:
        _ask(state["port"], "POST", "stop")
        if _wait(lambda: not _is_running(folder), _STOP_SECONDS):
            return True
    return _kill(folder)


def hold_running_lock(state: Path) -> FileLock:
    """Taken by an endpoint for its life; DaemonError when another endpoint has it."""
    lock = FileLock(state.parent / "running.lock")
    if not _wait(lock.acquire, 5.0):
        raise DaemonError(f"an endpoint for {state.parent} is running already")
    return lock


def write_state(state: Path, url: str, port: int, instance: str) -> None:
    """Say where the endpoint listens; readers see the old file or the new one, whole."""
    content = {
        "instance": instance,
        "pid": os.getpid(),
        "port": port,
        "protocol": PROTOCOL,
        "url": url,
    }
    draft = state.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(content), encoding="utf-8")
    draft.replace(state)


class FileLock:
    """A lock on a file; the system lets go of it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def acquire(self) -> bool:
        """Take the lock; False when somebody else holds it."""
        file = self._path.open("ab")
        try:
            _lock_file(file)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Let go of the lock."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _lock_file(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = FileLock(path)
    if not _wait(lock.acquire, _START_SECONDS + 10):
        raise DaemonError(f"another process has been starting the endpoint for too long: {path}")
    try:
        yield
    finally:
        lock.release()


def _start(folder: Path, idle_seconds: float) -> Endpoint:
    if (busy := _busy_endpoint(folder)) is not None:
        return busy
    before = _read_state(folder)
    process = _spawn(folder, before["port"] if before else 0, idle_seconds)
    found: list[Endpoint] = []

    def is_up() -> bool:
        if (endpoint := status(folder)) is not None:
            found.append(endpoint)
        return bool(found) or process.poll() is not None

    _wait(is_up, _START_SECONDS)
    if not found:
        raise DaemonError(f"the local SWF did not start: {_last_line(folder)}")
    _let_go(process)
    return found[0]._replace(started=True)


def _busy_endpoint(folder: Path) -> Endpoint | None:
    """An endpoint that lives but did not answer at once, given time to answer or to end."""
    found: list[Endpoint] = []

    def is_clear() -> bool:
        if (endpoint := status(folder)) is not None:
            found.append(endpoint)
        return bool(found) or not _is_running(folder)

    _wait(is_clear, _STOP_SECONDS)
    return found[0] if found else None


def _let_go(process: Any) -> None:
    """The endpoint outlives this process; if it does not, it is reaped here."""
    import threading

    process.returncode = 0  # nobody here waits for it, and nobody is to be warned
    if sys.platform != "win32":
        threading.Thread(target=_reap, args=(process.pid,), daemon=True).start()


def _reap(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.waitpid(pid, 0)


def _spawn(folder: Path, port: int, idle_seconds: float) -> Any:
    import subprocess

    package_parent = str(Path(__file__).absolute().parent.parent)
    paths = [package_parent, os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONSAFEPATH": "1",
    }
    command = [sys.executable, "-m", "local_swf", "--port", str(port)]
    command += ["--database", str(folder / "swf.sqlite"), "--state", str(folder / _STATE)]
    command += ["--idle-seconds", str(idle_seconds)]
    detached: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        detached = {"creationflags": 0x00000008 | 0x00000200}  # detached, group of its own
    with (folder / "endpoint.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            **detached,
        )


def _last_line(folder: Path) -> str:
    try:
        lines = (folder / "endpoint.log").read_text("utf-8", "replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else f"no word in {folder / 'endpoint.log'}"


def _read_state(folder: Path) -> dict[str, Any] | None:
    try:
        state = json.loads((folder / _STATE).read_text("utf-8"))
        if {"instance", "pid", "port", "url"} <= state.keys():
            return dict(state)
    except (OSError, ValueError, AttributeError):
        pass
    return None


def _is_running(folder: Path) -> bool:
    """Whether an endpoint lives: it holds its lock."""
    path = folder / "running.lock"
    if not path.exists():
        return False
    lock = FileLock(path)
    free = lock.acquire()
    lock.release()
    return not free


def _kill(folder: Path) -> bool:
    """End an endpoint that does not answer; its lock says that it lives."""
    state = _read_state(folder)
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        if state is not None:
            with contextlib.suppress(OSError):
                os.kill(state["pid"], number)
        if _wait(lambda: not _is_running(folder), 3.0):
            return True
    raise DaemonError(f"the local SWF of {folder} does not end; see {folder / 'endpoint.log'}")


def _wait(condition: Any, seconds: float) -> bool:
    """Try a condition until it holds, from every 5 ms to every 100 ms."""
    deadline, pause = time.monotonic() + seconds, 0.005
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    return True


def _ask(port: int, method: str, name: str, host: str = "127.0.0.1") -> dict[str, Any] | None:
    """A control call; None when nobody fit to answer listens there."""
    request = (
        f"{method} /_local/{name} HTTP/1.1\r\nHost: {host}\r\nX-Local-SWF: 1\r\n"
        "Content-Length: 0\r\nConnection: close\r\n\r\n"
    )
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            connection.sendall(request.encode("ascii"))
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
        head, _, body = b"".join(parts).partition(b"\r\n\r\n")
        answer = json.loads(body) if head.split(b" ")[1] == b"200" else None
    except (OSError, ValueError, IndexError, OverflowError, TypeError):
        return None
    return answer if isinstance(answer, dict) else None
