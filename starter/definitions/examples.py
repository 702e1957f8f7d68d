"""An input to begin with: one that was written for a process, or what its states read.

`definitions/NAME.example.json` is such an input.  Without one it is made of the paths that states
read before anything has taken the place of the input.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import published
from wire import Json
from workflow import Definition, definition_to_json

MOST_PATHS = 200
_STEP = r"[A-Za-z_][A-Za-z0-9_]*"
_PATH = re.compile(rf"(?<![\w$.])\$((?:\.{_STEP})+)")
_CONTEXT = re.compile(rf"(?:\$\$|\$states\.context)\.Execution\.Input((?:\.{_STEP})+)")
_JSONATA_INPUT = re.compile(rf"\$states\.input((?:\.{_STEP})+)")
_WORK = ("Task", "Map", "Parallel")
_BRACES = ("{%", "%}")

_SAMPLES: dict[str, Json] = {
    "Boolean": True,
    "Numeric": 0,
    "Timestamp": "2030-01-31T12:00:00Z",
    "String": "",
}
"""By what a comparison of a Choice begins with."""


def example(definition: Definition) -> str:
    """The JSON text of an input to begin with; `{}` where nothing is known of it."""
    text = published.example_of(definition.name)
    if text is not None and text.strip():
        return text.strip()
    made = skeleton(definition_to_json(definition))
    return json.dumps(made, ensure_ascii=False, indent=2)


def skeleton(document: Mapping[str, Json]) -> Json:
    """An input with every member that the states of a document read."""
    made: dict[str, Json] = {}
    for path, value in _read_paths(document):
        _put(made, path, value)
    return made


def _put(made: dict[str, Any], path: tuple[str, ...], value: Json) -> None:
    *above, last = path
    for key in above:
        inner = made.get(key)
        if not isinstance(inner, dict):
            inner = made[key] = {}
        made = inner
    if made.get(last) in (None, ""):
        made[last] = value


def _read_paths(document: Mapping[str, Json]) -> list[tuple[tuple[str, ...], Json]]:
    """Paths into the input that states read, with a value that may stand there."""
    found: list[tuple[tuple[str, ...], Json]] = []
    made = _Made()
    for state, has_input in _walked(document):
        made.note(state)
        reads = _reads(state, document, has_input=has_input)
        found += [item for item in reads if not made.has(item[0])]
        if len(found) > MOST_PATHS:
            break
    return found[:MOST_PATHS]


class _Made:
    """What states put beside the input."""

    def __init__(self) -> None:
        self._paths: set[tuple[str, ...]] = {("previous_results",)}

    def note(self, state: Mapping[str, Any]) -> None:
        catchers = [item for item in _list(state.get("Catch")) if isinstance(item, Mapping)]
        for path in [state.get("ResultPath"), *(item.get("ResultPath") for item in catchers)]:
            if isinstance(path, str) and path.startswith("$."):
                self._paths.add(tuple(path[2:].split(".")))

    def has(self, path: tuple[str, ...]) -> bool:
        return any(path[:length] in self._paths for length in range(1, len(path) + 1))


def _walked(document: Mapping[str, Json]) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """States in the order in which they are reached, and whether they still have the input."""
    waiting: deque[tuple[Mapping[str, Any], str, bool]] = deque()
    begun: set[tuple[int, str]] = set()

    def go(scope: Mapping[str, Any], name: object, has_input: bool) -> None:  # noqa: FBT001
        if isinstance(name, str) and (id(scope), name) not in begun:
            begun.add((id(scope), name))
            waiting.append((scope, name, has_input))

    go(document, document.get("StartAt"), True)
    while waiting:
        scope, name, has_input = waiting.popleft()
        states = scope.get("States")
        state = states.get(name) if isinstance(states, Mapping) else None
        if not isinstance(state, Mapping):
            continue
        yield state, has_input
        passes = has_input and not _replaces(state, document)
        for branch in _list(state.get("Branches")):
            if isinstance(branch, Mapping):
                own = "Parameters" in state or "Arguments" in state
                go(branch, branch.get("StartAt"), has_input and not own)
        for target in _targets(state):
            go(scope, target, passes)
        for catcher in _list(state.get("Catch")):
            if isinstance(catcher, Mapping):
                beside = str(catcher.get("ResultPath") or "$") != "$"
                go(scope, catcher.get("Next"), has_input and beside)


def _targets(state: Mapping[str, Any]) -> list[object]:
    rules = [rule.get("Next") for rule in _list(state.get("Choices")) if isinstance(rule, Mapping)]
    return [state.get("Next"), *rules, state.get("Default")]


def _replaces(state: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Whether what comes out of a state is no longer the input."""
    if _is_jsonata(state, document):
        return "Output" in state or state.get("Type") in _WORK
    if state.get("OutputPath", "$") != "$":
        return True
    gives = state.get("Type") in _WORK or "Result" in state or "Parameters" in state
    return gives and state.get("ResultPath", "$") == "$"


def _is_jsonata(state: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    return bool(state.get("QueryLanguage", document.get("QueryLanguage")) == "JSONata")


def _reads(
    state: Mapping[str, Any], document: Mapping[str, Any], *, has_input: bool
) -> Iterator[tuple[tuple[str, ...], Json]]:
    patterns = [_CONTEXT]
    if has_input:
        patterns.append(_JSONATA_INPUT if _is_jsonata(state, document) else _PATH)
    for key, text, around in _texts(state):
        sample = _sample(key, around)
        for pattern in patterns:
            for match in pattern.finditer(text):
                yield tuple(match[1][1:].split(".")), sample


def _sample(key: str, around: Mapping[str, Any]) -> Json:
    """What may stand where something is read."""
    if key == "ItemsPath":
        return []
    if key == "SecondsPath":
        return 1
    if key == "TimestampPath":
        return _SAMPLES["Timestamp"]
    if key != "Variable":
        return ""
    for name, value in around.items():
        word = next((word for word in _SAMPLES if name.startswith(word)), None)
        if word is not None:
            plain = not name.endswith(("Path", "Matches")) and not isinstance(value, dict | list)
            return value if plain else _SAMPLES[word]
    return ""


_ELSEWHERE = ("ResultSelector", "ResultPath", "OutputPath", "Branches", "ItemProcessor", "Iterator",
              "ItemSelector", "Comment", "Catch", "Result")  # fmt: skip
"""Members of a state that read no input, or whose `$` is another value."""


def _texts(state: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Every text in a state that may read the input: its key, itself, the object around it."""
    waiting: list[tuple[str, Any, Mapping[str, Any]]] = [
        (key, value, state) for key, value in state.items() if key not in _ELSEWHERE
    ]
    waiting.reverse()
    while waiting:
        key, value, around = waiting.pop()
        if isinstance(value, str):
            if key.endswith(("Path", ".$", "Variable")) or _BRACES[0] in value:
                yield key, value, around
        elif isinstance(value, Mapping):
            waiting += [(inner, item, value) for inner, item in reversed(list(value.items()))]
        elif isinstance(value, list):
            waiting += [(key, item, around) for item in reversed(value)]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
