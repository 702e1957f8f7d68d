"""The tables of COSTS.md, from what `forecast` computes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import published
from config import Settings
from docs.markdown import code, table
from starter.costs import forecasting, prices
from starter.costs.forecasting import Assumed, Counts
from starter.costs.prices import Dollars, Units
from workflow import Definition

EXAMPLES = Path(__file__).with_name("examples") / "costs"
FIVE = "BusinessProcess"
SERVICES = ("SWF", "SWF, if decision tasks are billed", "Standard", "Express")


# --- asking ---------------------------------------------------------------------------------------


def cost(settings: Settings, name: str, **assumed: float) -> Counts:
    """What one execution of a definition holds and costs: one of `examples/costs`, or published."""
    taken = replace(Assumed(), **assumed)  # type: ignore[arg-type]
    return forecasting.of_definition(settings, _definition(name), taken)["total"]


def _definition(name: str) -> Definition:
    path = EXAMPLES / f"{name}.asl.json"
    if path.exists():
        return published.parsed(path.read_text(encoding="utf-8"), name, "1")
    return published.named(name)


def free(units: Units, executions: int) -> Dollars:
    """What a month costs once the free quotas are taken off; Express has none."""
    swf, standard = prices.prices()["swf"], prices.prices()["step_functions_standard"]
    quota = swf["free_each_month"]
    small = sum(units[name] for name in ("activity_tasks", "timers", "signals", "markers"))

    def of_swf(each: float) -> float:
        days = units["open_days"] + units["retained_days"]
        return float(
            _over(units["starts"] * executions, quota["starts"]) * swf["start"]
            + _over(each * executions, quota["tasks_timers_signals_markers"])
            * swf["task_timer_signal_marker"]
            + _over(days * executions, quota["days"]) * swf["retained_day"]
        )

    transitions = _over(
        units["transitions"] * executions, standard["free_each_month"]["transitions"]
    )
    express = prices.dollars(units)["step_functions_express"]
    return Dollars(
        swf=of_swf(small),
        swf_with_decision_tasks=of_swf(small + units["decision_tasks"]),
        step_functions_standard=transitions * standard["transition"],
        step_functions_express=None if express is None else express * executions,
    )


def _over(used: float, quota: float) -> float:
    return max(0.0, used - quota)


# --- writing --------------------------------------------------------------------------------------


def dollars(price: float | None) -> str:
    """A price: in cents from a dollar on, else with three digits that tell something."""
    if price is None:
        return "too long for it"
    if price == 0:
        return "$0"
    if price >= 1:
        return f"${Decimal(str(round(price, 9))).quantize(Decimal('0.01'), ROUND_HALF_UP):,}"
    text = f"{price:.{2 - math.floor(math.log10(price))}f}".rstrip("0")
    return f"${text:0<4}"


def _exact(price: float) -> str:
    """A price as the list has it."""
    return f"${Decimal(str(price)):f}"


def _prices(each: Dollars, times: int = 1) -> list[str]:
    several = (
        each["swf"],
        each["swf_with_decision_tasks"],
        each["step_functions_standard"],
        each["step_functions_express"],
    )
    return [dollars(None if price is None else price * times) for price in several]


def _compared(rows: Iterable[tuple[str, Counts]], times: int, first: str) -> str:
    """Definitions beside one another: transitions, activities and prices of so many executions."""
    head = [first, "Transitions", "Activity tasks", *SERVICES]
    told = [
        [
            name,
            f"{found['units']['transitions']:,}",
            f"{found['units']['activity_tasks']:,}",
            *_prices(found["dollars"], times),
        ]
        for name, found in rows
    ]
    return table(head, told, right=True)


# --- the tables -----------------------------------------------------------------------------------


def price_list(_: Settings) -> str:
    """`starter/costs/prices.json` for people."""
    found = prices.prices()
    swf, standard = found["swf"], found["step_functions_standard"]
    express = found["step_functions_express"]
    quota = swf["free_each_month"]
    small = _exact(swf["task_timer_signal_marker"])
    rows = [
        ["SWF", "a start (a child and a run that continues as new count too)", _exact(swf["start"]),
         f"{quota['starts']:,}"],
        ["SWF", "an activity task, timer, signal or marker", small,
         f"{quota['tasks_timers_signals_markers']:,} together"],
        ["SWF", "a day that a run is open, after its first", _exact(swf["open_day"]),
         f"{quota['days']:,} days"],
        ["SWF", "a day that a closed run is kept", _exact(swf["retained_day"]), "in the same days"],
        ["Standard", "a state entered, or a retry", _exact(standard["transition"]),
         f"{standard['free_each_month']['transitions']:,}"],
        ["Express", "a request", _exact(express["request"]), "none"],
        *[
            ["Express", f"a GB-second, {_tier(index, express['gb_second'])}", _exact(price), "none"]
            for index, (_most, price) in enumerate(express["gb_second"])
        ],
    ]  # fmt: skip
    told = f"Prices of {found['date']}, {found['region']}, in US dollars."
    return f"{told}\n\n{table(['Service', 'What', 'Price', 'Free each month'], rows)}"


def _tier(index: int, tiers: list[list[float]]) -> str:
    """Which GB-seconds of a month a tier is for."""
    most = tiers[index][0]
    if index == 0:
        return f"the first {most:,} of a month"
    return f"the next {most:,}" if most else "what is more"


def five_steps(settings: Settings) -> str:
    """1,000 executions of five activities a month."""
    found, swf = cost(settings, FIVE), prices.prices()["swf"]
    units = found["units"]
    rows = [
        ["one execution", *_prices(found["dollars"])],
        ["1,000 a month", *_prices(found["dollars"], 1_000)],
        ["1,000 a month, free quotas taken off", *_prices(free(units, 1_000))],
        *[[f"{many:,} a month", *_prices(found["dollars"], many)] for many in (100_000, 1_000_000)],
    ]
    counted = (
        f"One execution is {units['starts']} start, {units['activity_tasks']} activity tasks, "
        f"{units['markers']} marker and {units['decision_tasks']} decision tasks on SWF, kept for "
        f"{units['retained_days']:.0f} days; {units['transitions']} transitions on Standard; "
        f"{units['seconds']:.0f} seconds on Express, one for each activity. Of the "
        f"{dollars(found['dollars']['swf'])} on SWF {dollars(swf['start'])} is the start and "
        f"{dollars(units['retained_days'] * swf['retained_day'])} keeping it."
    )
    return f"{counted}\n\n{table(['Five activities', *SERVICES], rows, right=True)}"


def long_ones(settings: Settings) -> str:
    """1,000 executions of 4,000 transitions."""
    slow = cost(settings, "loop", turns=1998)
    quick = cost(settings, "loop", turns=1998, seconds=0.1)
    units = slow["units"]
    told = (
        f"`docs/examples/costs/loop.asl.json` works {units['activity_tasks']:,} times. On SWF its "
        f"{slow['events']:,} events are {slow['runs']} runs, for a run continues as new from 8,000."
    )
    rows = [
        ("an activity takes 1 second", slow),
        ("an activity takes 0.1 seconds", quick),
    ]
    return f"{told}\n\n{_compared(rows, 1_000, '1,000 executions')}"


def express(settings: Settings) -> str:
    """A million short executions, by how long they take."""
    rows = []
    for each in (0.1, 1.0, 10.0, 59.0):
        found = cost(settings, FIVE, seconds=each)
        rows.append(
            [f"{found['units']['seconds']:g} seconds", *_prices(found["dollars"], 1_000_000)]
        )
    return table(["1,000,000 executions of five activities, each in", *SERVICES], rows, right=True)


def passing(settings: Settings) -> str:
    """States that only shape data, and fields that do the same."""
    rows = [
        (code("passing.asl.json"), cost(settings, "passing")),
        (code("fields.asl.json"), cost(settings, "fields")),
    ]
    return _compared(rows, 100_000, "100,000 executions")


def polling(settings: Settings) -> str:
    """Looking once a minute for an hour, and being told."""
    rows = [
        (code("polling.asl.json"), cost(settings, "polling", turns=59)),
        (code("waiting.asl.json"), cost(settings, "waiting")),
    ]
    return _compared(rows, 1_000, "1,000 executions")


def mapping(settings: Settings) -> str:
    """A list of 1,000 items by a loop, and by a Map."""
    rows = [
        (code("counted.asl.json"), cost(settings, "counted", turns=999)),
        (code("map.asl.json"), cost(settings, "map", items=1_000)),
    ]
    return _compared(rows, 1_000, "1,000 executions of 1,000 items")


def hanging(settings: Settings) -> str:
    """What executions cost that wait for nothing."""
    units = cost(settings, FIVE)["units"]
    year = prices.dollars({**units, "open_days": 364.0})["swf"] - prices.dollars(units)["swf"]
    month = prices.dollars({**units, "open_days": 29.0})["swf"] - prices.dollars(units)["swf"]
    short, most = (
        prices.dollars({**units, "seconds": seconds})["step_functions_express"]
        for seconds in (units["seconds"], _longest())
    )
    retry = cost(settings, FIVE, retries=1)["dollars"]
    plain = cost(settings, FIVE)["dollars"]
    swf = retry["swf"] - plain["swf"]
    standard = retry["step_functions_standard"] - plain["step_functions_standard"]
    rows = [
        ["SWF: open for 30 days", _more(month)],
        ["SWF: open for a year, its limit", _more(year)],
        ["Standard: open for a year, its limit", "$0"],
        [f"Express: {_longest():.0f} seconds, its limit, and not {units['seconds']:.0f}",
         _more((most or 0) - (short or 0))],
        ["SWF: each of the five activities fails or times out once", _more(swf)],
        ["Standard: the same", _more(standard)],
    ]  # fmt: skip
    return table(["1,000 executions that hang", "cost more by"], rows, right=True)


def kept(settings: Settings) -> str:
    """A million executions, by the domain's retention."""
    rows = []
    for days in (30, 7, 1):
        found = cost(settings, FIVE, retention_days=days)["dollars"]
        rows.append([f"{days}", dollars(found["swf"] * 1_000_000)])
    return table(["Days that closed runs are kept", "SWF, 1,000,000 executions"], rows, right=True)


def _longest() -> float:
    return float(prices.prices()["step_functions_express"]["longest_seconds"])


def _more(price: float) -> str:
    return dollars(price * 1_000)


PARTS: dict[str, Callable[[Settings], str]] = {
    "prices": price_list,
    "five": five_steps,
    "long": long_ones,
    "express": express,
    "passing": passing,
    "polling": polling,
    "map": mapping,
    "hanging": hanging,
    "kept": kept,
}
"""The generated parts by the name in their marker."""
