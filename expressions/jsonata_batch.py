"""Runs cases of JSONata for conformance: one result for each, whatever the case."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from expressions.budget import CALLS, Budget
from expressions.jsonata import UNDEFINED, JsonataError, compile  # noqa: A004 - what it does
from wire import Json

INTERNAL = "INTERNAL"
"""The error of a case that showed a mistake of ours."""

NOW = 1_700_000_000.0


def run(case: Mapping[str, Json], budget: Budget | None = None) -> dict[str, Json]:
    """`{"id", "expr", "data"?, "bindings"?, "depth"?}` to its result; never raises.

    Gives `{"id", "result"}`, `{"id", "undefined": true}` or `{"id", "error": code}`.  The time
    is fixed and chance is a fixed sequence.  The language is the whole of JSONata.
    """
    name = case.get("id")
    try:
        spent = budget or Budget(depth=case.get("depth") or CALLS)
        value = compile(str(case["expr"])).evaluate(
            case.get("data", UNDEFINED),
            case.get("bindings") or {},
            budget=spent,
            chance=_chance(),
            now=NOW,
        )
    except JsonataError as error:
        return {"id": name, "error": error.code}
    except Exception as error:  # noqa: BLE001 - one bad case never stops a batch
        return {"id": name, "error": INTERNAL, "message": repr(error)[:200]}
    return {"id": name, "undefined": True} if value is UNDEFINED else {"id": name, "result": value}


def _chance() -> Callable[[], float]:
    """A sequence that is the same for every case."""
    seed = 1

    def draw() -> float:
        nonlocal seed
        seed = (seed * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        return (seed >> 11) / 2**53

    return draw
