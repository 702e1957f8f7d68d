"""The same seed gives the same plan, and a plan has some of everything."""

from __future__ import annotations

import itertools

import pytest

from local_swf.faults import KINDS, Faults
from tests.chaos import definitions, plan

SIZE = {"executions": 300, "seconds": 60.0, "deciders": 2, "workers": 3}


def test_the_same_seed_gives_the_same_plan_and_another_seed_another():
    assert plan.drawn(5, **SIZE) == plan.drawn(5, **SIZE)
    assert plan.drawn(5, **SIZE) != plan.drawn(6, **SIZE)


@pytest.mark.parametrize("seed", range(5))
def test_a_plan_has_some_of_everything_in_order_of_time(seed):
    drawn = plan.drawn(seed, **SIZE)
    assert len(drawn.starts) == 300
    assert {start.name for start in drawn.starts} == set(definitions.SHARES)
    assert {blow.kind for blow in drawn.blows} == {*plan.BLOWS_A_MINUTE, plan.ROTATION}
    assert {blow.by < 0 for blow in drawn.blows if blow.kind == plan.CLOCK} == {True, False}
    answered = {start.name for start in drawn.starts if start.approve_after}
    assert answered == set(definitions.APPROVALS) & set(definitions.SHARES)
    assert len({errand.workflow_id for errand in drawn.errands}) == plan.ERRANDS_A_MINUTE
    assert sum(blow.kind == plan.KILL for blow in drawn.blows) >= 30
    rules = [rule for weather in drawn.weather for rule in weather.rules]
    assert {rule["kind"] for rule in rules} == set(KINDS)
    assert {act.what for act in drawn.acts} <= set(plan.ACTS)
    for what in (drawn.starts, drawn.blows, drawn.weather, drawn.acts, drawn.errands):
        assert [item.at for item in what] == sorted(item.at for item in what)
        assert all(0 <= item.at <= drawn.seconds for item in what)


def test_the_engine_takes_every_rule_of_a_plan():
    for weather in plan.drawn(1, **SIZE).weather:
        Faults.from_json({"seed": 1, "rules": list(weather.rules)})


def test_the_last_weather_is_fair_again():
    last = plan.drawn(1, **SIZE).weather[-1]
    assert max(rule["rate"] for rule in last.rules) <= 0.01


def test_a_plan_for_a_shared_engine_kills_it_and_has_no_other_trouble():
    drawn = plan.drawn_shared(1, executions=100, seconds=60.0, deciders=2, workers=3)
    assert drawn == plan.drawn_shared(1, executions=100, seconds=60.0, deciders=2, workers=3)
    assert drawn.shared
    assert len(drawn.starts) == 100
    assert {blow.kind for blow in drawn.blows} == {plan.KILL}
    engine = [blow for blow in drawn.blows if blow.target == plan.ENGINE]
    assert len(engine) == plan.ENGINE_KILLS_A_MINUTE < len(drawn.blows)
    assert [blow.at for blow in drawn.blows] == sorted(blow.at for blow in drawn.blows)


@pytest.mark.parametrize("seed", range(5))
def test_what_stops_the_engine_does_not_heap_up(seed):
    blows = [blow for blow in plan.drawn(seed, **SIZE).blows if blow.target == plan.ENGINE]
    at = [blow.at for blow in blows if blow.kind in (plan.KILL, plan.FREEZE, plan.TERMINATE)]
    even = SIZE["seconds"] / len(at)
    assert all(later - before >= even / 2 for before, later in itertools.pairwise(at))
