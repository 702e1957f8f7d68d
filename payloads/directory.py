"""A store in a folder: local, or one that several machines share."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from errors import PayloadError, PayloadStoreError
from payloads.stores import Stored, is_name, place

_COMING = ".new-"  # what a file is called, with something after its name, until it is whole
_LEAVING = ".old-"  # what a removal renames a file to before it looks at its age again
_FILE = re.compile(rf"(?:{re.escape(_LEAVING)})?(\w{{64}})|{re.escape(_COMING)}(\w{{64}})-\w+")


class DirectoryStore:
    """A folder of files named by their SHA-256.

    Files appear whole (write, sync, rename), are never changed, and two writers of the same
    bytes write the same file.  A writer that is killed leaves a part of one, a removal that is
    killed one under another name: the first goes with the value's removal, the second is read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __str__(self) -> str:
        return str(self.folder)

    def put(self, name: str, data: bytes) -> None:
        """Keep the bytes; on disk when this returns."""
        path = self._path(name)
        try:
            if not _renewed(path, len(data)):
                _write(path, data)
                _sync_folders(path.parent, self.folder)
        except OSError as error:
            raise PayloadStoreError(
                f"a value of {len(data)} bytes cannot be written under {self.folder} ({error}); "
                "make room, or set PAYLOAD_STORE to a folder that can be written"
            ) from error

    def get(self, name: str) -> bytes:
        """The bytes of a name."""
        path = self._path(name)
        try:
            with suppress(FileNotFoundError):
                return path.read_bytes()
            return path.with_name(_LEAVING + name).read_bytes()
        except FileNotFoundError as error:
            raise self._missing(name) from error
        except OSError as error:
            raise PayloadStoreError(
                f"the value {name} under {self.folder} cannot be read ({error}); mend the folder "
                "or its permissions"
            ) from error

    def list(self) -> Iterator[Stored]:
        """Every name that has a file, or what was left of one; an absent folder is empty."""
        seen = set()
        try:
            for path in self.folder.glob("??/??/*"):
                name = _name_of(path.name)
                if name and name not in seen:
                    seen.add(name)
                    yield from _listed(name, path)
        except OSError as error:
            raise PayloadStoreError(f"{self.folder} cannot be listed ({error})") from error

    def delete(self, name: str, *, unless_since: float) -> bool:
        """Remove a file, unless it was put since.

        It is renamed first: a writer that finds it under its own name has made it new before
        the look at its age, and one that does not writes it again.
        """
        path = self._path(name)
        leaving = path.with_name(_LEAVING + name)
        removed = False
        try:
            with suppress(FileNotFoundError):  # then an earlier removal was killed, or a writer
                path.replace(leaving)
            with suppress(FileNotFoundError):
                if leaving.stat().st_mtime >= unless_since:
                    leaving.replace(path)
                    return False
            for left in (leaving, *path.parent.glob(f"{_COMING}{name}-*")):
                with suppress(FileNotFoundError):
                    if left.stat().st_mtime < unless_since:
                        left.unlink()
                        removed = True
        except OSError as error:
            raise PayloadStoreError(f"{path} cannot be removed ({error})") from error
        return removed

    def _path(self, name: str) -> Path:
        return self.folder / place(name)

    def _missing(self, name: str) -> PayloadError:
        if not self.folder.is_dir():
            return PayloadStoreError(
                f"the folder {self.folder}, which has the value {name}, is not there; mount it, "
                "or set PAYLOAD_STORE to the folder that all processes share"
            )
        return PayloadError(
            f"the value {name} is not under {self.folder}; it was deleted, or written on "
            "another machine: set PAYLOAD_STORE to a folder that all processes share"
        )


def _name_of(file: str) -> str:
    """The name of the value that a file is, or was to be; empty for what is not ours."""
    found = _FILE.fullmatch(file)
    return next(filter(is_name, found.groups("")), "") if found else ""


def _listed(name: str, path: Path) -> Iterator[Stored]:
    try:
        found = path.stat()
    except FileNotFoundError:  # removed meanwhile
        return
    yield Stored(name, found.st_size, found.st_mtime)


def _renewed(path: Path, size: int) -> bool:
    """Whether the file is there, whole; then it counts as put now, for whoever clears up."""
    try:
        if path.stat().st_size != size:
            return False
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _write(path: Path, data: bytes) -> None:
    """Put the file there whole or not at all, whatever happens meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f"{_COMING}{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _sync_folders(lowest: Path, root: Path) -> None:
    """Make new names durable, from the file's folder up to the one that holds the store."""
    if os.name == "nt":  # Windows syncs names with the file and cannot open folders
        return
    for folder in (lowest, lowest.parent, root, root.parent):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
