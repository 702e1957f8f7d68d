"""The interactive menu, `./run.sh` without a command, in English and Brazilian Portuguese.

Deciders and workers that it starts run in the background, each with its log in the data
folder; none outlives the menu.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from io import TextIOWrapper
from typing import TextIO

import config
import process
import published
import setup
from arguments import safe
from background import SIGNALS, Background, Interrupted, cleaned_up, interrupts_held, wait_until
from cli import app, housekeeping
from cli.menu_texts import LANGUAGES, language_of, text
from cli.output import printable
from cli.parsing import json_from
from config import HOME, Settings
from errors import BusinessProcessError, InvalidInputError
from starter.listing import Filter
from starter.status import Summary, local_time
from workflow_starter import WorkflowStarter

INTERRUPTED = 130
CHOICES = 10  # newest executions to choose from
SETTLE_SECONDS = 5.0  # how long a new process is watched before it counts as running
STARTED = " started "  # what deciders and workers log once they poll

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

Program = Callable[[Sequence[str]], int]
"""Runs arguments as a program; gives its exit code."""


class EndOfInput(Exception):  # noqa: N818 - an end, not an error
    """Nobody answers any more."""


class Back(Exception):  # noqa: N818 - as above
    """The user wants no more of this entry."""


class Terminal:
    """Where the menu is read and written."""

    def __init__(self, source: TextIO, sink: TextIO) -> None:
        self._source = source
        self.sink = sink

    def write(self, line: str = "") -> None:
        """One line."""
        self._put(line + "\n")

    def ask(self, question: str) -> str:
        """A line of the user's, without blanks around it; `EndOfInput` when there is none."""
        self._put(question)
        answer = self._source.readline()
        if not answer:
            raise EndOfInput
        return answer.strip()

    def _put(self, shown: str) -> None:
        self.sink.write(printable(shown, self.sink.encoding))
        self.sink.flush()


