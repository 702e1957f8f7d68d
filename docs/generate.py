"""Writes the parts of the documents that code knows.

    python -m docs.generate             # writes them
    python -m docs.generate --check     # exit code 1 where one is not as the code has it

A part stands between `<!-- generated: NAME -->` and `<!-- end -->`; what is around it is
written by hand.  A test holds that file and code agree.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import config
from arguments import Parser
from config import Settings
from docs import costs, diagrams, reference

FOLDER = Path(__file__).resolve().parent
PART = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

DOCUMENTS: Mapping[str, Mapping[str, Callable[[Settings], str]]] = {
    "COSTS.md": costs.PARTS,
    "DIAGRAMS.md": diagrams.PARTS,
    "REFERENCE.md": reference.PARTS,
}
"""The documents that have generated parts."""


def generated(name: str) -> str:
    """A document as it has to be: its own words, and the parts as the code has them now."""
    parts = DOCUMENTS[name]
    text = (FOLDER / name).read_text(encoding="utf-8")
    missing = parts.keys() - {found[1] for found in PART.findall(text)}
    if missing:
        raise ValueError(f"{name} has no place for {', '.join(sorted(missing))}")
    with _defaults() as settings:
        return PART.sub(
            lambda found: f"{found[1]}\n{parts[found[2]](settings)}\n\n{found[3]}", text
        )


@contextmanager
def _defaults() -> Iterator[Settings]:
    """The settings of a process without any: documents are the same on every machine."""
    before = config.settings()
    metadata = {item.name: item.metadata for item in fields(Settings)}
    plain = {name: about["parse"](about["default"]) for name, about in metadata.items()}
    try:
        yield config.use(Settings(**plain))
    finally:
        config.use(before)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check every document; gives the exit code."""
    parser = Parser(
        prog="python -m docs.generate",
        description="Write the parts of the documents that code knows.",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; 1 where one differs")
    options = parser.parse_args(arguments)
    differ = 0
    for name in DOCUMENTS:
        path, text = FOLDER / name, generated(name)
        if path.read_text(encoding="utf-8") == text:
            continue
        differ = 1
        print(f"{name} differs" if options.check else f"{name} written")
        if not options.check:
            path.write_text(text, encoding="utf-8", newline="\n")
    return differ if options.check else 0


if __name__ == "__main__":
    sys.exit(main())
