"""Parts of definitions that the tests put together."""

from __future__ import annotations

import json
import os
from pathlib import Path

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:charge"
PASS = {"Type": "Pass", "End": True}
LEAF = {"StartAt": "Leaf", "States": {"Leaf": PASS}}

_HOME = Path(__file__).resolve().parents[4]
CASES = Path(os.environ.get("ASL_CASES", _HOME / "shared" / "asl" / "cases.jsonl"))


def machine(state, name="A", **more):
    """A machine of one state; a state without a type is a Pass that ends."""
    return {"StartAt": name, "States": {name: state if "Type" in state else PASS | state}, **more}


def jsonata(state, **more):
    return machine(state, QueryLanguage="JSONata", **more)


def task(**members):
    return machine({"Type": "Task", "Resource": LAMBDA, "End": True, **members})


def map_of(**members):
    return {"Type": "Map", "ItemProcessor": LEAF, "End": True, **members}


def distributed(**members):
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    return map_of(ItemProcessor=LEAF | {"ProcessorConfig": config}, **members)


def choice(*rules, **members):
    """A Choice whose rules lead to Z, as its default does."""
    state = {"Type": "Choice", "Choices": list(rules), "Default": "Z", **members}
    return {"StartAt": "A", "States": {"A": state, "Z": {"Type": "Succeed"}}}


def cases():
    """The project's sample machines; none where they are not at hand."""
    if not CASES.exists():
        return []
    return [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