class Menu:
    """Asks, and does what was chosen, until the user leaves."""

    def __init__(
        self,
        terminal: Terminal,
        settings: Settings,
        background: Background,
        *,
        language: str = "en",
        command: Program = app.main,
        foreground: Program | None = None,
        starter: WorkflowStarter | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`command` runs a command of workflow_starter.py, `foreground` a Python script.

        `environment` is what processes in the background get (ours unless given).
        """
        self._terminal = terminal
        self._settings = settings
        self._background = background
        self._language = language
        self._command = command
        self._foreground = foreground or in_foreground
        self._starter = starter or WorkflowStarter(settings)
        self._environment = environment
        self._engine_ran = housekeeping.engine_runs(settings)
        self._kind: tuple[str, str] | None = None
        self._numbers = {"decision_worker.py": 0, "activity_worker.py": 0}
        self._entries: dict[str, Callable[[], object]] = {
            "setup": self._set_up,
            "decider": lambda: self._start_process("decider", "decision_worker.py"),
            "worker": lambda: self._start_process("worker", "activity_worker.py"),
            "demo": lambda: self._run_script("demo.py"),
            "start": self._start,
            "resume": self._resume,
            "steer": self._steer,
            "history": lambda: self._about_one("history"),
            "list": lambda: self._run_command("list", "--limit=20"),
            "monitor": lambda: self._about_one("monitor"),
            "stop": self._stop,
            "delete": self._delete,
            "tests": lambda: self._run_script("bootstrap.py", "test"),
            "language": self._change_language,
        }

    def run(self) -> None:
        """Show the menu and do what is chosen, until `quit` or the end of the input."""
        try:
            while (action := self._choose()) is not None:
                with contextlib.suppress(Back):
                    self._do(action)
        except EndOfInput:
            self._terminal.write()
        self._say("bye")

    def close(self) -> None:
        """Stop what this menu started; the embedded SWF too, unless it ran before."""
        stopped = [item.name for item in self._background.stop()]
        if not self._engine_ran and housekeeping.stop_engine(self._settings):
            stopped.append(self._text("engine"))
        if stopped:
            self._say("stopped", names=", ".join(stopped))

    # --- choosing ------------------------------------------------------------------------

    def _choose(self) -> Callable[[], object] | None:
        """The chosen entry's action; None to leave."""
        self._show()
        keys = list(self._entries)
        while True:
            answer = self._ask("choice")
            if answer.lower() in ("0", "q"):
                return None
            if answer.isdecimal() and 1 <= int(answer) <= len(keys):
                return self._entries[keys[int(answer) - 1]]
            if answer:
                self._say("no_such_choice", answer=answer)

    def _show(self) -> None:
        self._terminal.write(f"\n{self._text('title')}: {self._settings.engine}")
        for running in self._background.running():
            self._terminal.write(f"  {self._text('running')}: {running.name} ({running.log})")
        for number, key in enumerate(self._entries, 1):
            self._terminal.write(f"{number:>3}  {self._text(key)}")
        self._terminal.write(f"  0  {self._text('quit')}")

    def _do(self, action: Callable[[], object]) -> None:
        try:
            action()
        except (BusinessProcessError, OSError) as error:
            self._terminal.write(safe(error))

    # --- processes -----------------------------------------------------------------------

    def _start_process(self, kind: str, script: str) -> None:
        self._numbers[script] += 1
        name = f"{kind}-{self._numbers[script]}"
        started = self._background.start(name, [str(HOME / script)], self._environment)
        wait_until(
            lambda: started.exit_code is not None or started.has_said(STARTED), SETTLE_SECONDS
        )
        if started.exit_code is None:
            self._say("started", name=name, pid=started.pid, log=started.log)
        else:
            code, word = started.exit_code, started.last_line()
            self._say("ended", name=name, code=code, word=safe(word), log=started.log)

    def _run_script(self, script: str, *arguments: str) -> None:
        self._tell_code(self._foreground([str(HOME / script), *arguments]))

    def _set_up(self) -> None:
        with self._output_here():
            code = setup.main([])
        self._tell_code(code)

    def _stop(self) -> None:
        stopped = [item.name for item in self._background.stop()]
        if housekeeping.stop_engine(self._settings):
            stopped.append(self._text("engine"))
        if stopped:
            self._say("stopped", names=", ".join(stopped))
        else:
            self._say("nothing_to_stop")

    def _delete(self) -> None:
        found = housekeeping.local_data(self._settings)
        names = ", ".join(path.name for path in found)
        if found:
            agreed = self._ask("sure", names=names, folder=self._settings.data_dir)
            if agreed.lower() in self._text("yes").split():
                self._background.stop()
                housekeeping.delete_local_data(self._settings)
                self._say("deleted", names=names)
                return
        self._say("nothing_deleted")

    # --- executions ----------------------------------------------------------------------

    def _start(self) -> None:
        order = self._json()
        self._run_command("start", f"--input={order}")

    def _json(self) -> str:
        """JSON text that begins with a brace, or the name of a file that holds JSON."""
        while True:
            given = self._given("json")
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

    def _resume(self) -> None:
        workflow_id, run_id = self._execution()
        step = self._step()
        reason = self._ask("reason")
        options = [f"--reason={reason}"] if reason else []
        self._agreed("resume", f"--step={step}", *options, "--", workflow_id, *run_id)

    def _steer(self) -> None:
        """Choose an action, be told what it will do, agree, and have it done."""
        workflow_id, run_id = self._execution()
        action = self._action()
        options = [f"--{name}={self._given(name)}" for name in ACTIONS[action]]
        reason = self._ask("reason")
        options += [f"--reason={reason}"] if reason else []
        self._agreed(action, *options, "--", workflow_id, *run_id)

    def _agreed(self, *command: str) -> None:
        """Tell what a command will do; run it if that is possible, and agreed to."""
        if self._run_command(command[0], "--dry-run", *command[1:]):
            return
        if self._ask("agree").lower() in self._text("yes").split():
            self._say("same", command=shlex.join(["python", "workflow_starter.py", *command]))
            self._run_command(*command)

    def _action(self) -> str:
        names = list(ACTIONS)
        for number, name in enumerate(names, 1):
            self._terminal.write(f"{number:>3}  {name:<10} {self._text(name)}")
        while True:
            answer = self._given("action")
            if answer in names:
                return answer
            if answer.isdecimal() and 1 <= int(answer) <= len(names):
                return names[int(answer) - 1]
            self._say("no_such_choice", answer=answer)

    def _about_one(self, command: str) -> None:
        workflow_id, run_id = self._execution()
        self._run_command(command, "--", workflow_id, *run_id)

    def _execution(self) -> tuple[str, list[str]]:
        """An execution of the user's choice: its workflow id, and its run id if it was listed."""
        self._kind = None
        listed = self._starter.list_workflows(Filter(runs=False), limit=CHOICES)
        if not listed:
            self._say("no_workflows")
            raise Back
        for number, item in enumerate(listed, 1):
            self._terminal.write(f"{number:>3}  {_line(item)}")
        while True:
            answer = self._given("which")
            if not answer.isdecimal():
                return answer, []
            if 1 <= int(answer) <= len(listed):
                item = listed[int(answer) - 1]
                self._kind = item["type"], item["version"]
                return item["workflow_id"], [item["run_id"]]
            self._say("no_such_number", answer=answer)

    def _step(self) -> str:
        definition = (published.find(*self._kind) if self._kind else None) or process.shipped()
        steps = list(definition.places)
        for number, name in enumerate(steps, 1):
            self._terminal.write(f"{number:>3}  {name}")
        while True:
            answer = self._given("step")
            if answer.rpartition(".")[2] in steps:  # a path ends with its step
                return answer
            if answer.isdecimal() and 1 <= int(answer) <= len(steps):
                return steps[int(answer) - 1]
            self._say("no_such_step", answer=answer)

    def _run_command(self, *arguments: str) -> int:
        with self._output_here():
            try:
                code = self._command(arguments)
            except SystemExit as end:  # argparse ends so, after a line of its own
                code = end.code if isinstance(end.code, int) else 1
        self._tell_code(code)
        return code

    # --- small things --------------------------------------------------------------------

    def _change_language(self) -> None:
        self._language = LANGUAGES[1 - LANGUAGES.index(self._language)]

    def _given(self, key: str) -> str:
        """An answer that is not empty; an empty one leads back to the menu."""
        answer = self._ask(key)
        if not answer:
            raise Back
        return answer

    def _ask(self, key: str, **facts: object) -> str:
        return self._terminal.ask(self._text(key, **facts))

    def _say(self, key: str, **facts: object) -> None:
        self._terminal.write(self._text(key, **facts))

    def _tell_code(self, code: int) -> None:
        if code:
            self._say("exit_code", code=code)

    def _text(self, key: str, **facts: object) -> str:
        return text(self._language, key, **facts)

    @contextlib.contextmanager
    def _output_here(self) -> Iterator[None]:
        """Within the block what is printed goes where the menu is written."""
        sink = self._terminal.sink
        with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
            yield


def in_foreground(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """Run a Python script on this terminal and wait for it; Ctrl+C is its own affair."""
    command = [sys.executable, *arguments]
    with interrupts_held():
        child = subprocess.Popen(command, env=environment)  # noqa: S603 - our own programs
    try:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                continue  # the terminal told the child as well
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait()


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


def main() -> int:
    """The menu on this terminal; gives the exit code."""
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        menu = _menu(dict(os.environ))
        with cleaned_up(menu.close, [number for number in SIGNALS if number.name != "SIGINT"]):
            menu.run()
    except BusinessProcessError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except Interrupted as interrupted:
        return interrupted.exit_code
    return 0


def _menu(environment: Mapping[str, str]) -> Menu:
    """The menu on this terminal.  Its own log lines would stand between its questions."""
    os.environ["LOG_LEVEL"] = "WARNING"
    settings = config.settings()
    return Menu(
        Terminal(sys.stdin, sys.stdout),
        settings,
        Background(settings.data_dir / "logs"),
        language=language_of(environment),
        foreground=partial(in_foreground, environment=environment),
        environment=environment,
    )


if __name__ == "__main__":
    sys.exit(main())
