import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from activities import database, effects
from activities.context import TaskContext, entered
from activities.saving import save_results
from activities.undo import compensate_transaction, reversals, rollback_step
from config import Settings
from errors import NonRetryableError, TombstoneError

TaskOf = Callable[..., TaskContext]


def undo(task: TaskContext, step: str) -> dict[str, Any]:
    with entered(task):
        return rollback_step({"step_to_rollback": step, "order_id": "ORD-1"})


def recorded(settings: Settings) -> list[Any]:
    with database.transaction(settings) as connection:
        return list(connection.execute(sa.select(reversals).order_by(reversals.c.visit)))


@pytest.fixture
def shipments() -> Iterator[sa.Table]:
    """A table as a user's own step declares it."""
    line = sa.Column("line", sa.Integer, primary_key=True)
    table = effects.effect_table("shipments", line, several_rows=True)
    yield table
    effects._effect_tables.remove(table)
    database.metadata.remove(table)


def test_a_step_that_wrote_nothing_is_rolled_back_too(task_of: TaskOf) -> None:
    task = task_of("ValidateInput", undo=True)
    result = {"status": "rolled_back", "step": "ValidateInput", "deleted": 0}
    assert undo(task, "ValidateInput") == result
    with pytest.raises(TombstoneError):
        effects.check(task_of("ValidateInput"), "ValidateInput")


def test_the_rows_of_a_users_own_step_are_deleted(shipments: sa.Table, task_of: TaskOf) -> None:
    task = task_of("Ship[1].Pack")
    rows = [{**effects.key_of(task, "Pack"), "line": number} for number in range(3)]
    with effects.write(task, "Pack") as connection:
        connection.execute(sa.insert(shipments), rows)
    assert undo(task_of("Ship[1].Pack", undo=True), "Pack")["deleted"] == 3
    with database.transaction(task.settings) as connection:
        assert connection.execute(sa.select(shipments)).all() == []


def test_a_task_made_by_hand_undoes_the_step_it_names(task_of: TaskOf) -> None:
    with entered(task_of("SaveResults")):
        save_results({"order_id": "ORD-1"})
    assert undo(task_of("RollbackStep"), "SaveResults")["deleted"] == 1


def test_several_rows_need_a_key_of_their_own() -> None:
    with pytest.raises(ValueError, match="needs a primary key column"):
        effects.effect_table("broken", sa.Column("x", sa.Text), several_rows=True)


def test_a_write_that_fails_leaves_no_trace(task_of: TaskOf, settings: Settings) -> None:
    with pytest.raises(ZeroDivisionError), effects.write(task_of("Step"), "Step"):
        1 / 0  # noqa: B018
    with database.transaction(settings) as connection:
        assert connection.execute(sa.select(effects.step_effects)).all() == []


@pytest.mark.parametrize("data", [{}, {"step_to_rollback": ""}, {"step_to_rollback": 1}])
def test_an_undo_must_name_its_step(data: dict[str, Any]) -> None:
    with pytest.raises(NonRetryableError, match="step_to_rollback"):
        rollback_step(data)


def test_a_reversal_is_recorded_once_per_visit(task_of: TaskOf, settings: Settings) -> None:
    told = {
        "failed_activity": "NotifyCompletion",
        "reason": "Max retries exceeded",
        "last_error": "Boom: ção",
        "compensated": ["SaveResults"],
        "not_compensated": [],
    }
    results = []
    for visit in (1, 1, 2):
        with entered(task_of("CompensateTransaction", visit)):
            results.append(compensate_transaction({"order_id": "ORD-1", **told}))
    assert results[0] == results[1] != results[2]
    assert results[0]["status"] == "compensated"
    assert results[0]["compensated"] == ["SaveResults"]
    first, second = recorded(settings)
    assert (first.visit, second.visit) == (1, 2)
    assert first.failed_activity == "NotifyCompletion"
    assert json.loads(first.document) == {**told, "order_id": "ORD-1"}


def test_a_reversal_of_which_little_is_known_is_recorded(
    task_of: TaskOf, settings: Settings
) -> None:
    with entered(task_of("CompensateTransaction")):
        compensate_transaction({})
    assert recorded(settings)[0].reason == ""
