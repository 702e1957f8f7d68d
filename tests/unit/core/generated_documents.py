"""Random state machines in States Language, in both query languages."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from hypothesis import strategies as st

from asl.loading import load
from workflow import Definition

from .generated import SIGNALS

ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:"
MESSAGE = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:"
CHILD = "arn:aws:states:::states:startExecution"
SIGNAL = "arn:aws:states:::signal:"

Draw = Callable[[Any], Any]
States = dict[str, dict[str, Any]]
Part = tuple[str, States]
"""Where it begins, and its states."""


class Maker:
    """Draws parts of a machine; every name is used once."""

    def __init__(self, draw: Draw, language: str) -> None:
        self.draw = draw
        self.numbers = count(1)
        self.jsonata = language == "JSONata"

    def name(self, kind: str) -> str:
        quoted = "." if self.draw(st.integers(0, 9)) == 0 else ""
        return f"{kind}{quoted}{next(self.numbers)}"

    def flag(self, *, often: int = 1) -> bool:
        return self.draw(st.integers(0, often)) == 0

    # --- members ----------------------------------------------------------------------------------

    def retry(self) -> dict[str, Any]:
        if not self.flag(often=2):
            return {}
        errors = st.sampled_from(
            ["States.ALL", "ValueError", "States.Timeout", "States.TaskFailed"]
        )
        rule = {
            "ErrorEquals": [self.draw(errors)],
            "MaxAttempts": self.draw(st.integers(0, 2)),
            "IntervalSeconds": self.draw(st.integers(1, 3)),
            "BackoffRate": self.draw(st.sampled_from([1, 1.5, 2.0])),
        }
        if self.flag(often=3):
            rule["JitterStrategy"] = "FULL"
        return {"Retry": [rule]}

    def catch(self, after: str) -> dict[str, Any]:
        if not self.flag(often=2):
            return {}
        error = self.draw(st.sampled_from(["States.ALL", "ValueError", "States.Timeout"]))
        rule: dict[str, Any] = {"ErrorEquals": [error], "Next": after}
        if self.jsonata:
            if self.flag():
                rule["Output"] = "{% $states.input %}"
            if self.flag(often=2):
                rule["Assign"] = {"seen": "{% $states.errorOutput.Error %}"}
        elif not self.flag(often=3):
            rule["ResultPath"] = self.draw(st.sampled_from(["$.error", None]))
        return {"Catch": [rule]}

    def placed(self, name: str) -> dict[str, Any]:
        """Where a result goes: most keep the data."""
        key = name.replace(".", "")
        kind = self.draw(st.sampled_from(["into", "into", "into", "drop", "replace"]))
        if kind == "replace":
            return {}
        if self.jsonata:
            whole = f"{{% $merge([$states.input, {{'{key}': $states.result}}]) %}}"
            return {"Output": whole if kind == "into" else "{% $states.input %}"}
        return {"ResultPath": f"$.{key}" if kind == "into" else None}

    def assign(self, value: str = "$states.context.State.Name") -> dict[str, Any]:
        if not self.flag(often=3):
            return {}
        if self.jsonata:
            return {"Assign": {f"v{next(self.numbers)}": f"{{% {value} %}}"}}
        return {"Assign": {f"v{next(self.numbers)}.$": "$$.State.Name"}}

    def failing(self) -> dict[str, Any]:
        return {"OnFailure": "pause"} if self.flag(often=6) else {}

    def undoing(self) -> dict[str, Any]:
        return {"Compensation": "Undo"} if self.flag(often=2) else {}

    def ways(self, after: str) -> dict[str, Any]:
        return {**self.retry(), **self.catch(after), **self.failing(), "Next": after}

    # --- parts --------------------------------------------------------------------------------

    def scope(self, depth: int, longest: int) -> dict[str, Any]:
        """Made from its end on, for every state names what follows it."""
        last = self.name("Last")
        at, states = last, {last: {"Type": "Pass", "End": True}}
        for _ in range(self.draw(st.integers(1, longest))):
            at, found = self.part(depth, at)
            states = {**found, **states}
        return {"StartAt": at, "States": states}

    def part(self, depth: int, after: str) -> Part:
        flat = [self.task, self.task, self.ask, self.function, self.wait, self.signal, self.child]
        flat += [self.pass_on, self.loop]
        deep = [self.parallel, self.map, self.choice]
        make = self.draw(st.sampled_from([*flat, *deep] if depth else flat))
        name, states = make(depth, after)
        return name, states

    def one(self, kind: str, name: str, **members: Any) -> Part:
        return name, {name: {"Type": kind, **members}}

    def task(self, _: int, after: str) -> Part:
        name = self.name("Step")
        limits = {"TimeoutSeconds": 30} if self.flag(often=3) else {}
        resource = {"Resource": ACTIVITY + name.replace(".", ""), **limits}
        members = {**self.placed(name), **self.assign(), **self.ways(after), **self.undoing()}
        return self.one("Task", name, **resource, **members)

    def function(self, _: int, after: str) -> Part:
        name = self.name("Call")
        members = {**self.placed(name), **self.ways(after), **self.undoing()}
        return self.one("Task", name, Resource=FUNCTION + "f", **members)

    def ask(self, _: int, after: str) -> Part:
        name = self.name("Ask")
        limits = {}
        if self.flag():
            limits["TimeoutSeconds"] = 50
        if self.flag(often=2):
            limits["HeartbeatSeconds"] = 20
        body: dict[str, Any] = {"Parameters": {"t.$": "$$.Task.Token"}}
        if self.jsonata:
            body = {"Arguments": {"t": "{% $states.context.Task.Token %}"}}
        members = {**body, **limits, **self.placed(name), **self.ways(after), **self.undoing()}
        return self.one("Task", name, Resource=MESSAGE, **members)

    def child(self, _: int, after: str) -> Part:
        name, how = self.name("Child"), self.draw(st.sampled_from([".sync:2", ".sync", ""]))
        given = {"StateMachineArn": "Sub@1", "Input": {"order_id": 1}}
        key = "Arguments" if self.jsonata else "Parameters"
        members = {key: given, **self.placed(name), **self.ways(after)}
        return self.one("Task", name, Resource=CHILD + how, **members)

    def signal(self, _: int, after: str) -> Part:
        name = self.name("Await")
        limits: dict[str, Any] = {"TimeoutSeconds": 30} if self.flag() else {}
        if limits and self.flag():
            limits["Default"] = {"approved": False}
        resource = SIGNAL + self.draw(st.sampled_from(SIGNALS))
        members = {**limits, **self.placed(name), **self.catch(after), **self.failing()}
        return self.one("Task", name, Resource=resource, **members, Next=after)

    def wait(self, _: int, after: str) -> Part:
        seconds = self.draw(st.integers(0, 3))
        return self.one("Wait", self.name("Wait"), Seconds=seconds, **self.assign(), Next=after)

    def pass_on(self, _: int, after: str) -> Part:
        return self.one("Pass", self.name("Pass"), **self.assign(), Next=after)

    def loop(self, _: int, after: str) -> Part:
        """A step, and back to it while its result says so."""
        name, again = self.name("Turn"), self.name("Again")
        key = name.replace(".", "")
        place: dict[str, Any] = {"ResultPath": f"$.{key}"}
        rule: dict[str, Any] = {"Variable": f"$.{key}.again", "IsPresent": True}
        if self.jsonata:
            place = {"Assign": {key: "{% $exists($states.result.again) %}"}}
            place["Output"] = "{% $states.input %}"
            rule = {"Condition": f"{{% ${key} %}}"}
        _, step = self.one("Task", name, Resource=ACTIVITY + key, Next=again, **place)
        choices = [{**rule, "Next": name}]
        return name, {**step, **self.one("Choice", again, Choices=choices, Default=after)[1]}

    def choice(self, depth: int, after: str) -> Part:
        name = self.name("Choice")
        ways = [self.way(depth, after), self.part(depth - 1, after)]  # one of them goes on
        number = self.draw(st.integers(1, 2))
        if self.jsonata:
            rule: dict[str, Any] = {"Condition": f"{{% $states.input.flag = {number} %}}"}
        else:
            present = {"Variable": "$.flag", "IsPresent": True}
            rule = {"And": [present, {"Variable": "$.flag", "NumericEquals": number}]}
        choices = [{**rule, "Next": ways[0][0]}]
        _, found = self.one("Choice", name, Choices=choices, Default=ways[1][0])
        return name, {**found, **ways[0][1], **ways[1][1]}

    def way(self, depth: int, after: str) -> Part:
        kind = self.draw(st.sampled_from(["on", "part", "part", "part", "fail", "succeed"]))
        if kind == "fail" and self.flag():
            return self.one("Fail", self.name("Fail"), Error="Business.No", Cause="no")
        if kind == "succeed" and self.flag():
            return self.one("Succeed", self.name("End"))
        return (after, {}) if kind == "on" else self.part(depth - 1, after)

    def parallel(self, depth: int, after: str) -> Part:
        name, width = self.name("Fork"), self.draw(st.integers(1, 3))
        branches = [self.scope(depth - 1, 2) for _ in range(width)]
        members = {**self.placed(name), **self.assign(), **self.ways(after)}
        return self.one("Parallel", name, Branches=branches, **members)

    def map(self, depth: int, after: str) -> Part:
        name = self.name("Each")
        items: dict[str, Any] = {"ItemsPath": "$$.Execution.Input.items"}
        items["ItemSelector"] = {"item.$": "$$.Map.Item.Value", "flag": 1}
        if self.jsonata:
            items = {"Items": [1, 2, 3]}
            items["ItemSelector"] = {"item": "{% $states.context.Map.Item.Value %}", "flag": 1}
        if self.flag(often=2):
            items["ToleratedFailureCount"] = self.draw(st.integers(0, 2))
        items["MaxConcurrency"] = self.draw(st.integers(0, 2))
        items["ItemProcessor"] = self.scope(depth - 1, 2)
        return self.one("Map", name, **items, **self.placed(name), **self.ways(after))


@st.composite
def documents(draw: Any) -> Definition:
    """Machines of up to four parts, nested two deep."""
    language = draw(st.sampled_from(["JSONPath", "JSONata"]))
    maker = Maker(draw, language)
    document = {**maker.scope(2, 4), "QueryLanguage": language}
    saga: dict[str, Any] = {}
    if maker.flag():
        saga["Transaction"] = "CompensateTransaction"
    if maker.flag(often=2):
        saga["Step"] = "RollbackStep"
    saga |= {"OnCancel": maker.flag(), "OnDeadline": maker.flag()}
    document["Saga"] = saga
    limit = draw(st.sampled_from([None, None, 20, 5_000]))
    if limit is not None:
        document["TimeoutSeconds"] = limit
    return load(document, "Random", "1")
