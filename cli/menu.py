"""The interactive menu, `./run.sh` without a command, in English and Brazilian Portuguese.

It shows how things stand, asks, and with everything it does prints the command that does the
same.  Deciders, workers and the page that it starts run in the background and are started
again after a crash, each with its log in the data folder; none outlives the menu.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from io import TextIOWrapper
from pathlib import Path

import config
import setup
from arguments import Parser, reported, safe
from background import SIGNALS, Background, Interrupted, cleaned_up, interrupts_held
from cli import app, by_hand, housekeeping
from cli.following import follow
from cli.menu_processes import Processes, address, told
from cli.menu_questions import ACTIONS, Back, Questions
from cli.menu_state import Lately
from cli.menu_texts import LANGUAGES, LOCALES, language_of
from cli.supervisor import News, Phase, Supervisor
from cli.terminal import EndOfInput, Terminal
from config import HOME, Settings
from errors import BusinessProcessError
from swf.connection import Patience
from swf_client import SwfClient
from workflow_starter import WorkflowStarter

INTERRUPTED = 130

Program = Callable[[Sequence[str]], int]
"""Runs arguments as a program; gives its exit code."""


class Menu:
    """Asks, and does what was chosen, until the user leaves."""

    def __init__(
        self,
        terminal: Terminal,
        settings: Settings,
        supervisor: Supervisor,
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
        self._command = command
        self._foreground = foreground or in_foreground
        self._starter = starter or WorkflowStarter(settings)
        self._questions = Questions(terminal, language, self._starter)
        engine_log = settings.swf_dir / "endpoint.log"
        self._processes = Processes(supervisor, log_folder(settings), environment, engine_log)
        supervisor.tell = self._tell_news
        self._open = Lately(self._count_open)
        self._engine_ran = housekeeping.engine_runs(settings)
        self._entries: dict[str, Callable[[], object]] = {
            "setup": self._set_up,
            "decider": lambda: self._start_process("decider"),
            "worker": lambda: self._start_process("worker"),
            "page": self._start_page,
            "log": self._follow,
            "demo": lambda: self._run_script("demo", "demo.py"),
            "start": self._start,
            "resume": self._resume,
            "steer": self._steer,
            "history": lambda: self._about_one("history"),
            "list": lambda: self._run_command("list", "--limit=20"),
            "monitor": lambda: self._about_one("monitor"),
            "stop": self._stop,
            "delete": self._delete,
            "tests": lambda: self._run_script("test", "bootstrap.py", "test"),
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
        self._questions.say("bye")

    def close(self) -> None:
        """Stop what this menu started; the embedded SWF too, unless it ran before."""
        self._starter.swf_client.stop(now=True)  # a count that is under way asks nothing more
        stopped = self._processes.stop()
        if not self._engine_ran and housekeeping.stop_engine(self._settings):
            stopped.append(self._text("embedded"))
        if stopped:
            self._questions.say("stopped", names=", ".join(stopped))

    # --- choosing ------------------------------------------------------------------------

    def _choose(self) -> Callable[[], object] | None:
        """The chosen entry's action; None to leave."""
        self._show()
        keys = list(self._entries)
        while True:
            answer = self._questions.ask("choice")
            if answer.lower() in ("0", "q"):
                return None
            if answer.isdecimal() and 1 <= int(answer) <= len(keys):
                return self._entries[keys[int(answer) - 1]]
            if answer:
                self._questions.say("no_such_choice", answer=answer)

    def _show(self) -> None:
        self._terminal.flush()
        self._terminal.write(f"\n{self._text('title')}")
        for line in self._state():
            self._terminal.write(f"  {line}")
        self._terminal.write()
        for number, key in enumerate(self._entries, 1):
            self._terminal.write(f"{number:>3}  {self._text(key)}")
        self._terminal.write(f"  0  {self._text('quit')}")

    def _state(self) -> list[str]:
        """The engine, how many executions are open, and the processes."""
        runs = self._settings.swf_endpoint != "local" or housekeeping.engine_runs(self._settings)
        engine = self._settings.engine + ("" if runs else f" ({self._text('engine_rests')})")
        count = (self._open.answer() if runs else None) or self._text("not_known_yet")
        processes = self._processes.state(self._text) or [self._text("no_processes")]
        return [f"{self._text('engine')}: {engine}", f"{self._text('open')}: {count}", *processes]

    def _count_open(self) -> str:
        count, more = self._starter.swf_client.count_open()
        return f"{count:,}" + ("+" if more else "")

    def _do(self, action: Callable[[], object]) -> None:
        try:
            action()
        except (BusinessProcessError, OSError) as error:
            self._terminal.write(safe(error))

    # --- processes -----------------------------------------------------------------------

    def _start_process(self, kind: str) -> None:
        self._same(by_hand.run_sh(kind))
        kept = self._processes.start(kind)
        if kept.phase in (Phase.STARTING, Phase.WORKING):  # else the news tell of it
            self._questions.say("started", name=kept.name, pid=kept.process.pid, log=kept.log)

    def _start_page(self) -> None:
        self._same(by_hand.run_sh("dashboard"))
        kept = self._processes.start_page()
        if kept.phase in (Phase.STARTING, Phase.WORKING):
            self._questions.say("page_at", address=address(kept) or "?", log=kept.log)

    def _tell_news(self, news: News) -> None:
        self._terminal.tell(told(news, self._text))

    def _follow(self) -> None:
        logs = self._processes.logs()
        if not logs:
            self._questions.say("no_logs")
            return
        path = self._questions.log(logs)
        self._same(by_hand.follow(path))
        self._questions.say("following", log=path)
        follow(path, self._terminal)

    def _run_script(self, name: str, script: str, *arguments: str) -> None:
        self._same(by_hand.run_sh(name))
        self._tell_code(self._foreground([str(HOME / script), *arguments]))

    def _set_up(self) -> None:
        self._same(by_hand.run_sh("setup"))
        with self._output_here():
            code = setup.main([])
        self._tell_code(code)

    def _stop(self) -> None:
        self._same(by_hand.stop(self._processes.running()))
        stopped = self._processes.stop()
        if housekeeping.stop_engine(self._settings):
            stopped.append(self._text("embedded"))
        if stopped:
            self._questions.say("stopped", names=", ".join(stopped))
        else:
            self._questions.say("nothing_to_stop")

    def _delete(self) -> None:
        self._same(by_hand.run_sh("clean"))
        found = housekeeping.local_data(self._settings)
        names = ", ".join(path.name for path in found)
        if found and self._questions.agreed("sure", names=names, folder=self._settings.data_dir):
            self._processes.stop()
            housekeeping.delete_local_data(self._settings)
            self._questions.say("deleted", names=names)
        else:
            self._questions.say("nothing_deleted")

    # --- executions ----------------------------------------------------------------------

    def _start(self) -> None:
        self._run_command("start", f"--input={self._questions.json()}")

    def _resume(self) -> None:
        workflow_id, run_id = self._questions.execution(mended=True)
        step = self._questions.step()
        reason = self._questions.ask("reason")
        options = [f"--reason={reason}"] if reason else []
        self._agreed("resume", f"--step={step}", *options, "--", workflow_id, *run_id)

    def _steer(self) -> None:
        """Choose an action, be told what it will do, agree, and have it done."""
        workflow_id, run_id = self._questions.execution()
        action = self._questions.action()
        options = [f"--{name}={self._questions.given(name)}" for name in ACTIONS[action]]
        reason = self._questions.ask("reason")
        options += [f"--reason={reason}"] if reason else []
        self._agreed(action, *options, "--", workflow_id, *run_id)

    def _agreed(self, *command: str) -> None:
        """Tell what a command will do; run it if that is possible, and agreed to."""
        self._same(by_hand.run_sh(*command))
        if self._run(command[0], "--dry-run", *command[1:]):
            return
        if self._questions.agreed("agree"):
            self._run(*command)

    def _about_one(self, command: str) -> None:
        workflow_id, run_id = self._questions.execution()
        self._run_command(command, "--", workflow_id, *run_id)

    def _run_command(self, *arguments: str) -> None:
        self._same(by_hand.run_sh(*arguments))
        self._run(*arguments)

    def _run(self, *arguments: str) -> int:
        with self._output_here():
            try:
                code = self._command(arguments)
            except SystemExit as end:  # argparse ends so, after a line of its own
                code = end.code if isinstance(end.code, int) else 1
        self._tell_code(code)
        return code

    # --- small things --------------------------------------------------------------------

    def _change_language(self) -> None:
        language = LANGUAGES[1 - LANGUAGES.index(self._questions.language)]
        self._questions.language = language
        self._same(by_hand.run_sh(locale=LOCALES[language]))

    def _same(self, command: str) -> None:
        self._questions.say("same", command=command)

    def _tell_code(self, code: int) -> None:
        if code:
            self._questions.say("exit_code", code=code)

    def _text(self, key: str, **facts: object) -> str:
        return self._questions.text(key, **facts)

    @contextlib.contextmanager
    def _output_here(self) -> Iterator[None]:
        """Within the block what is printed goes where the menu is written."""
        sink = self._terminal.sink
        with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
            yield


