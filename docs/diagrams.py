"""The pictures of DIAGRAMS.md that code can draw: definitions, rooms, a rollback."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import asl
import pictures
import published
from config import Settings
from docs.markdown import block
from runner.timeline import Entry
from workflow import process as python_process
from workflow import step

ROOT = Path(__file__).resolve().parents[1]
NO_ROOMS = frozenset({"bench", "docs", "tests"})
PAGES = {"setup", "demo", "bootstrap"}
"""Scripts that are drawn as doors."""


# --- definitions ----------------------------------------------------------------------------------


def shipped(_: Settings) -> str:
    """The process that ships."""
    return _drawn(published.FOLDER / "BusinessProcess@1.0.asl.json")


def definitions(_: Settings) -> str:
    """The other definitions in `definitions/`, each under its name."""
    files = sorted(published.FOLDER.glob("*.asl.*"))
    others = [path for path in files if not path.name.startswith("BusinessProcess@")]
    return "\n\n".join(f"### {path.name.partition('.asl')[0]}\n\n{_drawn(path)}" for path in others)


def _drawn(path: Path) -> str:
    document = asl.read(path.read_text(encoding="utf-8")).document
    said = document.get("Comment")
    before = f"{said}\n\n" if said else ""
    return before + block(pictures.mermaid(document), "mermaid")


# --- rooms ----------------------------------------------------------------------------------------

Arrows = dict[str, set[str]]
"""What each room imports."""


def rooms(_: Settings) -> str:
    """Which room imports which: at once, or only where a function needs it."""
    known = _rooms()
    always, on_demand = _imports(known)
    solid = _reduced(always)
    lines = ["flowchart LR", *(f"  {_node(name, known)}" for name in sorted(known))]
    lines += [f"  {here} --> {there}" for here in sorted(solid) for there in sorted(solid[here])]
    lines += [
        f"  {here} -.-> {there}"
        for here in sorted(on_demand)
        for there in sorted(on_demand[here] - _reach(always)[here])
    ]
    return block("\n".join(lines), "mermaid")


def _node(name: str, known: dict[str, list[Path]]) -> str:
    """A module by itself is drawn with its ending, a package as a folder, a script as a door."""
    if name in PAGES:
        return f'{name}(["{name}.py"])'
    folder = (ROOT / name).is_dir()
    return f'{name}["{name}/"]' if folder and len(known[name]) else f'{name}("{name}.py")'


def _rooms() -> dict[str, list[Path]]:
    """The modules and packages of the top level, with their files."""
    found = {path.stem: [path] for path in ROOT.glob("*.py")}
    for path in ROOT.glob("*/__init__.py"):
        if path.parent.name not in NO_ROOMS:
            found[path.parent.name] = sorted(path.parent.rglob("*.py"))
    return found


def _imports(known: dict[str, list[Path]]) -> tuple[Arrows, Arrows]:
    """Imports of modules, and those that are made later: by functions, and by scripts that run."""
    always: Arrows = {name: set() for name in known}
    on_demand: Arrows = {name: set() for name in known}
    for name, files in known.items():
        for path in files:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node, inside in _walk(tree, inside=False):
                to = {named.partition(".")[0] for named in _named(node)} & known.keys() - {name}
                (on_demand if inside else always)[name].update(to)
    return always, on_demand


def _walk(node: ast.AST, *, inside: bool) -> Iterator[tuple[ast.AST, bool]]:
    """The nodes of a module, each with whether they run later; not what is only for types."""
    for child in ast.iter_child_nodes(node):
        test = ast.unparse(child.test) if isinstance(child, ast.If) else ""
        if test == "TYPE_CHECKING":
            continue
        function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef))
        within = inside or function or test.startswith("__name__")
        yield child, within
        yield from _walk(child, inside=within)


def _named(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return [node.module]
    return []


def _reach(arrows: Arrows) -> Arrows:
    """What each room imports, also by others."""
    found: Arrows = {}
    for name in arrows:
        seen: set[str] = set()
        waiting = list(arrows[name])
        while waiting:
            if (here := waiting.pop()) not in seen:
                seen.add(here)
                waiting.extend(arrows[here])
        found[name] = seen
    return found


def _reduced(arrows: Arrows) -> Arrows:
    """The arrows without those that others lead to as well."""
    reach = _reach(arrows)
    return {
        here: {
            there
            for there in targets
            if not any(there in reach[other] for other in targets - {there})
        }
        for here, targets in arrows.items()
    }


# --- a rollback -----------------------------------------------------------------------------------


def saga(_: Settings) -> str:
    """A rollback as the engine in-process makes it: the third step fails for good."""
    from runner.testing import fails, simulate  # noqa: PLC0415 - the name `simulate` is common

    order = python_process(
        "Order",
        "1.0",
        [step("Pay", compensation="Refund"), step("Reserve", compensation="Release"), step("Ship")],
    )
    ended = simulate(order, {}, {"Ship": fails("CarrierError: no van")})
    lines = ["sequenceDiagram", "  participant D as decider", "  participant W as activity worker"]
    lines += [f"  {line}" for entry in ended.timeline for line in _told(entry)]
    return block("\n".join(lines), "mermaid")


def _told(entry: Entry) -> list[str]:
    """An entry of the timeline as lines of a sequence diagram."""
    tell = TOLD.get(entry.what)
    what = f"{entry.undo} of {entry.step}" if entry.undo else str(entry.step)
    return [] if tell is None else [tell(entry, what)]


def _begins(entry: Entry, what: str) -> str:
    again = f", attempt {entry.attempt}" if (entry.attempt or 1) > 1 else ""
    return f"D->>W: {what}{again}"


TOLD: dict[str, Callable[[Entry, str], str]] = {
    "begins": _begins,
    "completed": lambda _, what: f"W-->>D: {what} completed",
    "failed": lambda _, what: f"W-->>D: {what} failed",
    "retries": lambda e, _: f"Note over D: SWF's timer, {e.detail.removeprefix('in ')}",
    "rolls back": lambda e, _: f"Note over D: ROLLBACK_INITIATED, {e.detail.partition(':')[0]}",
    "undone": lambda e, _: f"Note over D: STEP_COMPENSATED, {e.step}",
    "ends": lambda e, _: f"Note over D: {e.detail.partition(':')[0]}",
}
"""What is told of each kind of entry; of the others nothing."""


PARTS: dict[str, Callable[[Settings], str]] = {
    "shipped": shipped,
    "definitions": definitions,
    "rooms": rooms,
    "saga": saga,
}
"""The generated parts by the name in their marker."""
