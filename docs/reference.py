"""REFERENCE.md: commands, options and settings, from the parsers and the settings themselves."""

from __future__ import annotations

import argparse
import ast
import inspect
from collections.abc import Callable, Iterator
from dataclasses import Field, fields
from itertools import pairwise
from pathlib import Path

import activity_worker
import bootstrap
import config
import demo
import errors
import polling
import setup
from cli import app, housekeeping
from cli.command import Command
from config import Settings
from dashboard import __main__ as dashboard
from decision_worker import DecisionWorker
from docs.markdown import block, code, table
from docs.options import options, usage
from local_swf import cli as local_swf

COMMON = ("json", "utc", "env_file")
"""Options that every command of workflow_starter.py has."""
REFUSED = ("\0" * 300 + "://", "1")
"""Values that settings refuse which are choosy: their complaints say what is allowed."""

CODES = {
    0: "done",
    1: "the process itself failed: an execution that did not complete, a definition with mistakes",
    2: "something to mend in what was asked or configured",
    3: "SWF or the store of large values could not be reached, or refused",
    app.INTERRUPTED: "interrupted by Ctrl+C",
    app.BROKEN_PIPE: "whoever read the output is gone",
}


# --- workflow_starter.py --------------------------------------------------------------------------


def common(_: Settings) -> str:
    """The options of every command."""
    return options(app.build_parser())


def commands(_: Settings) -> str:
    """Every command."""
    return "\n\n".join(map(_command, app.COMMANDS))


def _command(command: Command) -> str:
    parser = argparse.ArgumentParser(add_help=False)
    command.add_arguments(parser)
    line = f"python {app.PROGRAM} {command.name} {usage(parser)}".rstrip()
    parts = [
        f"### {command.name}",
        f"{_sentence(command.help)}",
        block(line, "text"),
        options(parser),
        "Example:",
        block(f"python {app.PROGRAM} {command.example}", "sh"),
        f"`--json`: {' '.join(command.fields.split())}",
    ]
    return "\n\n".join(filter(None, parts))


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def exit_codes(_: Settings) -> str:
    """Exit codes, and the errors that end a program with each."""
    named: dict[int, list[str]] = {number: [] for number in CODES}
    for name, found in vars(errors).items():
        if isinstance(found, type) and issubclass(found, errors.BusinessProcessError):
            named[found.exit_code].append(code(name))
    rows = [[str(number), CODES[number], ", ".join(sorted(named[number]))] for number in CODES]
    return table(["Code", "Meaning", "Errors that end with it"], rows)


# --- the other programs ---------------------------------------------------------------------------


def programs(_: Settings) -> str:
    """Workers, setup, demo and the page."""
    decides = inspect.signature(DecisionWorker).parameters["concurrency"].default
    found = {
        "decision_worker.py": polling.build_parser("Poll for decision tasks and decide.", decides),
        "activity_worker.py": polling.build_parser(
            "Poll for activity tasks and run them.", activity_worker.CONCURRENCY
        ),
        "setup.py": setup.build_parser(),
        "demo.py": demo.build_parser(),
        "-m dashboard": dashboard.parser(),
    }
    return "\n\n".join(_program(f"python {name}", parser) for name, parser in found.items())


def embedded(_: Settings) -> str:
    """The embedded SWF by itself."""
    found = {
        "python -m local_swf": local_swf.build_parser(),
        "python -m local_swf stop": local_swf.build_daemon_parser("stop"),
        "python -m local_swf status": local_swf.build_daemon_parser("status"),
    }
    return "\n\n".join(_program(name, parser) for name, parser in found.items())


def _program(name: str, parser: argparse.ArgumentParser) -> str:
    line = f"{name} {usage(parser)}".rstrip()
    more = (parser.epilog or "").replace("%(prog)s", name.removeprefix("python "))
    parts = [
        f"### {name}",
        parser.description,
        block(line, "text"),
        options(parser),
        block(more, "text") if more else None,
    ]
    return "\n\n".join(part for part in parts if part)


def run_sh(_: Settings) -> str:
    """What `run.sh` and `run.bat` take."""
    scripts = {**bootstrap.SCRIPTS, **{name: ("-m", *m) for name, m in bootstrap.MODULES.items()}}
    same = [name for name in bootstrap.STARTER_COMMANDS if scripts[name][-1] == name]
    rows = [
        [code(f"./run.sh {name}"), code(" ".join(["python", *words]))]
        for name, words in scripts.items()
        if name not in same
    ]
    rows.append(["`./run.sh test`", code(" ".join(["python -m pytest", *bootstrap.SIDE_BY_SIDE]))])
    rows.append([f"`./run.sh COMMAND`: {', '.join(same)}", "`python workflow_starter.py COMMAND`"])
    parts = [
        block(bootstrap.HELP, "text"),
        "What each runs, in `.venv`; what follows goes to it:",
        table(["Command", "Runs"], rows),
        "`stop` and `clean` take:",
        options(housekeeping.build_parser(), without=["command"]),
    ]
    return "\n\n".join(parts)


# --- settings -------------------------------------------------------------------------------------


def settings(_: Settings) -> str:
    """Every setting: name, default, what is allowed, meaning."""
    meanings = dict(_meanings())
    rows = [
        [_names(item), _default(item), _allowed(item), meanings[item.name]]
        for item in fields(Settings)
    ]
    return table(["Name", "Default", "Allowed", "Meaning"], rows)


def _names(item: Field[object]) -> str:
    older = [f"older: {code(name)}" for name in item.metadata["older"]]
    return "; ".join([code(item.metadata["name"]), *older])


def _default(item: Field[object]) -> str:
    return code(item.metadata["default"]) if item.metadata["default"] else ""


def _allowed(item: Field[object]) -> str:
    """What the setting says when it refuses values."""
    said: list[str] = []
    for value in REFUSED:
        try:
            found = item.metadata["parse"](value)
        except ValueError as error:
            said.append(str(error))
    if said:
        return "; ".join(dict.fromkeys(said))
    return "a folder" if isinstance(found, Path) else "any text"


def _meanings() -> Iterator[tuple[str, str]]:
    """The line under each field of `Settings`, which is where a setting is explained."""
    body = next(
        node.body
        for node in ast.parse(inspect.getsource(config)).body
        if isinstance(node, ast.ClassDef) and node.name == "Settings"
    )
    for field, following in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            said = following.value if isinstance(following, ast.Expr) else None
            if not isinstance(said, ast.Constant):
                raise TypeError(f"config.Settings.{field.target.id} has no line under it")
            yield field.target.id, _by_names(" ".join(str(said.value).split()))


def _by_names(text: str) -> str:
    """Other settings by the names that users know."""
    for item in fields(Settings):
        text = text.replace(code(item.name), code(item.metadata["name"]))
    return text


PARTS: dict[str, Callable[[Settings], str]] = {
    "common": common,
    "commands": commands,
    "exit-codes": exit_codes,
    "programs": programs,
    "embedded": embedded,
    "run": run_sh,
    "settings": settings,
}
"""The generated parts by the name in their marker."""
