"""Writes the locks: every package that running needs, with hashes, for every system.

`requirements.lock` is of requirements.txt, `requirements-telemetry.lock` of that and of
requirements-telemetry.txt, with the same versions.  uv resolves for Linux, macOS and Windows and
Python 3.10 to 3.13 at once; pip installs either with `--require-hashes`.  What is locked already
stays as it is, unless the requirements ask for more.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE, LOCK = ROOT / "requirements.txt", ROOT / "requirements.lock"
TELEMETRY, TELEMETRY_LOCK = (
    ROOT / "requirements-telemetry.txt",
    ROOT / "requirements-telemetry.lock",
)
LOCKS = {LOCK: (SOURCE,), TELEMETRY_LOCK: (SOURCE, TELEMETRY)}
OLDEST = "3.10"
HEAD = """\
# Written by `python -m tests.supply.lock` from {sources}; do not edit.
# pip install --require-hashes -r {lock}
"""
PLACE = re.compile(
    r"^\s*(?:-i|--index-url|--extra-index-url|-f|--find-links|--trusted-host)\b.*\n", re.MULTILINE
)


def main() -> int:
    """Write the files; gives uv's exit code, or the first that is not 0."""
    return next(filter(None, (written(lock, *sources) for lock, sources in LOCKS.items())), 0)


def written(lock: Path, *sources: Path) -> int:
    """Write one of them; gives uv's exit code."""
    names = [source.name for source in sources]
    same = [] if lock == LOCK else ["--constraint", LOCK.name]
    command = [
        *(sys.executable, "-m", "uv", "pip", "compile", *names, *same, "--universal"),
        *("--python-version", OLDEST, "--generate-hashes", "--no-header", "--quiet"),
        *("--no-emit-index-url", "--no-emit-find-links", "--output-file", lock.name),
    ]
    code = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode
    if code == 0:
        head = HEAD.format(sources=" and ".join(names), lock=lock.name)
        lines = lock.read_text(encoding="utf-8").splitlines(keepends=True)
        body = "".join(line for line in lines if line not in head)
        lock.write_text(head + PLACE.sub("", body), encoding="utf-8", newline="\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
