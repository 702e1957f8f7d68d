"""The licences of every installed package, against those that may stand in a program like this.

Allowed are families by their SPDX names: permissive ones, and MPL 2.0, which binds its own files
only.  A package says its licence as an SPDX expression, in words, or by a classifier.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions

ALLOWED = (
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CNRI-Python", "ISC", "MIT", "MIT-0",
    "MPL-2.0", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib",
)  # fmt: skip

WORDS = {
    "apache 2.0": "Apache-2.0",
    "apache license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "bsd 2-clause license": "BSD-2-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "psfl": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
}
"""What packages write instead of an SPDX name."""

OWN = "swf-business-process"


def licences(package: Distribution) -> list[str]:
    """The SPDX expressions that a package is under, any of which may be chosen; maybe none."""
    told = package.metadata
    expression = told.get("License-Expression")
    if expression:
        return [str(expression)]
    classifiers = told.get_all("Classifier") or []
    said = [line.rpartition("::")[2].strip() for line in classifiers if line.startswith("License")]
    said.append((told.get("License") or "").strip().partition("\n")[0].strip())
    known = [WORDS.get(word.lower(), word) for word in said]
    return [name for name in known if name in ALLOWED] or [name for name in known if name]


def is_allowed(expression: str) -> bool:
    """Whether a choice within an SPDX expression (`A OR B AND C`) has allowed licences only."""
    plain = expression.replace("(", " ").replace(")", " ")
    return any(
        all(name.strip() in ALLOWED for name in re.split(r"\bAND\b", choice))
        for choice in re.split(r"\bOR\b", plain)
    )


def complaints(packages: Iterable[Distribution]) -> Iterator[str]:
    """A line for each package whose licence is not among those allowed."""
    for package in packages:
        name = package.metadata["Name"]
        found = licences(package)
        if name != OWN and not any(map(is_allowed, found)):
            yield f"{name} {package.version}: {' / '.join(found) or 'no licence is named'}"


def main() -> int:
    """Print what is not allowed; gives the exit code."""
    packages = sorted(distributions(), key=lambda package: package.metadata["Name"].lower())
    found = list(complaints(packages))
    for line in found:
        print(line)
    if not found:
        print(f"{len(packages)} packages, each under one of: {', '.join(ALLOWED)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