# --- the program -------------------------------------------------------------------------


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


def log_folder(settings: Settings) -> Path:
    """Where the processes of the menu write."""
    return settings.data_dir / "logs"


def main(arguments: Sequence[str] | None = None) -> int:
    """The menu on this terminal; gives the exit code."""
    build_parser().parse_args(arguments)
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        menu = _menu(dict(os.environ))
        with cleaned_up(menu.close, [number for number in SIGNALS if number.name != "SIGINT"]):
            menu.run()
    except BusinessProcessError as error:
        print(reported(error), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except Interrupted as interrupted:
        return interrupted.exit_code
    return 0


def build_parser() -> Parser:
    """The menu has no options; its settings are the environment's and those of .env."""
    return Parser(
        prog="run.sh menu",
        description="The interactive menu: start processes and executions, follow and steer them.",
        epilog="example: LANG=pt_BR.UTF-8 SWF_ENDPOINT=local ./run.sh",
    )


def _menu(environment: Mapping[str, str]) -> Menu:
    """The menu on this terminal.  Its own log lines would stand between its questions."""
    os.environ["LOG_LEVEL"] = "WARNING"
    settings = config.settings()
    client = SwfClient(settings, patience=Patience(ordinary=app.REFUSED_SECONDS))
    return Menu(
        Terminal(sys.stdin, sys.stdout),
        settings,
        Supervisor(Background(log_folder(settings))),
        language=language_of(environment),
        foreground=partial(in_foreground, environment=environment),
        starter=WorkflowStarter(settings, swf_client=client),
        environment=environment,
    )


if __name__ == "__main__":
    sys.exit(main())
