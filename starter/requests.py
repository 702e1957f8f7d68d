"""What a caller may ask for, checked before anything is sent.

The limits are SWF's: ids of 1 to 256 characters without `: / |` and control characters,
five tags of 256 characters, timeouts of whole seconds up to a year.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from itertools import islice

import logs
import redaction
import wire
from config import YEAR_SECONDS, Settings
from errors import InvalidInputError
from wire import Json
from workflow import Definition

ID_CHARACTERS = 256
TAGS = 5
TAG_CHARACTERS = 256
FORBIDDEN = frozenset(":/|")
PLACES = 5  # in an input that look like secrets, of which a line in the log tells

_log = logs.get("workflow_starter")


def new_workflow_id() -> str:
    """An id for an execution that was given none: `workflow-<uuid4>`."""
    return f"workflow-{uuid.uuid4()}"


def new_start_id() -> str:
    """The id of a start: it tells a start that went through from one that did not."""
    return str(uuid.uuid4())


def checked_workflow_id(workflow_id: str) -> str:
    """`workflow_id` if SWF would take it; `InvalidInputError` otherwise."""
    wrong = any(map(_is_forbidden, workflow_id)) or workflow_id == "arn"
    if wrong or not 1 <= wire.length(workflow_id) <= ID_CHARACTERS:
        raise InvalidInputError(
            f"workflow id {wire.cut(workflow_id, 60)!r} cannot be used: 1 to {ID_CHARACTERS} "
            "characters without : / | or control characters, and not 'arn'"
        )
    return workflow_id


def checked_tags(tags: Iterable[str] | None, own: Iterable[str] = ()) -> list[str]:
    """The tags as a list; `InvalidInputError` for more, or longer ones, than SWF takes.

    `own` are tags of ours, which count with the caller's.
    """
    if isinstance(tags, str):
        raise InvalidInputError(f"tags must be a list of texts, not the text {tags!r}")
    chosen = [*(tags or ()), *own]
    if len(chosen) > TAGS:
        raise InvalidInputError(f"{len(chosen)} tags; SWF takes {TAGS} at most")
    for tag in chosen:
        if not isinstance(tag, str) or not 1 <= wire.length(tag) <= TAG_CHARACTERS:
            raise InvalidInputError(f"tag {tag!r}: a text of 1 to {TAG_CHARACTERS} characters")
    return chosen


def checked_timeout(timeout: int | str | None) -> str | None:
    """Seconds as the text that SWF wants; None stays None (the configured timeout)."""
    if timeout is None:
        return None
    text = str(timeout).strip()
    digits = text.lstrip("0") if text.isascii() and text.isdigit() else ""
    if not 1 <= len(digits) <= len(str(YEAR_SECONDS)) or int(digits) > YEAR_SECONDS:
        raise InvalidInputError(
            f"timeout {wire.cut(text, 60)!r}: whole seconds from 1 to {YEAR_SECONDS}"
        )
    return str(int(text))


def checked_role(settings: Settings, definition: Definition) -> str | None:
    """The role by which SWF invokes the functions that a process calls; None where none is meant.

    `InvalidInputError` for a function of another region than SWF's: SWF knows only its names.
    """
    if not settings.lambda_role or not definition.calls_functions:
        return None
    for arn in definition.functions:
        region = arn.split(":")[3]
        if region != settings.aws_region:
            raise InvalidInputError(
                f"{arn} is in region {region}, and SWF in {settings.aws_region} invokes functions "
                "of its own region only: name one there, or leave LAMBDA_ROLE empty and register "
                "a Python function that calls it"
            )
    return settings.lambda_role


def checked_input(value: Json) -> Json:
    """`value` if it is JSON and leaves our reserved keys alone."""
    try:
        wire.dumps(value).encode()  # half a surrogate pair is no text, but passes as JSON
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInputError(f"the input is not JSON: {error}") from None
    wire.check_free_of_reserved_keys(value)
    return value


def checked_for_secrets(value: Json, settings: Settings, **ids: str) -> None:
    """Say, or refuse, where an input looks like a card number, a key or a password.

    As `SENSITIVE_INPUT` has it: one line in the log with the places and `ids`, never with a
    value; or `InvalidInputError`.
    """
    if settings.sensitive_input == "off":
        return
    judge = redaction.Redactor(settings.redact_keys)
    found = list(islice(redaction.suspicions(value, judge), PLACES + 1))
    if not found:
        return
    places = ", ".join(f"{path} ({kind})" for path, kind in found[:PLACES])
    places += ", and more" if len(found) > PLACES else ""
    if settings.sensitive_input == "refuse":
        raise InvalidInputError(
            f"the input looks as if it held secrets, at {places}; leave them out and pass a "
            "reference to where they are kept, or set SENSITIVE_INPUT=warn"
        )
    _log.warning(f"The input looks as if it held secrets, at {places}", **ids)


def _is_forbidden(character: str) -> bool:
    """Whether no id may hold it: separators, control characters, half surrogate pairs."""
    code = ord(character)
    control = code < 0x20 or 0x7F <= code <= 0x9F
    return control or 0xD800 <= code <= 0xDFFF or character in FORBIDDEN
