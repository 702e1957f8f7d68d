"""The same steps with DBOS on a SQLite file, which calls its steps in its own process."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from dbos import DBOS  # type: ignore[import-not-found,unused-ignore]

STEPS_AT_LEAST = 100


@DBOS.step()  # type: ignore[untyped-decorator,unused-ignore]
def nothing(_: Any) -> dict[str, Any]:
    """The work of every step."""
    return {"done": True}


@DBOS.workflow()  # type: ignore[untyped-decorator,unused-ignore]
def sequence(steps: int) -> None:
    """Steps that each get the result before them."""
    found = None
    for _ in range(steps):
        found = nothing(found)


def main() -> int:
    """Measure the sizes on the command line; a line of JSON for each."""
    _, folder, _, *sizes = sys.argv[1:]
    database = f"sqlite:///{folder}/dbos.sqlite"
    DBOS(config={"name": "bench", "system_database_url": database, "log_level": "WARNING"})
    DBOS.launch()
    for steps in map(int, sizes):
        runs = max(1, STEPS_AT_LEAST // steps)
        sequence(10)
        begun = time.perf_counter()
        for _ in range(runs):
            sequence(steps)
        took = time.perf_counter() - begun
        print(json.dumps({"steps": steps, "seconds": took / (runs * steps)}), flush=True)
    DBOS.destroy()
    return 0


if __name__ == "__main__":
    sys.exit(main())
