"""The errors that users see where a call to SWF failed: what the cause is, and what to do next."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError

from config import Settings
from errors import (
    BusinessProcessError,
    CredentialsError,
    DomainNotRegisteredError,
    EngineUnreachableError,
    ExecutionAlreadyStartedError,
    LimitReachedError,
    PermissionDeniedError,
    RequestRefusedError,
    SwfError,
    TaskLostError,
    ThrottledError,
    TypeNotRegisteredError,
    UnknownExecutionError,
)
from swf import credentials
from swf.faults import ALREADY_STARTED, IN_DOUBT, UNKNOWN_RESOURCE, Kind, SwfFault

Members = Mapping[str, Any]
"""A request's."""

_CLOCK_CODES = {"RequestExpired", "RequestTimeTooSkewed"}
_CLOCK_WORDS = ("signature expired", "signature not yet current")
_SIGNATURE_CODES = {"IncompleteSignature", "InvalidSignatureException", "SignatureDoesNotMatch"}
_UNKNOWN_KEY_CODES = {"InvalidClientTokenId", "UnrecognizedClientException", "OptInRequired"}
_DENIED_CODES = {"AccessDenied", "AccessDeniedException", "OperationNotPermittedFault"}
_LIMIT_CODES = {"LimitExceededFault", "TooManyTagsFault"}
_TASK_OPERATIONS = ("respond_", "record_")
_OF_NO_DOMAIN = ("register_domain", "list_domains")  # what IAM grants on any resource only


def public_error(fault: SwfFault, settings: Settings, members: Members) -> BusinessProcessError:
    """The error for users: its class, and a message that says what to do.

    `members` are the request's, for the ids that the error carries.
    """
    if fault.kind in (Kind.REFUSED, Kind.UNANSWERED):
        return EngineUnreachableError(_unreachable(fault, settings))
    if fault.kind is Kind.THROTTLED:
        return ThrottledError(
            f"{settings.engine} kept refusing {_action(fault)} because of the account's request "
            f"rate ({fault.message}); start fewer at once, or ask AWS to raise the quota"
        )
    if fault.is_of_credentials:
        return CredentialsError(_credentials(fault, settings))
    if fault.code in _DENIED_CODES:
        return PermissionDeniedError(_denied(fault, settings))
    if fault.code in _LIMIT_CODES:
        return LimitReachedError(_limit(fault, settings))
    return _refusal(fault, settings, members)


# --- what was asked ----------------------------------------------------------------------


def _refusal(fault: SwfFault, settings: Settings, members: Members) -> BusinessProcessError:
    """The error where SWF understood and said no."""
    known = _REFUSALS.get(fault.code)
    if known is not None:
        return known(fault, settings, members)
    return SwfError(f"{_action(fault)} failed: {fault.code}: {fault.message}")


def _already_started(_: SwfFault, __: Settings, members: Members) -> BusinessProcessError:
    return ExecutionAlreadyStartedError(str(members.get("workflowId", "")))


def _unknown(fault: SwfFault, settings: Settings, members: Members) -> BusinessProcessError:
    what = fault.message.partition(":")[0].lower()
    if "domain" in what:
        return _no_domain(settings, "is not registered")
    if fault.operation.startswith(_TASK_OPERATIONS):
        return _task_lost(fault)
    if "type" in what:
        return _no_type(fault, settings, "is not registered")
    return _no_execution(fault, settings, members)


def _no_execution(fault: SwfFault, settings: Settings, members: Members) -> UnknownExecutionError:
    execution = members.get("execution", members)
    workflow_id, run_id = str(execution.get("workflowId", "")), str(execution.get("runId") or "")
    named = f"{workflow_id} (run {run_id})" if run_id else workflow_id
    closed = "" if fault.operation.startswith(("describe_", "get_")) else ", or it is closed"
    return UnknownExecutionError(
        f"no execution {named} in {settings.engine}{closed}; "
        "`python workflow_starter.py list` shows what there is",
        workflow_id,
        run_id,
    )


