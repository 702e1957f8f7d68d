"""ScheduleLambdaFunction: a task that SWF runs by itself."""

from __future__ import annotations

from local_swf import decision_tasks
from local_swf.deadlines import LAMBDA, Deadline
from local_swf.decisions.batch import Args, Batch

DEFAULT_SECONDS = "900"
"""The timeout of a Lambda task that names none, and the most that SWF allows."""


def schedule(batch: Batch, given: Args) -> None:
    """Write the task and call the function once the response has been carried out."""
    if (cause := _cause(batch, given["id"])) is not None:
        attributes = {"id": given["id"], "name": given["name"]}
        batch.fail("ScheduleLambdaFunctionFailed", cause, attributes)
        return
    timeout = given.get("startToCloseTimeout", DEFAULT_SECONDS)
    scheduled_id = batch.append(
        "LambdaFunctionScheduled",
        {
            "control": given.get("control"),
            "id": given["id"],
            "input": given.get("input"),
            "name": given["name"],
            "startToCloseTimeout": timeout,
        },
    )
    batch.run.open_lambdas += 1
    seconds = DEFAULT_SECONDS if timeout == "NONE" else timeout
    expires_at = batch.work.now + int(seconds) * 1000
    batch.work.database.execute(
        "INSERT INTO lambdas VALUES (?, ?, ?, ?, ?)",
        (batch.run.id, scheduled_id, given["id"], 0, expires_at),
    )
    batch.work.later(lambda: _begin(batch, scheduled_id, expires_at))


def _cause(batch: Batch, lambda_id: str) -> str | None:
    in_use = batch.work.database.one(
        "SELECT 1 FROM lambdas WHERE run = ? AND lambda_id = ?", batch.run.id, lambda_id
    )
    if in_use:
        return "ID_ALREADY_IN_USE"
    if batch.run.open_lambdas >= batch.work.limits.open_lambdas:
        return "OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED"
    return batch.work.state.rates.excess(
        "ScheduleLambdaFunction", "LAMBDA_FUNCTION_CREATION_RATE_EXCEEDED"
    )


def _begin(batch: Batch, scheduled_id: int, expires_at: int) -> None:
    work, run = batch.work, batch.run
    if not run.is_open:
        return
    if run.lambda_role is None:
        attributes = {
            "cause": "ASSUME_ROLE_FAILED",
            "message": "The run has no lambdaRole",
            "scheduledEventId": scheduled_id,
        }
        work.append(run, "StartLambdaFunctionFailed", attributes)
        work.database.execute(
            "DELETE FROM lambdas WHERE run = ? AND scheduled_id = ?", (run.id, scheduled_id)
        )
        run.open_lambdas -= 1
        decision_tasks.schedule(work, run)
        return
    started_id = work.append(run, "LambdaFunctionStarted", {"scheduledEventId": scheduled_id})
    work.database.execute(
        "UPDATE lambdas SET started_id = ? WHERE run = ? AND scheduled_id = ?",
        (started_id, run.id, scheduled_id),
    )
    work.set_deadline(Deadline(LAMBDA, run.id, scheduled_id), expires_at)
    work.after_release(work.state.invoke_lambda, run.id, scheduled_id)
