"""`forecast`: what an execution or a definition costs, and how near it comes to every limit."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from arguments import count
from cli import sources
from cli.command import Arguments, Command
from cli.output import Output, table
from cli.parsing import json_from
from errors import InvalidInputError
from progress import bar
from runner.timeline import clock
from starter.costs.forecasting import Assumed, Counts, Forecast
from wire import Json

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter

USUAL = Assumed()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """An execution or a definition, and what is taken for granted."""
    parser.add_argument("workflow_id", metavar="WORKFLOW_ID", nargs="?")
    parser.add_argument(
        "run_id", metavar="RUN_ID", nargs="?", help="which run (default: the newest)"
    )
    parser.add_argument(
        "--definition",
        metavar="FILE|NAME[@VERSION]",
        help="a file, or a published process, instead",
    )
    parser.add_argument("--input", metavar="FILE", help="JSON input, with --definition")
    options = (
        ("--retries", "retries", count(0, 100), "failed attempts of each activity"),
        ("--items", "items", count(0, 100_000), "items of each map"),
        ("--turns", "turns", count(0, 10_000), "times that each loop is taken again"),
        ("--seconds", "seconds", _number, "that each activity takes"),
        ("--result-characters", "characters", count(0, 1_000_000), "of each activity's result"),
        ("--retention-days", "retention_days", _number, "that closed runs are kept"),
        ("--per-month", "per_month", count(1, 10**12), "executions a month"),
    )
    for option, name, kind, what in options:
        usual = getattr(USUAL, name)
        parser.add_argument(
            option, dest=name, metavar="N", type=kind, default=usual, help=f"{what} ({usual:g})"
        )


def _number(text: str) -> float:
    return float(text)


_number.__name__ = "number"  # argparse names it where it refuses a value


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Forecast, and print it."""
    names = Assumed.__dataclass_fields__
    assumed = Assumed(**{name: getattr(arguments, name) for name in names})
    if arguments.workflow_id and (arguments.definition or arguments.input):
        raise InvalidInputError("name a workflow id, or --definition (with --input), not both")
    if arguments.workflow_id:
        with bar("reading the history", as_json=output.as_json):
            found = starter.forecast_workflow(arguments.workflow_id, arguments.run_id, assumed)
    else:
        output.offline()
        value = json_from(arguments.input) if arguments.input else None
        named = arguments.definition
        chosen = sources.definition(named) if named else None
        found = starter.forecast_definition(chosen, assumed, input=value)
    output.result(found, text(found))
    return 0


def text(found: Forecast) -> list[str]:
    """Parts beside one another, calls, prices, limits."""
    parts = {
        "SO FAR": found["happened"],
        "LEFT (ESTIMATED)": found["left"],
        "TOTAL": found["total"],
    }
    shown = {head: part for head, part in parts.items() if part is not None}
    if found["workflow_id"] is None or len(shown) == 2:
        shown = {"TOTAL": found["total"]}
    who = found["workflow_id"] or "one execution"
    lines = [f"{who}: {found['type']} {found['version']}, taken to end {found['ends']}", ""]
    lines += table(["", *shown], _rows(shown))
    monthly = f"{found['per_month']:,} a month: ${found['dollars_per_month']['swf']:,.2f} on SWF"
    lines += ["", f"{monthly} (prices of {found['prices_of']}, without the free quota)", ""]
    limits = [
        [item["name"], _figure(item["most"]), _figure(item["limit"]), item["note"]]
        for item in found["limits"]
    ]
    return [*lines, *table(["LIMITS", "HERE", "OF", ""], limits)]


def _rows(parts: Mapping[str, Counts]) -> list[list[object]]:
    several = list(parts.values())
    rows: list[list[object]] = [
        ["Runs", *(f"{part['runs']:,}" for part in several)],
        ["Duration", *(clock(part["units"]["seconds"]) for part in several)],
        ["Events", *(f"{part['events']:,}" for part in several)],
    ]
    for name in ("activity_tasks", "decision_tasks", "timers", "signals", "markers"):
        units = [dict(part["units"]) for part in several]
        rows += [[_words(name), *(f"{unit[name]:,}" for unit in units)]]
    calls = sorted({call for part in several for call in part["calls"]})
    rows += [[f"  {call}", *(f"{p['calls'].get(call, 0):,}" for p in several)] for call in calls]
    prices: list[dict[str, Json]] = [dict(part["dollars"]) for part in several]
    rows += [[label, *(_dollars(p[name]) for p in prices)] for name, label in _PRICES.items()]
    return rows


_PRICES = {
    "swf": "SWF",
    "swf_with_decision_tasks": "SWF, if decision tasks are billed",
    "step_functions_standard": "Step Functions Standard",
    "step_functions_express": "Step Functions Express",
}


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,}"


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _dollars(price: float | None) -> str:
    return "too long for it" if price is None else f"${price:.6f}"


COMMAND = Command(
    name="forecast",
    help="what an execution or a definition costs, and how near it comes to every limit",
    example="forecast --definition BusinessProcess --retries 1 --per-month 100000",
    fields="workflow_id, type, version, ends, happened, left, total (each runs, events, calls by\n"
    "  operation, units, dollars), limits (name, most, limit, left, note), per_month,\n"
    "  dollars_per_month, prices_of, assumed",
    add_arguments=add_arguments,
    run=run,
)
