"""`signal`: send a signal to an open execution and report the decider's answer."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from cli import unpolled
from cli.command import Arguments, Command, add_answer, add_execution, add_operator
from cli.output import Output
from cli.parsing import json_from
from errors import EngineUnreachableError
from starter.control.signals import check_not_refused
from wire import Json

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which execution, which signal, with what."""
    add_execution(parser)
    parser.add_argument("--name", metavar="SIGNAL", required=True, help="name of the signal")
    parser.add_argument("--input", metavar="JSON", help="JSON text, file, or - for standard input")
    add_operator(parser)
    add_answer(parser)


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Send; wait for the answer where one can come."""
    sent = starter.signal_workflow(
        arguments.workflow_id,
        arguments.name,
        json_from(arguments.input) if arguments.input else None,
        arguments.run_id,
        reason=arguments.reason,
        actor=arguments.actor,
    )
    return report(starter, arguments, output, arguments.name, {**sent})


def report(
    starter: WorkflowStarter,
    arguments: Arguments,
    output: Output,
    name: str,
    sent: dict[str, Json],
) -> int:
    """Wait for the answer to a signal and print it; a refusal raises `SignalRefusedError`."""
    answer = None
    if sent["request_id"] and arguments.answer_timeout > 0:
        try:
            answer = starter.signal_outcome(
                sent["workflow_id"], sent["run_id"], sent["request_id"], arguments.answer_timeout
            )
        except EngineUnreachableError as error:
            told = f"{name} was sent, and its answer is not known"
            raise EngineUnreachableError(f"{told}: {error}") from error
        check_not_refused(name, answer)
    outcome = answer["outcome"] if answer else None
    said = f"{name}: {outcome}" if outcome else f"{name}: sent, not answered yet"
    output.result({**sent, "outcome": outcome}, [said])
    if answer is None and arguments.answer_timeout > 0 and sent["request_id"]:
        _tell_unanswered(starter, sent, output)
    return 0


def _tell_unanswered(starter: WorkflowStarter, sent: dict[str, Json], output: Output) -> None:
    output.remark("no decider has answered yet; is decision_worker.py running?")
    client, now = starter.swf_client, time.time()
    for task in unpolled.late(client, sent["workflow_id"], sent["run_id"], now):
        output.remark(task.line(client.settings.swf_task_list, now))


COMMAND = Command(
    name="signal",
    help="send a signal to an open execution",
    example="""signal WORKFLOW_ID --name RESUME_FROM_STEP --input '{"step_name": "ProcessData"}'""",
    fields="workflow_id, run_id, request_id, outcome (done, waiting, or null: no answer yet)",
    add_arguments=add_arguments,
    run=run,
)
