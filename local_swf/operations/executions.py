"""What a client does to a run: start, signal, ask to cancel, terminate, look at."""

from __future__ import annotations

from local_swf import errors, history, lifecycle
from local_swf.jsontext import Json, dumps, present
from local_swf.lifecycle import UndefinedError
from local_swf.operations.types import shown, unknown_type
from local_swf.runs import Run
from local_swf.visibility import execution_info
from local_swf.work import Work

Args = dict[str, Json]


def start(work: Work, arguments: Args) -> Args:
    """StartWorkflowExecution."""
    domain = work.domain(arguments["domain"])
    named = arguments["workflowType"]
    found = work.find_type(domain.id, "workflow", named["name"], named["version"])
    if found is None:
        raise unknown_type("workflow", named)
    if domain.status == "DEPRECATED":
        raise errors.fault("DomainDeprecatedFault", domain.name)
    if found.status == "DEPRECATED":
        raise errors.fault("TypeDeprecatedFault", shown("workflow", found.name, found.version))
    try:
        settings = lifecycle.resolve(arguments, found.defaults)
    except UndefinedError as missing:
        raise errors.fault("DefaultUndefinedFault", missing.member) from None
    if work.find_open_run(domain.id, arguments["workflowId"], None) is not None:
        raise errors.fault("WorkflowExecutionAlreadyStartedFault", "Already Started")
    if work.open_count(domain.id) >= work.limits.open_executions:
        raise errors.fault("LimitExceededFault", "Limit on the number of open executions reached")
    run = lifecycle.start(work, domain.id, arguments["workflowId"], named, settings, arguments)
    return {"runId": run.run_id}


def signal(work: Work, arguments: Args) -> None:
    """SignalWorkflowExecution."""
    attributes = {
        "externalInitiatedEventId": 0,
        "input": arguments.get("input"),
        "signalName": arguments["signalName"],
    }
    run = _open_run(work, arguments)
    work.state.rates.check_one("SignalWorkflowExecution", run.id)
    lifecycle.signal(work, run, attributes)


def request_cancel(work: Work, arguments: Args) -> None:
    """RequestCancelWorkflowExecution."""
    run = _open_run(work, arguments)
    work.state.rates.check_one("RequestCancelWorkflowExecution", run.id)
    lifecycle.request_cancel(work, run, {"externalInitiatedEventId": 0})


def terminate(work: Work, arguments: Args) -> None:
    """TerminateWorkflowExecution."""
    lifecycle.terminate(
        work,
        _open_run(work, arguments),
        "OPERATOR_INITIATED",
        reason=arguments.get("reason"),
        details=arguments.get("details"),
        child_policy=arguments.get("childPolicy"),
    )


def _open_run(work: Work, arguments: Args) -> Run:
    domain = work.domain(arguments["domain"])
    return work.open_run(domain, arguments["workflowId"], arguments.get("runId"))


def _any_run(work: Work, arguments: Args) -> Run:
    domain = work.domain(arguments["domain"])
    execution = arguments["execution"]
    return work.find_run(domain, execution["workflowId"], execution["runId"])


def describe(work: Work, arguments: Args) -> Args:
    """DescribeWorkflowExecution."""
    run = _any_run(work, arguments)
    described: Args = {
        "executionConfiguration": present(
            childPolicy=run.child_policy,
            executionStartToCloseTimeout=run.execution_timeout,
            lambdaRole=run.lambda_role,
            taskList={"name": run.task_list},
            taskPriority=run.task_priority,
            taskStartToCloseTimeout=run.task_timeout,
        ),
        "executionInfo": execution_info(run),
        "openCounts": {
            "openActivityTasks": run.open_activities,
            "openChildWorkflowExecutions": run.open_children,
            "openDecisionTasks": int(bool(run.waiting_id or run.started_id)),
            "openLambdaFunctions": run.open_lambdas,
            "openTimers": run.open_timers,
        },
    }
    if run.activity_time is not None:
        described["latestActivityTaskTimestamp"] = run.activity_time / 1000
    if run.context_event:
        context = work.event(run, run.context_event)["executionContext"]
        described["latestExecutionContext"] = context
    return described


def get_history(work: Work, arguments: Args) -> bytes:
    """GetWorkflowExecutionHistory."""
    run = _any_run(work, arguments)
    operation = "GetWorkflowExecutionHistory"
    work.state.rates.check_one(operation, run.id)
    if (text := arguments.get("nextPageToken")) is not None:
        life = work.limits.page_token_seconds
        position = work.tokens.open_page(text, operation, arguments, work.now, life)
        span = history.Span(*position)
        if not span.reverse:
            span = span._replace(last=run.last_event)
    else:
        span = history.Span(run.id, 1, run.last_event, arguments.get("reverseOrder", False))
    size = arguments.get("maximumPageSize")
    events, rest = history.page(work.database, span, size, work.limits.page_bytes)
    body = b'{"events":[' + events + b"]"
    if rest is None:
        return body + b"}"
    token = work.tokens.page(operation, arguments, list(rest), work.now)
    return body + b',"nextPageToken":' + dumps(token) + b"}"
