"""Every case of every table, run in-process and on SWF by one test body."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from runner import conformance
from tests.asl.drivers import SHARED, TABLES, Case, Driver, cases_of, check, in_process, on_swf

FILES = [SHARED / "cases.jsonl", *sorted(TABLES.glob("*.jsonl"))]
CASES = [case for path in FILES if path.stem != "validation" for case in cases_of(path)]
DEFINITIONS = [c for p in FILES if p.stem == "validation" for c in cases_of(p)]


@pytest.fixture(scope="module", params=["in-process", "SWF"])
def driver(request: Any, tmp_path_factory: Any) -> Iterator[Driver]:
    """Both ways of running a case."""
    if request.param == "in-process":
        yield in_process
        return
    with on_swf(tmp_path_factory.mktemp("swf"), LOG_LEVEL="ERROR") as driving:
        yield driving


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_case_gives_what_step_functions_gives(driver: Driver, case: Case) -> None:
    check(case, driver(case))


@pytest.mark.parametrize("case", DEFINITIONS, ids=lambda case: case["id"])
def test_a_definition_is_accepted_or_refused_as_by_step_functions(case: Case) -> None:
    found = conformance.check(case)
    assert found["valid"] is case["expect"]["valid"], (case["note"], found.get("reason"))


def test_every_case_has_a_name_of_its_own() -> None:
    names = [case["id"] for case in [*CASES, *DEFINITIONS]]
    assert len(names) == len(set(names))
