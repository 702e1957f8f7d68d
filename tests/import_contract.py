"""The contract type of our import rules (`lint-imports`, see pyproject.toml).

Import Linter's graph holds packages only; what the modules at the top level import is added
here, so that rules see the arrows through them as well.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from grimp import ImportGraph
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.domain.contract import ContractCheck

HOME = Path(__file__).resolve().parent.parent


class RoomContract(ForbiddenContract):
    """What a room never knows, directly or through others.  Options as those of `forbidden`."""

    # Import Linter reads the options of a class, not those of its bases.
    source_modules = ForbiddenContract.source_modules
    forbidden_modules = ForbiddenContract.forbidden_modules
    ignore_imports = ForbiddenContract.ignore_imports
    allow_indirect_imports = ForbiddenContract.allow_indirect_imports
    unmatched_ignore_imports_alerting = ForbiddenContract.unmatched_ignore_imports_alerting
    as_packages = ForbiddenContract.as_packages
    broken_contract_guidance = ForbiddenContract.broken_contract_guidance

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 - its API
        """As the contract `forbidden` does, with the top level in the graph."""
        for path in sorted(HOME.glob("*.py")):
            if path.stem not in graph.modules:
                graph.add_module(path.stem, is_squashed=True)
            for line, imported in imports(ast.parse(path.read_text(encoding="utf-8"))):
                _add(graph, path.stem, line, imported)
        return super().check(graph, verbose)


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each import, but for those that only type checkers read."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            pending.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        pending.extend(ast.iter_child_nodes(node))


def _add(graph: ImportGraph, importer: str, line: int, dotted: str) -> None:
    """Add an import of the longest part of the name that is a module of the graph."""
    parts = dotted.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    imported = next((name for name in names if name in graph.modules), None)
    if imported is None:
        imported = parts[0]
        graph.add_module(imported, is_squashed=True)
    graph.add_import(importer=importer, imported=imported, line_number=line, line_contents="")
