"""Lambda tasks: a name leads to a Python callable or to a URL that takes a POST.

The function gets the task's input as JSON (`{}` when there is none) and answers JSON.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import NamedTuple

from local_swf.jsontext import Json

Function = Callable[[Json], Json] | str
"""A callable from JSON to JSON, or the URL of one."""

_REASON_LENGTH = 256
_DATA_LENGTH = 32_768


class Outcome(NamedTuple):
    """How a function ended: `Completed` with a result, or `Failed` with reason and details."""

    name: str
    attributes: dict[str, str | None]


class Functions:
    """The functions that Lambda tasks can call, by name."""

    def __init__(self, functions: Mapping[str, Function] | None = None) -> None:
        self._functions = dict(functions or {})

    def __setitem__(self, name: str, function: Function) -> None:
        self._functions[name] = function

    def call(self, name: str, text: str | None, seconds: float) -> Outcome:
        """Call a function; blocks until it answers, or for a URL until `seconds` are over."""
        function = self._find(name)
        if function is None:
            return _failed("ResourceNotFoundException", f"Function not found: {name}")
        try:
            if isinstance(function, str):
                return _completed(_post(function, text or "{}", seconds))
            return _completed(json.dumps(function(_loads(text))))
        except urllib.error.HTTPError as error:
            return _failed("Unhandled", error.read(_DATA_LENGTH).decode("utf-8", "replace"))
        except Exception as error:  # noqa: BLE001 - whatever a function raises is its outcome
            details = {"errorMessage": str(error), "errorType": type(error).__name__}
            return _failed("Unhandled", json.dumps(details))

    def _find(self, name: str) -> Function | None:
        """A function by its name, or by the name in its ARN: `[arn:…:function:]NAME[:VERSION]`."""
        if name not in self._functions:
            name = (name.partition(":function:")[2] or name).partition(":")[0]
        return self._functions.get(name)


def _loads(text: str | None) -> Json:
    if not text:
        return {}
    try:
        return json.loads(text)
    except ValueError:
        return text


def _post(url: str, text: str, seconds: float) -> str:
    request = urllib.request.Request(  # noqa: S310 - the owner of the endpoint names the URL
        url, data=text.encode("utf-8"), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=max(seconds, 0.1)) as answer:  # noqa: S310
        body: bytes = answer.read()
    return body.decode("utf-8", "replace")


def _completed(result: str) -> Outcome:
    if len(result) > _DATA_LENGTH:
        return _failed("Unhandled", f"The result has more than {_DATA_LENGTH} characters")
    return Outcome("Completed", {"result": result})


def _failed(reason: str, details: str) -> Outcome:
    return Outcome("Failed", {"details": details[:_DATA_LENGTH], "reason": reason[:_REASON_LENGTH]})