def _malformed(fault: SwfFault, _: Settings, __: Members) -> BusinessProcessError:
    if fault.message == "Invalid token" and fault.operation.startswith(_TASK_OPERATIONS):
        return _task_lost(fault)
    return RequestRefusedError(f"{_action(fault)} was refused: {fault.message or fault.code}")


def _unsupported(fault: SwfFault, settings: Settings, _: Members) -> BusinessProcessError:
    return SwfError(f"{settings.engine} does not know {_action(fault)}")


_REFUSALS: dict[str, Callable[[SwfFault, Settings, Members], BusinessProcessError]] = {
    ALREADY_STARTED: _already_started,
    UNKNOWN_RESOURCE: _unknown,
    "DomainDeprecatedFault": lambda _fault, settings, _: _no_domain(settings, "is deprecated"),
    "TypeDeprecatedFault": lambda fault, settings, _: _no_type(fault, settings, "is deprecated"),
    "ValidationException": _malformed,
    "SerializationException": _malformed,
    "DefaultUndefinedFault": _malformed,
    "ParamValidationError": _malformed,
    "UnknownOperationException": _unsupported,
}


def _task_lost(fault: SwfFault) -> TaskLostError:
    if fault.after_unanswered:
        return TaskLostError(
            f"{_action(fault)}: the task is no longer open ({fault.message}); an earlier attempt "
            "that got no answer was perhaps taken, as the history shows",
            perhaps_done=True,
        )
    limit = "DECISION_TASK_TIMEOUT" if "decision" in fault.operation else _ACTIVITY_LIMIT
    return TaskLostError(
        f"{_action(fault)}: the task is no longer ours ({fault.message}): it timed out, was "
        "canceled, or its execution closed. Nothing to do, deciders try again; if it happens "
        f"often, raise {limit}"
    )


_ACTIVITY_LIMIT = "ACTIVITY_START_TO_CLOSE_TIMEOUT or ACTIVITY_HEARTBEAT_TIMEOUT"


def _no_domain(settings: Settings, what: str) -> DomainNotRegisteredError:
    place = settings.engine.partition(", domain")[0]
    elsewhere = ""
    if settings.swf_endpoint == "aws" and what == "is not registered":
        elsewhere = ", or correct SWF_DOMAIN or AWS_REGION if it is registered elsewhere"
    return DomainNotRegisteredError(
        f"the domain {settings.swf_domain} {what} in {place}; run `python setup.py`{elsewhere}"
    )


def _no_type(fault: SwfFault, settings: Settings, what: str) -> TypeNotRegisteredError:
    return TypeNotRegisteredError(
        f"{_type_named(fault.message)} {what} in {settings.engine}; run `python setup.py`"
    )


def _type_named(message: str) -> str:
    """`the activity type X 1.0`, from `Unknown type: ActivityType=[name=X, version=1.0]`."""
    found = re.search(r"(Activity|Workflow)Type=\[name=(.*), version=(.*)\]", message)
    return f"the {found[1].lower()} type {found[2]} {found[3]}" if found else message


# --- who asks ----------------------------------------------------------------------------


def _credentials(fault: SwfFault, settings: Settings) -> str:
    text = fault.message.lower()
    if fault.code in _CLOCK_CODES or any(words in text for words in _CLOCK_WORDS):
        return (
            f"this machine's clock is wrong, so AWS refuses what it signs ({fault.message}); set "
            "the clock (Linux: `sudo timedatectl set-ntp true`)"
        )
    fixed = credentials.are_fixed(settings)
    then = _RESTART if fixed else _BY_ITSELF
    if "expired" in f"{fault.code} {text}".lower():
        token = ", with them a new AWS_SESSION_TOKEN" if fixed else ""
        return (
            f"the AWS credentials have expired ({fault.message}); get new temporary credentials "
            f"(for SSO: `aws sso login`){token}; {then}"
        )
    if fault.code in _SIGNATURE_CODES:
        return (
            f"the AWS secret key does not belong to the access key ({fault.message}); copy "
            f"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY anew, whole and without blanks; {then}"
        )
    if fault.code in _UNKNOWN_KEY_CODES:
        return (
            f"AWS does not know these credentials in {settings.aws_region} ({fault.message}); "
            "correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, for temporary ones "
            "AWS_SESSION_TOKEN too, or AWS_REGION if the account has not enabled that region; "
            f"{then}"
        )
    return (
        f"AWS credentials are missing or were refused ({fault.message}); "
        f"{credentials.GET_CREDENTIALS}"
    )


