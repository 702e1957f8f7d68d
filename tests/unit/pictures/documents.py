"""Documents for the tests of pictures: by hand, and drawn by hypothesis."""

from typing import Any

from hypothesis import strategies as st

KINDS = ["Task", "Choice", "Wait", "Pass", "Succeed", "Fail", "Parallel", "Map"]
TEXTS = st.text(max_size=12)
JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def task(following: str | None = None, **members: Any) -> dict[str, Any]:
    end: dict[str, Any] = {"Next": following} if following else {"End": True}
    return {"Type": "Task", "Resource": "arn:aws:states:::activity:Work", **end, **members}


def machine(**states: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": next(iter(states), "none"), "States": states}


def chain(count: int) -> dict[str, Any]:
    """Many tasks one after another, all with a catch, some skipped by a choice."""
    states: dict[str, Any] = {}
    caught = [{"ErrorEquals": ["States.ALL"], "Next": "failed"}]
    for number in range(count):
        following = f"s{number + 1}" if number + 1 < count else None
        states[f"s{number}"] = task(following, Catch=caught)
        if number % 5 == 0 and following:
            rule = {"Variable": "$.n", "NumericEquals": 1}
            far = [{**rule, "Next": f"s{number * 7 % count}"}]
            states[f"s{number}"] = {"Type": "Choice", "Choices": far, "Default": following}
    return machine(**states, failed={"Type": "Fail"})


def nested(depth: int) -> dict[str, Any]:
    """A Map in a Map in a Map."""
    found = machine(leaf={"Type": "Pass", "End": True})
    for number in range(depth):
        around = {"Type": "Map", "ItemProcessor": found, "End": True}
        found = machine(**{f"map{number}": around})
    return found


@st.composite
def scopes(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    names = draw(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=7, unique=True))
    targets = st.sampled_from([*names, "not there"])
    states = {name: draw(members(targets, depth)) for name in names}
    return {"StartAt": draw(targets), "States": states}


@st.composite
def members(draw: st.DrawFn, targets: st.SearchStrategy[str], depth: int) -> dict[str, Any]:
    state: dict[str, Any] = {"Type": draw(st.sampled_from(KINDS if depth else KINDS[:6]))}
    if draw(st.booleans()):
        state["Next"] = draw(targets)
    else:
        state["End"] = True
    if state["Type"] == "Choice":
        rules = draw(st.lists(targets, max_size=3))
        state["Choices"] = [{"Variable": "$.x", "NumericEquals": 1, "Next": to} for to in rules]
    if state["Type"] in ("Task", "Parallel", "Map"):
        state["Compensation"] = draw(st.none() | TEXTS)
        catches = draw(st.lists(targets, max_size=2))
        state["Catch"] = [{"ErrorEquals": [draw(TEXTS)], "Next": to} for to in catches]
    if state["Type"] == "Parallel":
        state["Branches"] = draw(st.lists(scopes(depth - 1), max_size=3))
    if state["Type"] == "Map":
        state["ItemProcessor"] = draw(scopes(depth - 1))
    return state


@st.composite
def spoiled(draw: st.DrawFn) -> dict[str, Any]:
    """A document in which some members are of types that the language does not know."""
    document = draw(scopes())
    states = document["States"]
    for name in draw(st.lists(st.sampled_from(sorted(states)), max_size=3)):
        fields = ["Type", "Next", "Choices", "Catch", "Branches", "ItemProcessor", "Resource"]
        fields += ["Seconds", "Error", "MaxConcurrency", "Default", "Compensation", "Parameters"]
        field = draw(st.sampled_from(fields))
        if isinstance(states[name], dict):
            states[name] = draw(JUNK | st.just({**states[name], field: draw(JUNK)}))
    if draw(st.booleans()):
        document[draw(st.sampled_from(["StartAt", "States"]))] = draw(JUNK)
    return document
