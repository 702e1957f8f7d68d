"""What expressions cost: `python -m bench.expressions` prints microseconds for each evaluation.

A scope is made for every evaluation, as an interpreter makes one for every state.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable, Iterator

from expressions import choices, intrinsics, jsonpath, templates
from expressions.scope import Scope

DOCUMENT = {
    "a": 7,
    "b": {"c": [1, {"d": 2}]},
    "text": "order",
    "rows": [{"n": number, "even": number % 2 == 0} for number in range(100)],
}
CONTEXT = {"Execution": {"Id": "e-1"}}

RULES = {
    "Choice $.a > 3": {"Variable": "$.a", "NumericGreaterThan": 3},
    "Choice And of three": {
        "And": [
            {"Variable": "$.a", "IsPresent": True},
            {"Variable": "$.text", "StringEquals": "order"},
            {"Not": {"Variable": "$.b.c[0]", "NumericEquals": 2}},
        ]
    },
}
PARAMETERS = {
    "a.$": "$.a",
    "d.$": "$.b.c[1].d",
    "id.$": "$$.Execution.Id",
    "in": {"text.$": "$.text", "rows.$": "$.rows", "fixed": [1, 2]},
}
PATHS = ["$.a", "$.b.c[1].d", "$.rows[*].n", "$.rows[?(@.even == true)].n", "$..n"]
CALLS = ["States.MathAdd($.a, 1)", "States.Format('{} {}', $.text, $.a)", "States.Hash('x', 'MD5')"]


def measurements() -> Iterator[tuple[str, Callable[[], object]]]:
    """Each measured evaluation with what it is called."""
    for name, rule in RULES.items():
        holds = choices.compile(rule)
        yield name, lambda holds=holds: holds(Scope(DOCUMENT))  # type: ignore[misc]
    fill = templates.compile(PARAMETERS).fill
    yield "Parameters of five paths", lambda: fill(Scope(DOCUMENT, CONTEXT))
    written = jsonpath.compile("$.b.new")
    yield "ResultPath $.b.new", lambda: written.write(DOCUMENT, 1)
    for text in PATHS:
        need = jsonpath.compile(text).need
        yield text, lambda need=need: need(Scope(DOCUMENT))  # type: ignore[misc]
    for text in CALLS:
        need = intrinsics.compile(text).need
        yield text, lambda need=need: need(Scope(DOCUMENT))  # type: ignore[misc]


def main() -> None:
    """Print the table: the best of five rounds each."""
    for name, evaluate in measurements():
        timer = timeit.Timer(evaluate)
        rounds, _ = timer.autorange()
        best = min(timer.repeat(5, max(1, rounds // 4))) / max(1, rounds // 4)
        print(f"{best * 1e6:9.2f} µs  {name}")


if __name__ == "__main__":
    main()
