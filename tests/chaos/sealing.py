"""Whether anything that is to be sealed lies open: in SWF's file, the payload store, the logs.

Inputs, results and errors of the chaos hold a word that nothing else has.  A word that is
allowed to be read shows that the search finds what is there.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from payloads import codec
from tests.chaos import damage

KEY_IDS = ("k1", "k2")
OLD = "k1:" + base64.b64encode(bytes(range(32))).decode()
NEW = "k2:" + base64.b64encode(bytes(range(32, 64))).decode()

UNSPOKEN = "unspoken"
"""In whatever is business data."""
OPEN = b"chaos-1"
"""A workflow id."""
BUSINESS = ("business.sqlite3", "outbox.jsonl")
"""What activities write themselves is not sealed."""
DATABASE = "swf.sqlite"


@dataclass(frozen=True)
class Exposed:
    """What a search brought."""

    problems: list[str]
    sealed: Counter[str]
    """How often each key's id is named in SWF's file."""


def searched(folder: Path) -> Exposed:
    """Look through every file of a chaos."""
    problems: list[str] = []
    sealed: Counter[str] = Counter()
    seen = False
    for path in _files(folder):
        content = path.read_bytes()
        name = str(path.relative_to(folder))
        if found := content.count(UNSPOKEN.encode()):
            problems.append(f"{name} has business data {found} times")
        if path.name.startswith(DATABASE):
            seen = seen or OPEN in content
            for key in KEY_IDS:
                sealed[f"texts under {key}"] += content.count(_named(key))
        if damage.THERE in path.parts and content and not _is_sealed(content):
            problems.append(f"the stored value {name} is not sealed")
    if not seen:
        problems.append(f"the search is blind: it does not find {OPEN.decode()} in {DATABASE}")
    return Exposed(problems, sealed)


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and not path.name.startswith(BUSINESS):
            yield path


def _named(key: str) -> bytes:
    """The key's id as it stands in an event, which is JSON with a text of JSON in it."""
    return f'{{\\"_process_enc\\":{{\\"k\\":\\"{key}\\"'.encode()


def _is_sealed(content: bytes) -> bool:
    return content[:1] == codec.MAGIC and bool(content[2] & codec.ENCRYPTED)
