"""A line on standard error that counts, for people who wait longer than two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from cli.output import Output

PATIENCE_SECONDS = 2.0


@contextmanager
def counting(what: str, output: Output) -> Iterator[Callable[[int], object]]:
    """Gives what is told how far it came; nothing is shown with `--json` or to no terminal."""
    if output.as_json or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import, and only for terminals
    from rich.status import Status  # noqa: PLC0415

    begun = time.monotonic()
    with ExitStack() as shown:
        line = Status(what, console=Console(stderr=True))
        entered = False

        def tell(count: int) -> None:
            nonlocal entered
            if not entered and time.monotonic() - begun > PATIENCE_SECONDS:
                entered = True
                shown.enter_context(line)
            if entered:
                line.update(f"{what}: {count}")

        yield tell