_RESTART = "keys of .env and of the environment are read at the start: restart what runs"
_BY_ITSELF = "what runs takes them up by itself"


def _denied(fault: SwfFault, settings: Settings) -> str:
    statement = {"Effect": "Allow", **_permission(fault, settings)}
    remedy = f"their IAM policy needs the statement {json.dumps(statement)}"
    if "explicit deny" in fault.message:
        remedy = f"a policy denies it explicitly; besides lifting that, {remedy}"
    named = fault.message or fault.code
    return f"these credentials may not do {statement['Action']} ({named}): {remedy}"


def _permission(fault: SwfFault, settings: Settings) -> dict[str, str]:
    """`Action` and `Resource` of the statement, as AWS's message names them or as we know them."""
    named = re.search(r"not authorized to perform: ([\w:-]+)", fault.message)
    on = re.search(r"on resource: (\S+?)(?:[,.;]?(?:\s|$))", fault.message)
    account = re.search(r"arn:[\w-]+:(?:iam|sts)::(\d+):", fault.message)
    return {
        "Action": named[1] if named else _action(fault),
        "Resource": on[1] if on else _domain_arn(fault, settings, account[1] if account else "*"),
    }


def _domain_arn(fault: SwfFault, settings: Settings, account: str) -> str:
    if fault.operation in _OF_NO_DOMAIN:
        return "*"
    region = settings.aws_region
    special = {"cn": "aws-cn", "us-gov": "aws-us-gov"}
    partition = next((p for start, p in special.items() if region.startswith(f"{start}-")), "aws")
    return f"arn:{partition}:swf:{region}:{account}:/domain/{settings.swf_domain}"


# --- what SWF can bear, and whether it is there ------------------------------------------


def _limit(fault: SwfFault, settings: Settings) -> str:
    if "poll" in fault.message.lower():
        return (
            f"too many pollers on this task list of {settings.engine} ({fault.message}); "
            "run fewer workers, lower --concurrency, or spread them over task lists"
        )
    return (
        f"a quota of {settings.engine} is exhausted: {fault.message or fault.code}; "
        "close or delete what is not needed, or ask AWS to raise it"
    )


def _unreachable(fault: SwfFault, settings: Settings) -> str:
    doubt = ""
    if fault.operation == "start_workflow_execution" and _in_doubt(fault):
        doubt = f"; {IN_DOUBT}"
    if settings.swf_endpoint == "local":
        remedy = f"its log is in {settings.swf_dir}; `python -m local_swf stop`, then try again"
    elif settings.swf_endpoint == "aws":
        remedy = _wrong_region(settings.aws_region) or (
            "check network, proxy and AWS_REGION; without an AWS account SWF_ENDPOINT=local"
        )
    else:
        remedy = "start it, correct SWF_ENDPOINT, or set SWF_ENDPOINT=local"
    return f"{settings.engine} does not answer ({fault.message}); {remedy}{doubt}"


def _wrong_region(region: str) -> str | None:
    """What to do where no region has that name, as far as boto3 knows."""
    try:
        session = boto3.Session()
        known = [
            name
            for partition in session.get_available_partitions()
            for name in session.get_available_regions("swf", partition)
        ]
    except BotoCoreError:  # a profile that is not there
        return None
    if region in known:
        return None
    near = difflib.get_close_matches(region, known, 1)
    meant = f"; did you mean {near[0]}?" if near else ", us-east-1 for example"
    return f"SWF has no region {region}: correct AWS_REGION{meant}"


def _in_doubt(fault: SwfFault) -> bool:
    return fault.kind is Kind.UNANSWERED or fault.after_unanswered


def _action(fault: SwfFault) -> str:
    """The operation as IAM names it: `swf:StartWorkflowExecution`."""
    return "swf:" + "".join(word.capitalize() for word in fault.operation.split("_"))
