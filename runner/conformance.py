"""Cases of States Language in batch: one JSON object a line in, one result a line out.

    python -m runner.conformance < cases.jsonl > results.jsonl
    python -m runner.conformance --validate < definitions.jsonl
    python -m runner.conformance --jsonata < expressions.jsonl

A case is `{"id", "definition", "input", "lambdas", "type"?}`, its result `{"id", "status",
"output"}` or `{"id", "status", "error"?, "cause"?}`; status is SUCCEEDED, FAILED, TIMED_OUT, or
UNSUPPORTED with a cause.  `lambdas` says by full ARN, or by its last part, how functions behave:

    {"kind": "identity"}                  its event
    {"kind": "constant", "value": V}      V
    {"kind": "prefix", "text": T}         T and the event as text
    {"kind": "repeat", "text": T, "count": N}
    {"kind": "sleep", "seconds": N}       its event, after so long
    {"kind": "error", "error": E, "message": M}

The clock is virtual, nothing is kept, and one bad case never stops the batch.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TextIO

from asl import DocumentError, of, read, validate
from asl.loading import STANDARD, load
from asl.validation import errors_of
from errors import BusinessProcessError, EndlessError, InvalidInputError
from expressions import jsonata_batch
from expressions.budget import CALLS, Budget
from expressions.errors import RUNTIME
from runner.clock import VirtualClock
from runner.express import LIMIT_SECONDS, Result, express
from runner.outcomes import Completed, Failed, Outcome, Task
from runner.workers import LAMBDA, lambda_failure
from wire import REASON_CHARACTERS, Json, cut, dumps, function_names
from workflow import Definition

Case = Mapping[str, Any]
Run = Callable[[Case], dict[str, Json]]

BATCH_STEPS, BATCH_BYTES = 20_000_000, 200_000_000  # that an expression of a batch may cost

MOST_STATES = 100_000  # that a case enters: Step Functions ends it at 25,000 events

START = 1_700_000_000.0
"""The moment at which every case begins, seconds since 1970."""


class Behaviours:
    """A worker whose Lambda functions behave as a case says."""

    def __init__(self, lambdas: Mapping[str, Any]) -> None:
        self._by_name = {
            name: behaviour for arn, behaviour in lambdas.items() for name in function_names(arn)
        }

    def __call__(self, task: Task) -> Outcome | None:
        """How a function goes; `InvalidInputError` for activities and services."""
        if task.is_child:
            return None
        if task.activity not in LAMBDA:
            raise InvalidInputError(f"{task.path}: {task.activity} is not run in batch")
        name = task.input["FunctionName"]
        for known in function_names(name):
            if known in self._by_name:
                return behave(self._by_name[known], task.input["Payload"])
        error, why = "Lambda.ResourceNotFoundException", f"Function not found: {name}"
        return Failed(cut(f"{error}: {why}", REASON_CHARACTERS), error=error, cause=why)


def behave(behaviour: Mapping[str, Any], event: Json) -> Outcome:
    """How a function goes that gets an event."""
    kind = behaviour["kind"]
    if kind == "identity":
        return Completed(event)
    if kind == "constant":
        return Completed(behaviour["value"])
    if kind == "prefix":
        text = event if isinstance(event, str) else dumps(event)
        return Completed(behaviour["text"] + text)
    if kind == "repeat":
        return Completed(behaviour["text"] * behaviour["count"])
    if kind == "sleep":
        return Completed(event, after=float(behaviour["seconds"]))
    if kind == "error":
        return lambda_failure(behaviour["error"], behaviour.get("message", ""))
    raise ValueError(f"a function cannot behave as {kind!r}")


# --- one case -----------------------------------------------------------------------------------


def run(case: Case) -> dict[str, Json]:
    """Run one case; never raises."""
    return {"id": case.get("id"), **_guarded(_run, case)}


def _run(case: Case) -> dict[str, Json]:
    kind = case.get("type") or STANDARD
    definition = load(case["definition"], str(case.get("name") or "StateMachine"), "1", kind=kind)
    try:
        return dict(_express(case, definition, kind))
    except EndlessError as error:  # which ends Step Functions' executions, too
        if kind == "EXPRESS":
            return {"status": "TIMED_OUT"}
        return {"status": "FAILED", "error": RUNTIME, "cause": str(error)}


def _express(case: Case, definition: Definition, kind: str) -> Result:
    return express(
        definition,
        case.get("input", {}),
        Behaviours(case.get("lambdas") or {}),
        clock=VirtualClock(START),
        limit=LIMIT_SECONDS if kind == "EXPRESS" else None,
        most_states=MOST_STATES,
        workflow_id=re.sub(r"[^\w-]", "-", str(case.get("id") or "case")),
    )


def check(case: Case) -> dict[str, Json]:
    """Whether AWS would take a definition; never raises."""
    try:
        given = case["definition"]
        source = read(given) if isinstance(given, str) else of(given)
        problems = errors_of(validate(source, case.get("type") or STANDARD))
    except DocumentError as error:
        problems = list(error.diagnostics)
    except Exception as error:  # noqa: BLE001 - one bad case never stops a batch
        return {"id": case.get("id"), "valid": False, "reason": repr(error)}
    if not problems:
        return {"id": case.get("id"), "valid": True}
    return {"id": case.get("id"), "valid": False, "reason": "; ".join(map(str, problems))}


def _guarded(action: Run, case: Case) -> dict[str, Json]:
    try:
        return action(case)
    except BusinessProcessError as error:
        return {"status": "UNSUPPORTED", "cause": str(error)}
    except Exception as error:  # noqa: BLE001 - one bad case never stops a batch
        return {"status": "UNSUPPORTED", "cause": f"a fault of this program: {error!r}"}


def jsonata(case: Case) -> dict[str, Json]:
    """Evaluate an expression; never raises.

    JSONata's own suite makes lists of ten million elements: the budget is larger than a state's.
    """
    depth = case.get("depth") or CALLS
    return jsonata_batch.run(case, Budget(BATCH_STEPS, BATCH_BYTES, depth=depth))


# --- the batch ----------------------------------------------------------------------------------


def batch(lines: Iterable[str], action: Run, out: TextIO) -> None:
    """One result for each line that is not empty."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            out.write(_line(line, number, action) + "\n")


def _line(line: str, number: int, action: Run) -> str:
    try:
        case = json.loads(line)
    except (ValueError, RecursionError) as error:
        return dumps({"id": None, "status": "UNSUPPORTED", "cause": f"line {number}: {error}"})
    if not isinstance(case, dict):
        return dumps({"id": None, "status": "UNSUPPORTED", "cause": f"line {number}: no object"})
    try:
        return dumps(action(case))
    except (ValueError, RecursionError) as error:
        told = f"the result cannot be written: {error}"
        return dumps({"id": case.get("id"), "status": "UNSUPPORTED", "cause": told})


def main() -> int:
    """The command `python -m runner.conformance`."""
    parser = argparse.ArgumentParser(prog="python -m runner.conformance", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--validate", action="store_true", help="only check definitions")
    kinds.add_argument("--jsonata", action="store_true", help="evaluate JSONata expressions")
    options = parser.parse_args()
    action = check if options.validate else jsonata if options.jsonata else run
    for stream in (sys.stdin, sys.stdout):
        stream.reconfigure(encoding="utf-8", errors="surrogatepass")  # type: ignore[union-attr]
    batch(sys.stdin, action, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
