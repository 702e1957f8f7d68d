"""No request leads to a file of its choice, a shell, or code: what could is counted here.

The rooms that answer requests, and those that they lean on, start processes, run text as code and
open files at these places only, each with where its path comes from.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

import published
import wire
from errors import PayloadError
from payloads import Codec, DirectoryStore, Payloads
from tests.contract.documents import ROOT
from workflow import process, step

ROOMS = (
    "asl", "dashboard", "expressions", "local_swf", "payloads", "pictures", "runner", "starter",
    "swf", "telemetry", "workflow", "config.py", "logs.py", "process.py", "published.py",
    "redaction.py", "swf_client.py", "wire.py", "workflow_starter.py",
)  # fmt: skip
"""What is behind the ports: the embedded SWF's, the page's, health's and metrics'."""

CODE = {"eval", "exec", "compile", "__import__", "import_module", "run_path", "run_module"}
RUNS = {
    "system",
    "popen",
    "posix_spawn",
    "fork",
    "forkpty",
    *(f"exec{x}" for x in ("l", "v", "ve")),
}
SHELLS = {"create_subprocess_exec", "create_subprocess_shell", "subprocess_exec", "startfile"}
MODULES = {"subprocess", "pickle", "marshal", "shelve", "ctypes", "pty", "runpy", "code"}
FILES = {
    *("open", "read_text", "read_bytes", "write_text", "write_bytes", "unlink", "rename"),
    *("rmtree", "mkdir", "symlink_to", "copytree", "copyfile", "FileResponse"),
}

PROCESSES = {
    "local_swf/daemon.py": "starts the endpoint itself, with arguments of its own",
}
"""Where modules that could start something are imported."""

PLACES = {
    "dashboard/languages.py": "the page's own translations",
    "dashboard/offline.py": "files named on the command line: --offline",
    "dashboard/pages.py": "the page's own style",
    "dashboard/__main__.py": "opens a browser at its own address: --open",
    "local_swf/completeness.py": "a developer's command; nothing serves it",
    "local_swf/daemon.py": "the data folder of the settings",
    "local_swf/database.py": "its own SQL, and the database of the command line",
    "local_swf/faults.py": "the file of the command line: --faults",
    "payloads/directory.py": "the store of the settings; names are SHA-256 in hexadecimal",
    "pictures/svg.py": "its own style",
    "published.py": "names of files in definitions/ itself",
    "starter/costs/prices.py": "its own prices",
    "starter/definitions/publishing.py": "a checked name in definitions/",
}
"""Where files are opened, and where their paths come from."""

IMPORTERS = {
    "telemetry/sdk.py": "modules of OpenTelemetry, by names that stand there",
}
"""Where modules are imported by name."""

COMPILERS = {
    "expressions/jsonpath.py": "re.compile of a constant, or RE2",
    "expressions/intrinsics.py": "our own parser of intrinsic functions",
    "expressions/jsonata_batch.py": "our own compiler of JSONata, into closures",
    "expressions/jsonata/__init__.py": "the same",
}
"""Functions of ours that are called as Python's are."""


@cache
def sources() -> tuple[tuple[str, ast.Module], ...]:
    """Every module behind the ports."""
    rooms = (ROOT / room for room in ROOMS)
    files = [file for room in rooms for file in (room.rglob("*.py") if room.is_dir() else [room])]
    return tuple(
        (file.relative_to(ROOT).as_posix(), ast.parse(file.read_text("utf-8"))) for file in files
    )


def imported(tree: ast.Module) -> set[str]:
    """The modules that a module imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def called(tree: ast.Module, names: set[str], of: tuple[str, ...] = ()) -> set[str]:
    """Which of some functions a module calls; with `of`, as functions of these modules."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            holder, _, name = ast.unparse(node.func).rpartition(".")
            if name in names and (not of or holder in of):
                found.add(name)
    return found


def test_nothing_behind_the_ports_can_start_a_process() -> None:
    assert {name for name, tree in sources() if imported(tree) & MODULES} == PROCESSES.keys()
    assert not {name for name, tree in sources() if called(tree, RUNS, ("os",))}
    assert not {name for name, tree in sources() if called(tree, SHELLS)}


def test_no_text_becomes_code() -> None:
    plain = {name for name, tree in sources() if called(tree, CODE - {"compile"})}
    assert plain == IMPORTERS.keys()
    python = {name for name, tree in sources() if called(tree, {"compile"}, ("", "builtins"))}
    assert python <= COMPILERS.keys()
    for name in COMPILERS.keys() & python:
        tree = ast.parse((ROOT / name).read_text("utf-8"))
        ours = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
        brought = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        assert "compile" in ours | brought, f"{name} calls Python's own compile"


def test_files_are_opened_where_it_is_written_down() -> None:
    assert {name for name, tree in sources() if called(tree, FILES)} == PLACES.keys()


def test_templates_and_yaml_run_nothing() -> None:
    texts = {name: (ROOT / name).read_text("utf-8") for name, _ in sources()}
    assert [name for name, text in texts.items() if "from_string(" in text] == []
    assert [name for name, text in texts.items() if "yaml.load(" in text] == []


OUTSIDE = ("../secret", "/etc/secret", "a/../../secret", "..\\secret", "sub/secret", "x\0y", "..")


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_definitions_name_leads_to_no_other_folder(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "definitions"
    (folder / "sub").mkdir(parents=True)
    text = process("Secret", "1", [step("A")])
    for place in (tmp_path, folder / "sub"):
        published.write(text, place)
        (place / "Secret@1.asl.json").rename(place / "secret@1.asl.json")
        (place / "secret.example.json").write_text('"secret"')

    assert published.find(name, "1", folder) is None
    assert published.text_of(name, "1", folder) is None
    assert published.example_of(name, folder) is None


@pytest.mark.parametrize("name", [*OUTSIDE, "A" * 64, "a" * 63, "", None, 1, ["x"]])
def test_a_reference_leads_to_nothing_but_a_stored_value(name: object, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("root:")
    payloads = Payloads(DirectoryStore(tmp_path / "store"), Codec())
    text = wire.dumps({wire.REFERENCE: {"sha256": name, "size": 1}})
    try:
        told = payloads.expand_deep(text)
    except PayloadError as error:
        told = str(error)
    assert "root:" not in told
