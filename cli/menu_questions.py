"""What the menu asks before it does something: an execution, a step, JSON, an action."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import process
import published
from arguments import safe
from cli.menu_texts import text
from cli.parsing import json_from
from cli.terminal import Terminal
from errors import InvalidInputError
from starter.executions.status import Summary, local_time
from starter.lists.listing import Filter
from workflow_starter import WorkflowStarter

CHOICES = 10  # newest executions to choose from
LOOKED_AT = 100  # newest executions among which those that did not complete are found

ACTIONS: Mapping[str, tuple[str, ...]] = {
    "back": (),
    "reprocess": ("step",),
    "skip": ("step",),
    "pause": (),
    "continue": (),
    "rollback": (),
    "answer": ("name", "input"),
}
"""What can be done to an open execution, and the options that are asked for."""


class Back(Exception):  # noqa: N818 - an end, not an error
    """The user wants no more of this entry."""


class Questions:
    """Asks on a terminal, in one language, until an answer can be used or is empty."""

    def __init__(self, terminal: Terminal, language: str, starter: WorkflowStarter) -> None:
        self._terminal = terminal
        self.language = language
        self._starter = starter
        self._kind: tuple[str, str] | None = None

    def ask(self, key: str, **facts: object) -> str:
        """Any answer."""
        return self._terminal.ask(self.text(key, **facts))

    def given(self, key: str) -> str:
        """An answer that is not empty; an empty one leads back to the menu."""
        answer = self.ask(key)
        if not answer:
            raise Back
        return answer

    def agreed(self, key: str, **facts: object) -> bool:
        """Whether the answer is a yes of the language."""
        return self.ask(key, **facts).lower() in self.text("yes").split()

    def say(self, key: str, **facts: object) -> None:
        """A line of the language."""
        self._terminal.write(self.text(key, **facts))

    def text(self, key: str, **facts: object) -> str:
        """A text of the language."""
        return text(self.language, key, **facts)

    # --- executions ----------------------------------------------------------------------

    def json(self) -> str:
        """JSON text that begins with a brace, or the name of a file that holds JSON."""
        while True:
            given = self.given("json")
            if given.startswith(("{", "[")):
                given = self._completed(given)
            try:
                json_from(_checked_source(given))
            except InvalidInputError as error:
                self._terminal.write(safe(error))
            else:
                return given

    def _completed(self, typed: str) -> str:
        """Typed JSON with the lines that follow, until it is whole or an empty line ends it."""
        while not _is_json(typed):
            line = self._terminal.ask("... ")
            if not line:
                break
            typed = f"{typed}\n{line}"
        return typed

    def execution(self, *, mended: bool = False) -> tuple[str, list[str]]:
        """An execution of the user's choice: its workflow id, and its run id if it was listed.

        One to be `mended` is sooner one that did not complete: those come first then.
        """
        limit = LOOKED_AT if mended else CHOICES
        listed = self._starter.list_workflows(Filter(runs=False), limit=limit)
        if mended:
            listed.sort(key=lambda item: item["state"] == "COMPLETED")
        listed = listed[:CHOICES]
        if not listed:
            self.say("no_workflows")
            raise Back
        for number, item in enumerate(listed, 1):
            self._terminal.write(f"{number:>3}  {_line(item)}")
        while True:
            answer = self.given("which")
            if answer.isdecimal() and 1 <= int(answer) <= len(listed):
                item = listed[int(answer) - 1]
                self._kind = item["type"], item["version"]
                return item["workflow_id"], [item["run_id"]]
            for item in self._starter.list_workflows(Filter(workflow_id=answer), limit=1):
                self._kind = item["type"], item["version"]
                return answer, []
            self.say("no_such_workflow", answer=safe(answer))

    def step(self) -> str:
        """A step of the execution that was chosen last."""
        definition = (published.find(*self._kind) if self._kind else None) or process.shipped()
        steps = list(definition.places)
        for number, name in enumerate(steps, 1):
            self._terminal.write(f"{number:>3}  {name}")
        while True:
            answer = self.given("step")
            if answer.rpartition(".")[2] in steps:  # a path ends with its step
                return answer
            if answer.isdecimal() and 1 <= int(answer) <= len(steps):
                return steps[int(answer) - 1]
            self.say("no_such_step", answer=answer)

    def action(self) -> str:
        """A name of `ACTIONS`."""
        names = list(ACTIONS)
        for number, name in enumerate(names, 1):
            self._terminal.write(f"{number:>3}  {name:<10} {self.text(name)}")
        while True:
            answer = self.given("action")
            if answer in names:
                return answer
            if answer.isdecimal() and 1 <= int(answer) <= len(names):
                return names[int(answer) - 1]
            self.say("no_such_choice", answer=answer)

    # --- logs ----------------------------------------------------------------------------

    def log(self, logs: Sequence[Path]) -> Path:
        """One of these files."""
        for number, path in enumerate(logs, 1):
            self._terminal.write(f"{number:>3}  {safe(path.name)}")
        while True:
            answer = self.given("which_log")
            chosen = [path for path in logs if answer in (path.name, path.stem)]
            if chosen:
                return chosen[0]
            if answer.isdecimal() and 1 <= int(answer) <= len(logs):
                return logs[int(answer) - 1]
            self.say("no_such_choice", answer=answer)


def _is_json(typed: str) -> bool:
    try:
        json.loads(typed)
    except ValueError:
        return False
    return True


def _checked_source(given: str) -> str:
    """`-` would read the menu's own input."""
    if given == "-":
        raise InvalidInputError("- is not a file")
    return given


def _line(item: Summary) -> str:
    started = local_time(item["started_at"])
    return f"{item['state']:<10} {started}  {safe(item['workflow_id'])}"
