"""Steering of executions in States Language, in-process: by state name, in branches and items."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from asl.loading import load
from errors import DefinitionError
from runner import Completed, Failed
from workflow import Policy, commands
from workflow.checking import check
from workflow.policy import LONGEST_TIMER

from .language import IDS, Life, asking, machine, scope, task
from .promises import Told

OLD = Completed("old")


def assigned(name, **members):
    return {"Assign": {name: members.pop("value", "{% $states.result %}")}, **members}


def line(*names, **last):
    """Tasks one after the other, each placing its result under its name."""
    states = {}
    for name, following in zip(names, [*names[1:], None], strict=True):
        end = {"Next": following} if following else {}
        states[name] = task(name, ResultPath=f"$.{name}", **end)
    states[names[-1]] |= last
    return states


# --- going on from a state ------------------------------------------------------------------------


def test_back_to_a_state_with_edited_input_over_the_document_it_had():
    life = Life(machine(line("A", "B", "C")), {"n": 1}, {"C": Completed({}, 50)}).at("C")
    life.signal("RESUME_FROM_STEP", step_name="B", input={"n": 2})
    seen = [call.input for call in life.go_on().calls if call.path == "B"]
    assert seen == [{"n": 1, "A": {"did": "A"}}, {"n": 2, "A": {"did": "A"}}]
    assert life.output()["n"] == 2


def test_the_variables_of_that_entrance_count_again():
    states = {
        "A": task("A", Assign={"x": 1}, Next="B"),
        "B": task("B", Assign={"x": "{% $x + 1 %}"}, Next="C"),
        "C": task("C", Arguments="{% $x %}", Output="{% $x %}"),
    }
    definition = machine(states, QueryLanguage="JSONata")
    life = Life(definition, plays={"C": Completed({}, 50)}).at("C")
    life.signal("RESUME_FROM_STEP", step_name="B")
    assert life.output() == 2


def test_ahead_to_a_state_never_entered():
    life = Life(machine(line("A", "B", "C")), {"n": 1}, {"A": Completed({}, 50)}).at("A")
    life.signal("RESUME_FROM_STEP", step_name="C", input={"B": "given"})
    assert life.output() == {"n": 1, "B": "given", "C": {"did": "C"}}


def test_an_edit_of_a_document_that_is_no_object_takes_its_place():
    life = Life(machine({"A": task("A")}), [1], {"A": [Completed({}, 50), OLD]}).at("A")
    life.signal("RESUME_FROM_STEP", step_name="A", input={"n": 2}).go_on()
    assert life.calls[-1].input == {"n": 2}


@pytest.mark.parametrize("back", ["P", "Ch", "W"])
def test_to_states_that_do_no_work(back):
    states = {
        "P": {"Type": "Pass", "Result": 1, "ResultPath": "$.p", "Next": "Ch"},
        "Ch": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.go", "BooleanEquals": True, "Next": "Z"}],
            "Default": "W",
        },
        "W": {"Type": "Wait", "Seconds": 5, "Next": "T"},
        "T": task("T", ResultPath="$.t", Next="Z"),
        "Z": {"Type": "Succeed"},
    }
    life = Life(machine(states), {"go": False}, {"T": Completed(1, 50)}).at("T")
    life.signal("RESUME_FROM_STEP", step_name=back, input={"go": True})
    found = life.output()
    assert found["go"] is True
    assert ("t" in found) is (back == "W")


NAMES = ["v1.2", "a[0]", 'say "hi"', "two words", "Größe ✓", "a.b[1].c", "back\\slash", '"', "]["]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_every_kind(name):
    inner = {name: task("A", Next="Y"), "Y": task("Y")}
    states = {
        "Fork": {"Type": "Parallel", "Branches": [scope(inner)], "ResultPath": "$.f", "Next": "Z"},
        "Z": task("Z", ResultPath="$.z"),
    }
    life = Life(machine(states), {}, {"Z": Completed(1, 50)}).at("Z")
    path = life.calls[0].path
    life.signal("RESUME_FROM_STEP", step_name=path)
    assert not life.refused
    life.until(lambda: [call.path for call in life.calls].count("Z") == 2)
    life.signal("RESUME_FROM_STEP", step_name=name)
    assert not life.refused
    life.output()
    assert [call.path for call in life.calls].count(path) == 3
    assert life.visit(path).name == name


@pytest.mark.parametrize("name", NAMES)
def test_composites_with_names_of_every_kind(name):
    each = {
        "Type": "Map",
        "ItemProcessor": scope({"X": task("X")}),
        "ResultPath": "$.r",
        "ItemsPath": "$.items",
        "Next": "Z",
    }
    states = {name: each, "Z": task("Z", ResultPath="$.z")}
    life = Life(machine(states), {"items": [1, 2]}, {"Z": Completed(1, 50)}).at("Z")
    life.signal("RESUME_FROM_STEP", step_name=life.calls[1].path)
    assert not life.refused
    life.output()
    assert [call.path for call in life.calls].count(life.calls[1].path) == 2


def test_unknown_states_are_named():
    life = Life(machine(line("A", "B")), {}, {"A": Completed({}, 50)}).at("A")
    life.signal("RESUME_FROM_STEP", step_name="Nowhere")
    assert "Nowhere" in life.refused
    life.output()


# --- branches and items ---------------------------------------------------------------------------

FORK = {
    "Ship": {
        "Type": "Parallel",
        "Branches": [scope(line("Pick", "Pack")), scope(line("Bill", "Print"))],
        "ResultPath": "$.ship",
        "Next": "Send",
    },
    "Send": task("Send", ResultPath="$.sent"),
}


def test_into_a_branch_that_is_over_the_sibling_keeps_its_results():
    life = Life(machine(FORK), {"n": 1}, {"Send": Completed(1, 50)}).at("Send")
    life.signal("RESUME_FROM_STEP", step_name="Ship[0].Pack", input={"n": 2})
    ship = life.output()["ship"]
    assert ship[0]["n"] == 2
    assert ship[1]["n"] == 1
    assert life.paths().count("Ship[0].Pack") == 2
    assert life.paths().count("Ship[1].Print") == 1


def test_within_a_branch_the_sibling_runs_on():
    plays = {"Pack": Completed(1, 20), "Print": Completed(2, 60)}
    life = Life(machine(FORK), {}, plays).at("Ship[1].Print")
    life.signal("RESUME_FROM_STEP", step_name="Pick")
    life.output()
    assert life.paths().count("Ship[1].Print") == 1
    assert life.paths().count("Ship[0].Pick") == 2


def test_into_a_branch_of_what_was_never_entered():
    states = {"A": task("A", ResultPath="$.a", Next="Ship"), **FORK}
    life = Life(machine(states), {"n": 1}, {"A": Completed(1, 50)}).at("A")
    life.signal("RESUME_FROM_STEP", step_name="Ship[1].Print")
    assert life.output()["ship"][1] == {"n": 1, "Print": {"did": "Ship[1].Print"}}
    assert "Ship[1].Bill" not in life.paths()


def test_into_a_branch_that_cannot_begin():
    fork = {**FORK["Ship"], "Parameters": {"x.$": "$.missing"}}
    states = {"A": task("A", ResultPath="$.a", Next="Ship"), **FORK, "Ship": fork}
    life = Life(machine(states), {"n": 1}, {"A": Completed(1, 50)}).at("A")
    life.signal("RESUME_FROM_STEP", step_name="Ship[1].Print")
    assert life.failure()["Error"] == "States.Runtime"


def each(states=None, **members):
    found = {
        "Type": "Map",
        "ItemsPath": "$.items",
        "ItemProcessor": scope(states or line("Weigh", "Bill")),
        "ResultPath": "$.each",
        "Next": "Send",
        **members,
    }
    return machine({"Each": found, "Send": task("Send", ResultPath="$.sent")})


ITEMS = {"items": [{"n": 0}, {"n": 1}, {"n": 2}, {"n": 3}]}


@pytest.mark.parametrize("concurrency", [0, 1, 2])
def test_into_an_item_the_others_keep_their_results(concurrency):
    life = Life(each(MaxConcurrency=concurrency), ITEMS, {"Send": Completed(1, 50)}).at("Send")
    life.signal("RESUME_FROM_STEP", step_name="Each[3].Bill", input={"n": 9})
    found = life.output()["each"]
    assert [item["n"] for item in found] == [0, 1, 2, 9]
    assert life.paths().count("Each[3].Bill") == 2
    assert life.paths().count("Each[2].Bill") == 1


def test_into_an_item_while_others_have_not_begun():
    plays = {"Each[1].Weigh": [Completed(1, 50), Completed(2)]}
    life = Life(each(MaxConcurrency=1), ITEMS, plays).at("Each[1].Weigh")
    life.signal("RESUME_FROM_STEP", step_name="Each[0].Bill")
    found = life.output()["each"]
    assert [item["n"] for item in found] == [0, 1, 2, 3]
    assert life.paths().count("Each[0].Bill") == 2


def test_an_item_that_has_not_begun_is_refused():
    plays = {"Each[0].Weigh": Completed(1, 50)}
    life = Life(each(MaxConcurrency=1), ITEMS, plays).at("Each[0].Weigh")
    life.signal("RESUME_FROM_STEP", step_name="Each[2].Bill")
    assert "has not begun" in life.refused
    life.output()


def test_a_failed_item_that_is_tolerated_can_be_mended():
    plays = {"Each[1].Bill": [Failed("No: no"), Completed("fine")], "Send": Completed(1, 50)}
    life = Life(each(ToleratedFailureCount=1), ITEMS, plays).at("Send")
    life.signal("RESUME_FROM_STEP", step_name="Each[1].Bill")
    found = life.output()["each"]
    assert [item["n"] for item in found] == [0, 1, 2, 3]
    assert life.visit("Each").missed == 0


def test_a_failed_item_is_mended_while_the_map_goes_on():
    plays = {
        "Each[1].Bill": [Failed("No: no"), Completed("fine")],
        "Each[2].Bill": Completed(1, 50),
    }
    life = Life(each(ToleratedFailureCount=1), ITEMS, plays).at("Each[2].Bill").go_on(1)
    life.signal("RESUME_FROM_STEP", step_name="Each[1].Bill")
    assert [item["n"] for item in life.output()["each"]] == [0, 1, 2, 3]


def test_variables_of_a_branch_and_around_it_are_those_of_its_entrance():
    inner = {
        "P": {"Type": "Pass", "Assign": {"own": "{% $outer + 1 %}"}, "Next": "Q"},
        "Q": task("Q", Arguments="{% $own + $outer %}", Assign={"own": 100}, Next="R"),
        "R": task("R", Output="{% $own %}"),
    }
    states = {
        "A": {"Type": "Pass", "Assign": {"outer": 1}, "Next": "Ship"},
        "Ship": {"Type": "Parallel", "Branches": [scope(inner)], "Next": "Z"},
        "Z": task("Z", Arguments={}, Output="{% $states.input %}"),
    }
    definition = machine(states, QueryLanguage="JSONata")
    life = Life(definition, {}, {"Z": Completed(1, 50)}).at("Z")
    life.signal("RESUME_FROM_STEP", step_name="Ship[0].Q")
    assert life.output() == [100]
    assert [call.input for call in life.calls if call.path == "Ship[0].Q"] == [3, 3]


def test_nested_paths():
    inner = {"In": {**each().states["Each"].says.members, "Type": "Map"}}
    inner["In"] |= {"ItemProcessor": scope(line("Bill")), "End": True, "ItemsPath": "$"}
    outer = {"Each": {"Type": "Map", "ItemProcessor": scope(inner), "Next": "Z"}, "Z": task("Z")}
    inner["In"].pop("ResultPath")
    life = Life(machine(outer), [[{"n": 1}, {"n": 2}]], {"Z": Completed("end", 50)}).at("Z")
    life.signal("RESUME_FROM_STEP", step_name="Each[0].In[1].Bill", input={"n": 7}).go_on()
    assert [item["n"] for item in life.calls[-1].input[0]] == [1, 7]


# --- again, skip, back ----------------------------------------------------------------------------


def test_a_state_is_run_again_and_its_result_placed_into_the_data_in_force():
    plays = {"A": [Completed("old"), Completed("new")], "C": [Completed(1, 50)]}
    life = Life(machine(line("A", "B", "C", "D")), {"n": 1}, plays).at("C")
    life.signal("REPROCESS_STEP", step_name="A")
    found = life.output()
    assert found == {"n": 1, "A": "new", "B": {"did": "B"}, "C": 1, "D": {"did": "D"}}
    assert life.paths() == ["A", "B", "C", "A", "D"]


def test_run_again_keeps_variables_in_force_and_assigns_its_own():
    states = {
        "A": task("A", Assign={"a": "{% $states.result %}"}, Next="B"),
        "B": task("B", Assign={"b": "{% $states.result %}"}, Next="C"),
        "C": task("C", Next="D"),
        "D": task("D", Arguments={"a": "{% $a %}", "b": "{% $b %}"}, Output="{% [$a, $b] %}"),
    }
    plays = {"A": [Completed(1), Completed(2)], "B": Completed(5), "C": Completed(0, 50)}
    life = Life(machine(states, QueryLanguage="JSONata"), {}, plays).at("C")
    life.signal("REPROCESS_STEP", step_name="A")
    assert life.output() == [2, 5]


def test_run_again_within_an_item_that_is_over():
    plays = {"Each[1].Weigh": [Completed("old"), Completed("new")], "Send": Completed(1, 50)}
    life = Life(each(), ITEMS, plays).at("Send")
    life.signal("REPROCESS_STEP", step_name="Each[1].Weigh")
    found = life.output()
    assert found["each"][1] == {"n": 1, "Weigh": "new", "Bill": {"did": "Each[1].Bill"}}
    assert life.paths().count("Each[1].Bill") == 1
    assert found["sent"] == 1


def test_a_jump_away_from_what_is_run_again_has_the_data_in_force():
    plays = {"A": [Completed("old"), Completed("new", 50)], "B": Completed("b", 5)}
    life = Life(machine(line("A", "B", "C", "D")), {"n": 1}, plays).at("B")
    life.signal("REPROCESS_STEP", step_name="A").go_on(20)
    life.signal("RESUME_FROM_STEP", step_name="D")
    assert life.output() == {"n": 1, "A": "old", "B": "b", "D": {"did": "D"}}


def test_what_does_no_work_is_not_run_again():
    states = {"P": {"Type": "Pass", "Next": "A"}, "A": task("A")}
    life = Life(machine(states), {}, {"A": Completed({}, 50)}).at("A")
    life.signal("REPROCESS_STEP", step_name="P")
    assert "does no work" in life.refused
    life.output()


def test_run_again_and_caught():
    catch = [{"ErrorEquals": ["No"], "Next": "M", "ResultPath": "$.e"}]
    states = {**line("A", "B", "C"), "M": task("M", ResultPath="$.m")}
    states["A"]["Catch"] = catch
    plays = {"A": [Completed("old"), Failed("No: no")], "B": Completed("b", 5)}
    life = Life(machine(states), {}, plays).at("B")
    life.signal("REPROCESS_STEP", step_name="A")
    assert life.output() == {"e": {"Error": "No", "Cause": "no"}, "m": {"did": "M"}}


def test_skipped_with_a_result_where_resultpath_puts_it():
    selecting = {"ResultSelector": {"x.$": "$.deep.x"}}
    states = line("A", "B")
    states["A"] |= selecting
    life = Life(machine(states), {"n": 1}, {"A": Completed({}, 50)}).at("A")
    life.signal("SKIP_STEP", step_name="A", result={"x": 3})
    assert life.output() == {"n": 1, "A": {"x": 3}, "B": {"did": "B"}}


def test_skipped_in_jsonata_the_result_is_the_output():
    states = {"A": task("A", Output="{% $states.result.x %}", Next="B"), "B": task("B")}
    definition = machine(states, QueryLanguage="JSONata")
    life = Life(definition, {"n": 1}, {"A": Completed({}, 50)}).at("A")
    life.signal("SKIP_STEP", step_name="A", result={"y": 3}).go_on()
    assert life.calls[-1].input == {"y": 3}


def test_a_result_that_cannot_be_placed_is_refused():
    life = Life(machine(line("A", "B")), "text", {"A": Completed({}, 50)}).at("A")
    life.signal("SKIP_STEP", step_name="A", result={"x": 3})
    assert "cannot be the result" in life.refused
    assert life.failure()["Error"] == "States.ResultPathMatchFailure"


def test_a_wait_is_skipped_and_the_data_go_on():
    states = {"W": {"Type": "Wait", "Seconds": 1000, "Next": "A"}, "A": task("A", ResultPath="$.a")}
    life = Life(machine(states), {"n": 1}).go_on(1)
    life.signal("SKIP_STEP", step_name="W", result={"x": 1})
    assert "gives no result" in life.refused
    life.signal("SKIP_STEP", step_name="W")
    assert life.output() == {"n": 1, "a": {"did": "A"}}
    assert life.now == 1


@pytest.mark.parametrize("steps", [1, 2])
def test_back_so_many_steps(steps):
    life = Life(machine(line("A", "B", "C")), {"n": 1}, {"C": Completed({}, 50)}).at("C")
    life.signal("GO_BACK", steps=steps)
    life.output()
    assert life.paths() == ["A", "B", "C", *["A", "B", "C"][2 - steps :]]


def test_back_within_an_item():
    plays = {"Each[2].Bill": [Completed(1, 50), Completed(2)]}
    life = Life(each(), ITEMS, plays).at("Each[2].Bill")
    life.signal("GO_BACK", step_name="Each[2].Bill")
    assert life.output()["each"][2]["Bill"] == 2
    assert life.paths().count("Each[2].Weigh") == 2


def test_if_at_refuses_what_has_moved_on():
    life = Life(machine(line("A", "B")), {}, {"B": Completed({}, 50)}).at("B")
    life.signal("RESUME_FROM_STEP", step_name="A", if_at="A:1")
    assert "moved on" in life.refused
    life.signal("RESUME_FROM_STEP", step_name="A", if_at="B:1")
    assert not life.refused
    life.output()


# --- pause ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("definition", [machine(FORK), each(), each(MaxConcurrency=1)])
def test_a_pause_holds_branches_and_items_between_their_states(definition):
    life = Life(definition, ITEMS)
    life.signal("PAUSE").go_on()
    before = life.paths()
    assert life.go_on(100).paths() == before
    assert life.status["state"] == "PAUSED"
    life.signal("CONTINUE")
    life.output()


def test_a_pause_holds_waits_that_end_meanwhile():
    states = {"W": {"Type": "Wait", "Seconds": 10, "Next": "A"}, "A": task("A")}
    life = Life(machine(states)).go_on(1)
    life.signal("PAUSE").go_on(50)
    assert life.paths() == []
    life.signal("CONTINUE")
    life.output()


@pytest.mark.parametrize("how", ["CONTINUE", "SKIP_STEP", "RESUME_FROM_STEP"])
def test_a_failed_state_that_pauses_is_mended(how):
    states = line("A", "B")
    states["A"] |= {"OnFailure": "pause"}
    life = Life(machine(states), {"n": 1}, {"A": [Failed("No: no"), Completed("fine")]}).go_on()
    assert life.status["failed"] == [{"path": "A", "error": "No: no"}]
    given = {"result": "fine"} if how == "SKIP_STEP" else {}
    life.signal(how, step_name="A", **given)
    assert life.output() == {"n": 1, "A": "fine", "B": {"did": "B"}}


def test_a_failed_item_that_pauses_holds_only_itself():
    states = line("Weigh", "Bill")
    states["Weigh"] |= {"OnFailure": "pause"}
    plays = {"Each[1].Weigh": [Failed("No: no"), Completed("fine")]}
    life = Life(each(states), ITEMS, plays).go_on()
    assert life.paths().count("Each[3].Bill") == 1
    life.signal("RESUME_FROM_STEP", step_name="Each[1].Weigh", input={"n": 8})
    assert [item["n"] for item in life.output()["each"]] == [0, 8, 2, 3]


# --- undoing --------------------------------------------------------------------------------------


def saga(**more):
    states = line("A", "B", "C")
    states["A"] |= {"Compensation": "UndoA"}
    states["B"] |= {"Compensation": "UndoB"}
    return machine(states, **more)


def test_a_failure_undoes_what_declares_it_newest_first():
    life = Life(saga(), {"n": 1}, {"C": Failed("No: no")})
    told = life.failure()
    assert told["Error"] == "No"
    assert life.paths() == ["A", "B", "C", "undo B", "undo A"]
    undo = life.calls[-1].input
    assert undo["result"] == {"did": "A"}
    assert undo["A"] == {"did": "A"}
    assert undo["step_to_rollback"] == "A"


def test_a_failed_state_is_undone_first():
    life = Life(saga(), {"n": 1}, {"B": Failed("No: no")})
    life.failure()
    assert life.paths() == ["A", "B", "undo B", "undo A"]


def test_a_caught_failure_undoes_nothing():
    states = line("A", "B")
    states["A"] |= {"Compensation": "UndoA"}
    states["B"] |= {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "M", "ResultPath": "$.e"}]}
    states["M"] = task("M")
    life = Life(machine(states), {}, {"B": Failed("No: no")})
    life.output()
    assert life.paths() == ["A", "B", "M"]


def test_rolled_back_by_an_operator():
    life = Life(saga(Saga={"Transaction": "Record"}), {}, {"C": Completed(1, 50)}).at("C")
    life.signal("ROLL_BACK", reason="wrong order")
    told = life.failure()
    assert life.paths() == ["A", "B", "C", "undo B", "undo A", "Record"]
    assert told["Error"] == "Rolled back by ana"
    assert told["Cause"] == "wrong order"


def test_rolled_back_with_nothing_to_undo():
    life = Life(machine(line("A")), {}, {"A": Completed(1, 50)}).at("A")
    life.signal("ROLL_BACK", reason="wrong order")
    told = life.failure()
    assert (told["Error"], told["Cause"]) == ("Rolled back by ana", "wrong order")


@pytest.mark.parametrize("on_cancel", [False, True])
def test_canceled(on_cancel):
    life = Life(saga(Saga={"OnCancel": on_cancel}), {}, {"C": Completed(1, 50)}).at("C")
    life.cancel().go_on()
    assert life.ended.state == "CANCELED"
    assert life.paths() == ["A", "B", "C", *(["undo B", "undo A"] if on_cancel else [])]
    life.check()


@pytest.mark.parametrize("on_deadline", [False, True])
def test_the_machines_time_limit(on_deadline):
    definition = saga(Saga={"OnDeadline": on_deadline}, TimeoutSeconds=30)
    life = Life(definition, {}, {"C": Completed(1, 500)})
    told = life.failure()
    assert told["Error"] == "States.Timeout"
    assert told["TimedOut"] is True
    undone = ["undo B", "undo A"] if on_deadline else []
    assert life.paths() == ["A", "B", "C", *undone]
    assert life.now == 30


def test_undone_within_items():
    states = line("Weigh", "Bill")
    states["Weigh"] |= {"Compensation": "Unweigh"}
    life = Life(each(states), ITEMS, {"Send": Failed("No: no")})
    life.failure()
    undone = [path for path in life.paths() if path.startswith("undo")]
    assert sorted(undone) == [f"undo Each[{n}].Weigh" for n in range(4)]


def test_a_jump_that_undoes_what_it_passes_over():
    life = Life(saga(), {"n": 1}, {"C": Completed(1, 50)}).at("C")
    life.signal("RESUME_FROM_STEP", step_name="A", compensate=True)
    assert life.output()["n"] == 1
    assert life.paths() == ["A", "B", "C", "undo B", "undo A", "A", "B", "C"]


# --- long runs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [8, 15, 30])
def test_a_half_done_map_with_variables_goes_on_in_a_continued_run(monkeypatch, limit):
    inner = {
        "P": {"Type": "Pass", "Assign": {"own": "{% $states.input.n + $base %}"}, "Next": "T"},
        "T": task(
            "T",
            Retry=[{"ErrorEquals": ["No"], "IntervalSeconds": 3}],
            Arguments="{% $own %}",
            Output="{% $own %}",
        ),
    }
    states = {
        "A": {"Type": "Pass", "Assign": {"base": 10}, "Next": "Each"},
        "Each": {
            "Type": "Map",
            "Items": "{% $states.input.items %}",
            "MaxConcurrency": 2,
            "ItemProcessor": scope(inner),
            "End": True,
        },
    }
    definition = machine(states, QueryLanguage="JSONata")
    plays = {"Each[1].T": [Failed("No: no"), Failed("No: no"), Completed(1)]}
    life = Life(definition, ITEMS, plays)
    monkeypatch.setattr(commands, "HISTORY_SOFT_LIMIT", limit)
    while len(life.run.histories) < 2:
        life.engine.step()
    monkeypatch.setattr(commands, "HISTORY_SOFT_LIMIT", 8_000)
    life.go_on()
    assert life.ended.result == [10, 11, 12, 13]
    assert [c.attempt for c in life.calls if c.path == "Each[1].T"] == [1, 2, 3]


# --- previews -------------------------------------------------------------------------------------


def test_a_preview_says_what_would_happen():
    life = Life(machine(FORK), {"n": 1}, {"Send": Completed(1, 50)}).at("Send")
    found = life.preview("RESUME_FROM_STEP", step_name="Ship[1].Print", input={"n": 5})
    assert found.stops == ["Send"]
    assert found.enters == ["Ship (visit 2)", "Ship[1].Print (visit 2)"]
    assert [edit["after"]["n"] for edit in found.edits] == [5]
    life.output()


def test_a_preview_of_a_skip_tells_the_result():
    life = Life(machine(line("A", "B")), {"n": 1}, {"A": Completed(1, 50)}).at("A")
    found = life.preview("SKIP_STEP", step_name="A", result=7)
    assert found.enters == ["B (visit 1)"]
    assert found.edits[0]["after"] == 7
    life.output()


def test_data_that_a_signal_does_not_fit_stays_as_it_is():
    life = Life(machine({"Ask": asking(ResultPath="$.a")}), {}).go_on()
    life.signal("RESUME_FROM_STEP", step_name="Ask[0].X")
    assert life.refused
    life.signal("TASK_SUCCESS", token=life.token(), output=1)
    assert life.output() == {"a": 1}


def test_a_published_document_is_steered_as_the_one_it_was_made_of():
    definition = load(dict(machine(FORK).document or {}), "Machine", "1")
    assert definition.hash == machine(FORK).hash


# --- checking -------------------------------------------------------------------------------------


def called(name, **more):
    resource = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    return machine({"Call": task("", **{"Resource": resource, **more})})


@pytest.mark.parametrize("lambda_tasks", [False, True])
def test_another_function_is_a_difference_and_another_retry_is_none(lambda_tasks):
    life = Life(called("old"), policy=Policy(lambda_tasks=lambda_tasks))
    life.output()
    [told] = [Told(h.events, life.run.definition, **IDS) for h in life.run.histories]
    retry = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 9}]
    assert not check(told.events, called("old", Retry=retry), **IDS).divergences
    [found] = check(told.events, called("new"), **IDS).divergences
    assert found.step == "Call"
    assert "new" in found.expected
    assert "old" in found.actual


def test_another_name_is_a_difference():
    life = Life(machine(line("A", "B")))
    life.output()
    renamed = line("A", "B2")
    renamed["B2"] |= {"Resource": line("B")["B"]["Resource"]}
    [found] = check(life.run.history.events, machine(renamed), **IDS).divergences
    assert (found.step, found.expected, found.actual) == (
        "B2", "activity B at B2", "activity B at B",
    )  # fmt: skip


# --- waits ----------------------------------------------------------------------------------------


def test_a_wait_longer_than_timers_may_be():
    moment = "2100-01-01T00:00:00Z"
    states = {"W": {"Type": "Wait", "Timestamp": moment, "Next": "A"}, "A": task("A")}
    life = Life(machine(states), {})
    life.output()
    assert life.now + 1_000_000 == 4_102_444_800
    waits = [
        int(event["timerStartedEventAttributes"]["startToFireTimeout"])
        for event in life.run.history.events
        if event["eventType"] == "TimerStarted"
    ]
    assert max(waits) == LONGEST_TIMER
    assert len(waits) == math.ceil((4_102_444_800 - 1_000_000) / LONGEST_TIMER)


def test_the_time_limit_of_a_signal_may_be_computed():
    resource = "arn:aws:states:::signal:GO"
    wait = task("", Resource=resource, TimeoutSeconds="{% $states.input.n %}")
    life = Life(machine({"Wait": wait}, QueryLanguage="JSONata"), {"n": 30})
    assert life.failure()["Error"] == "States.Timeout"
    assert life.now == 30


def hearing(**members):
    resource = "arn:aws:states:::signal:GO"
    return machine({"Hear": task("", **{"Resource": resource, "ResultPath": "$.go", **members})})


def test_a_signal_that_does_not_come_is_waited_for_again_as_retry_says():
    retry = [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 5, "MaxAttempts": 2}]
    life = Life(hearing(TimeoutSeconds=30, Retry=retry)).go_on(32)
    life.go_on(10)  # the second time
    life.signal("GO", answer=1)
    assert life.output() == {"go": {"answer": 1, "actor": "ana"}}
    life = Life(hearing(TimeoutSeconds=30, Retry=retry))
    assert life.failure()["Error"] == "States.Timeout"
    assert life.now == 30 + 5 + 30 + 10 + 30


@pytest.mark.parametrize("name", ["PAUSE", "TASK_SUCCESS", "ROLL_BACK"])
def test_what_steers_every_execution_cannot_be_waited_for(name):
    with pytest.raises(DefinitionError, match="every process"):
        machine({"Hear": task("", Resource=f"arn:aws:states:::signal:{name}")})


# --- children -------------------------------------------------------------------------------------


def parent(**members):
    given = {"StateMachineArn": "Sub", "Input": {"n": 1}}
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "M", "ResultPath": "$.e"}]
    start = {"Resource": "arn:aws:states:::states:startExecution.sync:2", "Parameters": given}
    states = {"Start": task("", **start, ResultPath="$.c", Catch=catch), "M": {"Type": "Succeed"}}
    return machine({**states, **members})


@pytest.mark.parametrize("carried", [False, True])
def test_a_parent_hears_why_its_child_failed_also_in_a_later_run(monkeypatch, carried):
    states = {"W": {"Type": "Wait", "Seconds": 90, "Next": "F"}}
    states["F"] = {"Type": "Fail", "Error": "No", "Cause": "no disk"}
    child = replace(machine(states), name="Sub")
    life = Life(parent(), {}, children={"Sub": child}).go_on(10)
    if carried:
        monkeypatch.setattr(commands, "HISTORY_SOFT_LIMIT", 5)
        life.signal("PAUSE").signal("CONTINUE")
        life.until(lambda: len(life.run.histories) > 1)
        monkeypatch.setattr(commands, "HISTORY_SOFT_LIMIT", 8_000)
    error = life.go_on().ended.result["e"]
    assert error["Error"] == "States.TaskFailed"
    assert json.loads(error["Cause"]) == {"Error": "No", "Cause": "no disk", "Status": "FAILED"}
