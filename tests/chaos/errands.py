"""Commands that start an execution under a given id, killed on their way and given again.

However often it is asked for, there is one execution: the engine refuses the id while it is
open, and nothing ends it before its answer, which comes when all is settled.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Sequence

from tests.chaos import definitions
from tests.chaos.ledger import Ledger
from tests.chaos.plan import Errand
from tests.chaos.sealing import UNSPOKEN

KIND = f"{definitions.HELD.name}@{definitions.HELD.version}"
STARTED, REFUSED, OUTAGE = 0, 2, 3
"""Exit codes of the command."""
ATTEMPTS = 20
PATIENCE_SECONDS = 120.0

LOOK_SECONDS = 0.02  # between two looks whether the execution is there

Command = Callable[[Sequence[str], str], "subprocess.Popen[str]"]
IsThere = Callable[[str], bool]
"""Whether there is an open execution of a workflow id."""


def run(errand: Errand, command: Command, is_there: IsThere, ledger: Ledger) -> None:
    """Ask, kill, ask again until there is an answer, and see what it is."""
    first = _killed(errand, _asked(errand, command), is_there)
    ledger.count("errand: answered before it was killed" if first else "errand: killed")
    acknowledged = [first] if first else []
    for _ in range(ATTEMPTS):
        code, run_id = _answer(_asked(errand, command))
        if code != OUTAGE:
            break
        ledger.count("errand: outage")
    if code == STARTED:
        acknowledged.append(run_id)
    elif code == REFUSED:
        ledger.count("errand: was there already")
        ledger.there.add(errand.workflow_id)
    else:
        ledger.problem(f"{errand.workflow_id} ended with code {code}")
    if len(acknowledged) > 1:
        ledger.problem(f"{errand.workflow_id} was started as {' and as '.join(acknowledged)}")
    for run_id in acknowledged[:1]:
        ledger.started(errand.workflow_id, run_id, definitions.HELD.name)


def _asked(errand: Errand, command: Command) -> subprocess.Popen[str]:
    words = ["start", "--json", "--input", "-", "--id", errand.workflow_id, "--definition", KIND]
    order = {"order_id": f"ERR-{errand.number}", "note": UNSPOKEN}
    return command(words, json.dumps(order))


def _killed(errand: Errand, process: subprocess.Popen[str], is_there: IsThere) -> str:
    """Kill it in time; the run id that it had told by then, if any."""
    if errand.killed_after is not None:
        time.sleep(errand.killed_after)
    else:
        while process.poll() is None and not is_there(errand.workflow_id):
            time.sleep(LOOK_SECONDS)
    process.kill()
    return _answer(process)[1]


def _answer(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and run id."""
    told, _ = process.communicate(timeout=PATIENCE_SECONDS)
    try:
        return process.returncode, str(json.loads(told)["run_id"])
    except (ValueError, KeyError):
        return process.returncode, ""
