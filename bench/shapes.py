"""The processes that are measured: steps that do nothing, in different arrangements."""

from __future__ import annotations

from workflow import Definition, parallel, process, step, wait_for_signal

ACTIVITY = "Nothing"
INPUT = {"order_id": "BENCH-1", "customer_id": "C-1"}
KEPT_STEPS = 5


def sequence(steps: int) -> Definition:
    """Steps one after the other, each of which names the result before it."""
    names = [f"Step{number}" for number in range(steps)]
    needed = [[], *([name] for name in names)]
    parts = [
        step(name, activity=ACTIVITY, needs=needs)
        for name, needs in zip(names, needed, strict=False)
    ]
    return process("Sequence", str(steps), parts)


def fan(steps: int) -> Definition:
    """Steps side by side, each a branch of its own."""
    branches = [[step(f"Step{number}", activity=ACTIVITY, needs=[])] for number in range(steps)]
    return process("Fan", str(steps), [parallel("All", *branches)])


def kept() -> Definition:
    """Five steps, and then a wait that nobody ends: what a decider remembers."""
    steps = [step(f"Step{number}", activity=ACTIVITY) for number in range(KEPT_STEPS)]
    waiting = wait_for_signal("Wait", signal="GO")
    return process("Kept", "1", [*steps, waiting])


def named(name: str) -> Definition:
    """The process of that name: `sequence:100`, `fan:200`, `kept`."""
    kind, _, size = name.partition(":")
    if kind == "kept":
        return kept()
    return {"sequence": sequence, "fan": fan}[kind](int(size))
