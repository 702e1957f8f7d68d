"""Documents in States Language read into the graph.

A document must be valid; what is valid and cannot run here (a Resource that nothing here serves)
is a `DefinitionError`.  Our own members are few, and optional: `Compensation`, `OnFailure`,
`Settings` and `Default` on states, `Saga` on the machine, and the resource
`arn:aws:states:::signal:NAME`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from errors import DefinitionError
from wire import Json
from workflow.graph import (
    JSONPATH,
    ROLLBACK,
    Await,
    Catcher,
    Child,
    Choice,
    Fail,
    Map,
    Parallel,
    Pass,
    Says,
    Scope,
    Settings,
    State,
    Succeed,
    Task,
    Wait,
)
from workflow.language import resources
from workflow.serial import settings_from_json
from workflow.validation import CONTROL_SIGNALS

Document = Mapping[str, Any]

_STRUCTURE = frozenset(
    {
        "Type",
        "Comment",
        "Next",
        "End",
        "Default",
        "Choices",
        "Branches",
        "ItemProcessor",
        "Iterator",
        "Catch",
        "Retry",
        "QueryLanguage",
        "Compensation",
        "OnFailure",
        "Settings",
    }
)
"""Members that say how states hang together, rather than what becomes of data."""


def scope(document: Document, language: str = JSONPATH) -> Scope:
    """A machine, a branch or what is done with each item."""
    language = document.get("QueryLanguage", language)
    states = {
        name: _state(name, item, item.get("QueryLanguage", language), language)
        for name, item in document["States"].items()
    }
    return Scope(document["StartAt"], states)


def _state(name: str, document: Document, language: str, around: str) -> State:
    says = Says(
        language,
        {key: item for key, item in document.items() if key not in _STRUCTURE},
        tuple(_catcher(item) for item in document.get("Catch", ())),
    )
    common: dict[str, Any] = {"next": document.get("Next"), "says": says}
    kind = document["Type"]
    if kind in ("Parallel", "Map"):
        return _composite(name, document, common, around)
    read = _KINDS.get(kind)
    if read is None:
        raise DefinitionError(f"state {name!r} is of no known type: {kind!r}")
    return read(name, document, common)


def _catcher(document: Document) -> Catcher:
    members = {key: document[key] for key in ("ResultPath", "Output", "Assign") if key in document}
    return Catcher(tuple(document["ErrorEquals"]), document["Next"], members)


# --- tasks ------------------------------------------------------------------------------------


def _task(name: str, document: Document, common: dict[str, Any]) -> State:
    resource = resources.parse(document["Resource"])
    common |= {
        "compensation": document.get("Compensation"),
        "on_failure": document.get("OnFailure", ROLLBACK),
        "settings": _settings(document),
    }
    if resource.kind == resources.SIGNAL:
        if resource.name in CONTROL_SIGNALS:
            raise DefinitionError(
                f"state {name!r}: {resource.name} means the same in every process; wait for another"
            )
        return Await(
            name,
            resource.name,
            seconds=_whole(document.get("TimeoutSeconds")),
            default=document.get("Default"),
            has_default="Default" in document,
            **common,
        )
    if resource.kind == resources.CHILD:
        return _child(name, document, resource, common)
    return Task(name, resource.name, token=resource.token, **common)


def _child(
    name: str, document: Document, resource: resources.Resource, common: dict[str, Any]
) -> State:
    if resource.token:
        raise DefinitionError(f"state {name!r}: startExecution with a task token is not offered")
    members = document.get("Parameters", document.get("Arguments"))
    arn = members.get("StateMachineArn") if isinstance(members, dict) else None
    process = version = ""
    if isinstance(arn, str) and not arn.startswith("{%"):
        process, version = resources.process_of(arn)
    return Child(name, process, version, awaited=resource.awaited, **common)


def _whole(value: Json) -> int | None:
    """A number that is said, and not computed."""
    return value if isinstance(value, int) else None


def _settings(document: Document) -> Settings:
    """Attempts and time limits, as far as they are said and not computed."""
    said = {
        key: document[key]
        for key in ("TimeoutSeconds", "HeartbeatSeconds")
        if isinstance(document.get(key), int)
    }
    members = {key: document[key] for key in ("Retry", "Settings") if key in document}
    return settings_from_json({**members, **said})


# --- the other kinds --------------------------------------------------------------------------


def _wait(name: str, document: Document, common: dict[str, Any]) -> State:
    seconds, timestamp = document.get("Seconds"), document.get("Timestamp")
    return Wait(
        name,
        seconds=seconds if isinstance(seconds, int) else None,
        timestamp=timestamp if isinstance(timestamp, str) else None,
        seconds_path=document.get("SecondsPath"),
        timestamp_path=document.get("TimestampPath"),
        **common,
    )


def _choice(name: str, document: Document, common: dict[str, Any]) -> State:
    rules = tuple(
        ({key: item for key, item in rule.items() if key != "Next"}, rule["Next"])
        for rule in document["Choices"]
    )
    return Choice(name, rules, document.get("Default"), says=common["says"])


def _pass(name: str, _document: Document, common: dict[str, Any]) -> State:
    return Pass(name, **common)


def _succeed(name: str, _document: Document, common: dict[str, Any]) -> State:
    return Succeed(name, says=common["says"])


def _fail(name: str, document: Document, common: dict[str, Any]) -> State:
    texts = [document.get(key) for key in ("Error", "Cause")]
    error, cause = (text if isinstance(text, str) else "" for text in texts)
    return Fail(name, error, cause, says=common["says"])


_KINDS: dict[str, Callable[[str, Document, dict[str, Any]], State]] = {
    "Task": _task,
    "Wait": _wait,
    "Choice": _choice,
    "Pass": _pass,
    "Succeed": _succeed,
    "Fail": _fail,
}


def _composite(name: str, document: Document, common: dict[str, Any], around: str) -> State:
    common |= {
        "on_failure": document.get("OnFailure", ROLLBACK),
        "settings": _settings(document),
    }
    if document["Type"] == "Parallel":
        branches = tuple(scope(branch, around) for branch in document["Branches"])
        return Parallel(name, branches, **common)
    processor = document.get("ItemProcessor") or document["Iterator"]
    mode = processor.get("ProcessorConfig", {}).get("Mode", "INLINE")
    concurrency = document.get("MaxConcurrency", 0)
    return Map(
        name,
        document.get("ItemsPath", "$"),
        scope(processor, around),
        concurrency if isinstance(concurrency, int) else 0,
        distributed=mode == "DISTRIBUTED",
        **common,
    )


# --- what is shape ----------------------------------------------------------------------------


def shape(document: Json) -> Json:
    """The part of a document that a published version fixes: no comments, retries or limits."""
    found = {key: item for key, item in document.items() if key not in _LIMITS}
    states = {name: _shape_of(item) for name, item in document["States"].items()}
    return {**found, "States": states}


_LIMITS = ("Comment", "TimeoutSeconds")
_ATTEMPTS = ("Comment", "Retry", "TimeoutSeconds", "HeartbeatSeconds", "Settings")


def _shape_of(state: Document) -> Json:
    found: dict[str, Json] = {key: item for key, item in state.items() if key not in _ATTEMPTS}
    if "Branches" in found:
        found["Branches"] = [shape(branch) for branch in found["Branches"]]
    for name in ("ItemProcessor", "Iterator"):
        if name in found:
            found[name] = shape(found[name])
    return found
