"""Writes `requirements.lock`: every package that running needs, with hashes, for every system.

uv resolves for Linux, macOS and Windows and Python 3.10 to 3.13 at once; pip installs it with
`--require-hashes`.  What is locked already stays as it is, unless requirements.txt asks for more.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE, LOCK = ROOT / "requirements.txt", ROOT / "requirements.lock"
OLDEST = "3.10"
HEAD = """\
# Written by `python -m tests.supply.lock` from requirements.txt; do not edit.
# pip install --require-hashes -r requirements.lock
"""
PLACE = re.compile(
    r"^\s*(?:-i|--index-url|--extra-index-url|-f|--find-links|--trusted-host)\b.*\n", re.MULTILINE
)


def main() -> int:
    """Write the file; gives uv's exit code."""
    command = [
        *(sys.executable, "-m", "uv", "pip", "compile", SOURCE.name, "--universal"),
        *("--python-version", OLDEST, "--generate-hashes", "--no-header", "--quiet"),
        *("--no-emit-index-url", "--no-emit-find-links", "--output-file", LOCK.name),
    ]
    code = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode
    if code == 0:
        text = LOCK.read_text(encoding="utf-8")
        body = "".join(line for line in text.splitlines(True) if line not in HEAD)
        LOCK.write_text(HEAD + PLACE.sub("", body), encoding="utf-8", newline="\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
