"""Says in one line what to install, where a script is run by a Python that lacks packages.

Every script imports this first, and only when it is run as a program.  Standard library only.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent
CODE = 2  # something to mend

NEEDED = (
    "boto3",
    "botocore",
    "cryptography",
    "dotenv",
    "filelock",
    "httptools",
    "opentelemetry",
    "re2",
    "rich",
    "sqlalchemy",
    "structlog",
    "tenacity",
    "yaml",
)
"""What our modules import of requirements.txt, but for the page and the tests."""

PAGE = ("anyio", "jinja2", "multipart", "sse_starlette", "starlette", "uvicorn")
"""What the page imports besides."""

NAMED = 3  # packages that are named; a bare Python lacks them all


def check(*further: str) -> None:
    """End the process with one line if a package is missing."""
    missing = [name for name in (*NEEDED, *further) if importlib.util.find_spec(name) is None]
    if missing:
        sys.stderr.write(f"{_program()}{sentence(missing)}\n")
        raise SystemExit(CODE)


def sentence(missing: list[str]) -> str:
    """What is missing and how to get it."""
    more = len(missing) - NAMED
    named = ", ".join(missing[:NAMED]) + (f" and {more} more" if more > 0 else "")
    file = os.path.relpath(HOME / "requirements.txt")
    words = [f"{named} {'is' if len(missing) == 1 else 'are'} missing in {sys.executable}"]
    words.append(f"run: pip install -r {file if ' ' not in file else repr(file)}")
    return "; ".join([*words, "./run.sh does that by itself"])


def _program() -> str:
    script = Path(sys.argv[0])
    name = script.parent.name if script.name == "__main__.py" else script.name
    return "" if name.startswith("-") else f"{name}: "
