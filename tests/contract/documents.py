"""Documents as tests run them: their blocks, and a shell for their commands and programs.

The shell also runs `python -m dashboard`, and the `curl` that asks it.
"""

from __future__ import annotations

import functools
import os
import re
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from dotenv import dotenv_values

import cli
import config
import published
import setup
import workflow_starter
from activity_worker import ActivityWorker
from runner import conformance
from tests.application import Application, settings_for
from tests.contract.served_page import Page

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SAVED = re.compile(r"`((?:definitions/)?[\w@.-]+\.(?:json|jsonl|env|py))`")


@dataclass(frozen=True)
class Block:
    """A fenced block, and the section and sentence it stands in."""

    section: str
    before: str
    language: str
    text: str

    @property
    def saved_as(self) -> str | None:
        """The file that the sentence before it has one save it as."""
        found = SAVED.findall(self.before) if self.language else []
        return found[-1] if found else None


def named_tests(text: str) -> list[tuple[str, str]]:
    """The tests that a document names: file, and function where there is one."""
    return sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(?:\w+::)?(\w+))?`", text)))


def is_there(file: str, name: str) -> bool:
    """Whether there is such a test."""
    text = read(file)
    return f"def {name}(" in text if name else "def test_" in text or "class Test" in text


def read(name: str) -> str:
    """A document's text, by its path from the root."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks_of(text: str) -> list[Block]:
    """The fenced blocks of a document, in order."""
    found = []
    for match in BLOCK.finditer(text):
        before = text[: match.start()].rstrip()
        headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", before), re.MULTILINE)
        found.append(Block(headings[-1], before.rpartition("\n\n")[2], *match.groups()))
    return found


def lines_of(block: Block) -> list[str]:
    """The commands of a block without a language."""
    lines = (line.strip() for line in block.text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


class Shell:
    """Runs what a document shows, in its order, on an embedded SWF.

    Timers run only while a command waits for an end: whatever is open otherwise stays where it
    is.  A worker that is started takes the place of the one before.
    """

    def __init__(self, app: Application, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.app, self.folder, self._patch = app, folder, patch
        self.words = {"WORKFLOW_ID": "", "RUN_ID": ""}
        self.page: Page | None = None
        self._worker: ActivityWorker | None = None
        app.swf.clock.lock()
        self._run_worker = ActivityWorker.run
        shell = self

        def run(worker: ActivityWorker) -> None:
            shell.start_worker(worker)

        patch.setattr(ActivityWorker, "run", run)

    @property
    def workflow_id(self) -> str:
        """The execution that was started last."""
        return self.words["WORKFLOW_ID"]

    def start_worker(self, worker: ActivityWorker) -> None:
        """Run an activity worker instead of the one that runs."""
        self.stop_worker()
        worker.run = functools.partial(self._run_worker, worker)  # type: ignore[method-assign]
        self._worker = self.app.worker(worker)

    def stop_worker(self) -> None:
        """What Ctrl+C does in the worker's terminal."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def take(self, block: Block) -> None:
        """Save a block, or run it."""
        if block.saved_as is not None:
            (self.folder / block.saved_as).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            self.python(block.text)
        elif not block.language:
            for line in lines_of(block):
                self.run(line)

    def python(self, text: str, name: str = "block.py") -> dict[str, Any]:
        """Run a program; gives its names."""
        names: dict[str, Any] = {"__name__": "__main__"}
        with self._time_passes():
            exec(compile(text, name, "exec"), names)
        return names

    def run(self, line: str) -> int:
        """Run one command line; gives its exit code."""
        words = shlex.split(line, comments=True)
        words = [self.words.get(word, word) for word in words]
        if words[0] == "curl":
            return self._asks(words[1:])
        if words[-2:-1] == [">"]:
            with (
                (self.folder / words[-1]).open("w", encoding="utf-8") as file,
                redirect_stdout(file),
            ):
                return self.run(shlex.join(words[:-2]))
        assert words[0] == "python", line
        return self._python(words[1], words[2:])

    def _python(self, program: str, rest: list[str]) -> int:
        if program == "setup.py":
            return setup.main(rest)
        if program == "decision_worker.py":
            self.app.decider()
        elif program == "activity_worker.py":
            self.start_worker(ActivityWorker(self._settings(rest)))
        elif rest[:1] == ["runner.conformance"]:
            self._conformance(rest[1:])
        elif rest[:1] == ["dashboard"]:
            self.close_page()
            self.page = Page(rest[1:], self._patch)
        elif program == "-c":
            self.python(rest[0])
        elif program == "-m":
            self._tests(rest)
        elif program == "workflow_starter.py":
            return self._command(rest)
        else:
            self.python((self.folder / program).read_text(encoding="utf-8"), program)
        return 0

    def _command(self, words: list[str]) -> int:
        waits = "--wait" in words or words[0] == "monitor"
        if words[0] == "start":
            setup.main([])  # on `local`, `start` registers what it needs
        known = {found["run_id"] for found in self.app.starter.list_workflows(limit=None)}
        if waits:
            with self._time_passes():
                code = cli.main(words)
        else:
            code = cli.main(words)
        new = [e for e in self.app.starter.list_workflows(limit=None) if e["run_id"] not in known]
        if new:
            self.words["WORKFLOW_ID"] = new[0]["workflow_id"]
            self.words["RUN_ID"] = new[0]["run_id"]
        return code

    def close_page(self) -> None:
        """What Ctrl+C does in the page's terminal."""
        if self.page is not None:
            self.page.close()
            self.page = None

    def _asks(self, words: list[str]) -> int:
        """What curl does: `-o FILE` saves, otherwise the answer is printed."""
        assert self.page is not None, "no page is served"
        saved = words[words.index("-o") + 1] if "-o" in words else None
        address = words[-1]
        for name in ("WORKFLOW_ID", "RUN_ID"):
            address = address.replace(name, self.words[name].replace("/", "~"))
        answer = self.page.get(address)
        if saved is None:
            sys.stdout.write(answer)
        else:
            (self.folder / saved).write_text(answer, encoding="utf-8")
        return 0

    def _conformance(self, words: list[str]) -> None:
        assert words[0] == "<", words
        with (self.folder / words[1]).open(encoding="utf-8") as lines:
            conformance.batch(lines, conformance.run, sys.stdout)

    def _tests(self, words: list[str]) -> None:
        assert words[0] == "pytest", words
        text = (self.folder / words[1]).read_text(encoding="utf-8")
        names: dict[str, Any] = {"__name__": "tests"}
        exec(compile(text, words[1], "exec"), names)
        found = [names[name] for name in names if name.startswith("test_")]
        assert found, words
        for test in found:
            test()

    def _settings(self, words: list[str]) -> config.Settings:
        if not words:
            return self.app.settings
        assert words[0] == "--env-file", words
        values = dotenv_values(self.folder / words[1])
        written = {name: value for name, value in values.items() if value is not None}
        return settings_for(self.app.swf, self.folder, **written)

    @contextmanager
    def _time_passes(self) -> Iterator[None]:
        self.app.swf.clock.unlock()
        try:
            yield
        finally:
            self.app.swf.clock.lock()

    def until(self, condition: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """The execution's status, once it is as it should be."""
        limit = time.monotonic() + 20
        while time.monotonic() < limit:
            status: Any = self.app.starter.status(self.workflow_id)
            if condition(status):
                return dict(status)
            time.sleep(0.01)
        raise AssertionError(status)


AnyShell = TypeVar("AnyShell", bound=Shell)


def shell_in(
    app: Application, folder: Path, patch: pytest.MonkeyPatch, kind: type[AnyShell]
) -> AnyShell:
    """A shell in a folder as the repository is."""
    shutil.copytree(published.FOLDER, folder / "definitions")
    shutil.copytree(ROOT / "docs" / "examples", folder / "docs" / "examples")
    patch.setattr(published, "FOLDER", folder / "definitions")
    patch.setattr(config, "_current", app.settings)
    patch.setattr(sys, "path", [str(folder), *sys.path])
    patch.chdir(folder)
    rest = time.sleep
    quick = SimpleNamespace(sleep=lambda _: rest(0.01), monotonic=time.monotonic, time=time.time)
    patch.setattr(workflow_starter, "time", quick)  # between two looks of `monitor`
    for name in [name for name in os.environ if name.startswith(("NOTIFIER", "PAYLOAD"))]:
        patch.delenv(name)
    for name, value in {"SWF_ENDPOINT": app.swf.url, "DATA_DIR": str(folder)}.items():
        patch.setenv(name, value)
    return kind(app, folder, patch)
