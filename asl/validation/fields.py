"""Which members each type of state has, by query language, and those that are ours.

AWS refuses every other member: "Field 'X' is not supported".
"""

from __future__ import annotations

from asl.validation.report import Node, quoted

JSONPATH, JSONATA = "JSONPath", "JSONata"


def names(words: str) -> frozenset[str]:
    """The words of a text, which are names of members."""
    return frozenset(words.split())


_COMMON = "Type Comment QueryLanguage"
_MOVES = "Next End"
_ERRORS = "Retry Catch"

STATES: dict[str, frozenset[str]] = {
    name: names(f"{_COMMON} {members}")
    for name, members in {
        "Task": f"{_MOVES} {_ERRORS} InputPath OutputPath Parameters ResultSelector ResultPath "
        "Arguments Output Assign Resource Credentials TimeoutSeconds TimeoutSecondsPath "
        "HeartbeatSeconds HeartbeatSecondsPath",
        "Parallel": f"{_MOVES} {_ERRORS} InputPath OutputPath Parameters ResultSelector "
        "ResultPath Arguments Output Assign Branches",
        "Map": f"{_MOVES} {_ERRORS} InputPath OutputPath Parameters ResultSelector ResultPath "
        "Output Assign ItemProcessor Iterator ItemsPath Items ItemSelector MaxConcurrency "
        "MaxConcurrencyPath ItemReader ItemBatcher ResultWriter Label ToleratedFailureCount "
        "ToleratedFailureCountPath ToleratedFailurePercentage ToleratedFailurePercentagePath",
        "Pass": f"{_MOVES} InputPath OutputPath Parameters ResultPath Result Output Assign",
        "Wait": f"{_MOVES} InputPath OutputPath Output Assign Seconds SecondsPath Timestamp "
        "TimestampPath",
        "Choice": "InputPath OutputPath Output Assign Choices Default",
        "Succeed": "InputPath OutputPath Output",
        "Fail": "Error ErrorPath Cause CausePath",
    }.items()
}
"""By type: the members of States Language, of both query languages."""

EXTENSIONS: dict[str, frozenset[str]] = {
    "Task": frozenset(["Compensation", "OnFailure", "Settings", "Needs", "Default"]),
    "Parallel": frozenset(["OnFailure", "Settings", "Needs"]),
    "Map": frozenset(["OnFailure", "Settings", "Needs"]),
}
"""By type: the members that are ours."""

ONLY_JSONPATH = names(
    "InputPath OutputPath ResultPath Parameters ResultSelector Result ItemsPath SecondsPath "
    "TimestampPath ErrorPath CausePath MaxConcurrencyPath ToleratedFailureCountPath "
    "ToleratedFailurePercentagePath TimeoutSecondsPath HeartbeatSecondsPath MaxItemsPath "
    "MaxItemsPerBatchPath MaxInputBytesPerBatchPath Variable"
)
ONLY_JSONATA = frozenset(["Output", "Arguments", "Items", "Condition"])

MACHINE = names("Comment StartAt States Version TimeoutSeconds QueryLanguage Saga")
BRANCH = names("Comment StartAt States")
PROCESSOR = BRANCH | {"ProcessorConfig"}
CATCHER = names("ErrorEquals Next ResultPath Assign Output Comment")
RETRIER = names(
    "ErrorEquals IntervalSeconds MaxAttempts BackoffRate MaxDelaySeconds JitterStrategy Comment"
)


def check(node: Node, allowed: frozenset[str], *, sure: bool = True) -> None:
    """Report members that an object does not have, or not in its query language.

    `sure`: AWS was seen to refuse others; they are doubtful otherwise.
    """
    other = ONLY_JSONPATH if node.jsonata else ONLY_JSONATA
    for key in node.members:
        if key not in allowed:
            (node.error if sure else node.warn)(f"Field '{quoted(key)}' is not supported", key)
        elif key in other:
            _other_language(node, key)
    if "Comment" in node.members and not isinstance(node.members["Comment"], str):
        node.warn("Expected value of type [STRING]", "Comment")


def _other_language(node: Node, key: str) -> None:
    ours, theirs = (JSONATA, JSONPATH) if node.jsonata else (JSONPATH, JSONATA)
    node.error(
        f"The QueryLanguage is set to '{ours}', but field '{key}' is only supported for the "
        f"'{theirs}' QueryLanguage",
        key,
    )
