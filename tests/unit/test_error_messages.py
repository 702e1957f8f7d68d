"""Every error that people meet names its cause and the next step: the messages, whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import (
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
    UnauthorizedSSOTokenError,
)
from botocore.stub import Stubber

import config
import errors
from swf_client import Patience, SwfClient

ENGINE = "Amazon SWF in eu-west-1, domain orders"
USER = "User: arn:aws:iam::123456789012:user/ana is not authorized to perform: "
RESTART = "; keys of .env and of the environment are read at the start: restart what runs"
ONCE = Patience(ordinary=0, refused=0, poll=0)


def poll(client: SwfClient) -> Any:
    return client.poll_decision_task("tasks")


def describe_domain(client: SwfClient) -> Any:
    return client.describe_domain()


def register_domain(client: SwfClient) -> Any:
    return client.register_domain(30)


def start(client: SwfClient) -> Any:
    return client.start_execution(
        workflow_id="w", name="P", version="1", input="{}", start_id="s", task_list="tasks"
    )


def describe_activity(client: SwfClient) -> Any:
    return client.describe_activity_type("Pack", "1.0")


def complete(client: SwfClient) -> Any:
    return client.complete_activity_task("token", "{}")


def decide(client: SwfClient) -> Any:
    return client.respond_decision_task("token", [])


@dataclass(frozen=True)
class Case:
    """A call, what AWS answers or boto3 raises, and what the user is told."""

    call: Callable[[SwfClient], Any]
    code: str
    """Of SWF's fault."""
    said: str
    error: type[errors.BusinessProcessError]
    message: str
    raises: Exception | None = None
    """What boto3 raises instead of an answer."""
    status: int = 400
    settings: dict[str, str] = field(default_factory=dict)


CASES = {
    "no credentials": Case(
        describe_domain, "", "", errors.CredentialsError,
        "AWS credentials are missing or were refused (Unable to locate credentials); write "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in .env, set AWS_PROFILE or use an IAM role; "
        "without an AWS account set SWF_ENDPOINT=local",
        raises=NoCredentialsError(),
    ),
    "no such profile": Case(
        describe_domain, "", "", errors.CredentialsError,
        "AWS credentials are missing or were refused (The config profile (work) could not be "
        "found); write AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in .env, set AWS_PROFILE or use "
        "an IAM role; without an AWS account set SWF_ENDPOINT=local",
        raises=ProfileNotFound(profile="work"),
    ),
    "invalid token": Case(
        describe_domain, "UnrecognizedClientException",
        "The security token included in the request is invalid.", errors.CredentialsError,
        "AWS does not know these credentials in eu-west-1 (The security token included in the "
        "request is invalid.); correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, for temporary "
        "ones AWS_SESSION_TOKEN too, or AWS_REGION if the account has not enabled that region"
        f"{RESTART}",
    ),
    "expired token": Case(
        poll, "ExpiredTokenException", "The security token included in the request is expired",
        errors.CredentialsError,
        "the AWS credentials have expired (The security token included in the request is expired); "
        "get new temporary credentials (for SSO: `aws sso login`), with them a new "
        f"AWS_SESSION_TOKEN{RESTART}",
    ),
    "expired session of SSO": Case(
        poll, "", "", errors.CredentialsError,
        "the AWS credentials have expired (The SSO session associated with this profile has "
        "expired or is otherwise invalid. To refresh this SSO session run aws sso login with the "
        "corresponding profile.); get new temporary credentials (for SSO: `aws sso login`), with "
        f"them a new AWS_SESSION_TOKEN{RESTART}",
        raises=UnauthorizedSSOTokenError(),
    ),
    "wrong secret key": Case(
        poll, "InvalidSignatureException", "The request signature we calculated does not match",
        errors.CredentialsError,
        "the AWS secret key does not belong to the access key (The request signature we calculated "
        "does not match); copy AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY anew, whole and without "
        f"blanks{RESTART}",
    ),
    "a clock that is behind": Case(
        poll, "InvalidSignatureException", "Signature expired: 20260131T080000Z is now earlier",
        errors.CredentialsError,
        "this machine's clock is wrong, so AWS refuses what it signs (Signature expired: "
        "20260131T080000Z is now earlier); set the clock (Linux: `sudo timedatectl set-ntp true`)",
    ),
    "a clock that is ahead": Case(
        poll, "InvalidSignatureException", "Signature not yet current: 20260131T090000Z is later",
        errors.CredentialsError,
        "this machine's clock is wrong, so AWS refuses what it signs (Signature not yet current: "
        "20260131T090000Z is later); set the clock (Linux: `sudo timedatectl set-ntp true`)",
    ),
    "a region that is none": Case(
        describe_domain, "", "", errors.EngineUnreachableError,
        "Amazon SWF in eu-wets-1, domain orders does not answer (Could not connect to the endpoint "
        'URL: "https://swf.eu-wets-1.amazonaws.com/"); SWF has no region eu-wets-1: correct '
        "AWS_REGION; did you mean eu-west-1?",
        raises=EndpointConnectionError(endpoint_url="https://swf.eu-wets-1.amazonaws.com/"),
        settings={"AWS_REGION": "eu-wets-1"},
    ),
    "no network": Case(
        describe_domain, "", "", errors.EngineUnreachableError,
        f"{ENGINE} does not answer (Could not connect to the endpoint URL: "
        '"https://swf.eu-west-1.amazonaws.com/"); check network, proxy and AWS_REGION; without an '
        "AWS account SWF_ENDPOINT=local",
        raises=EndpointConnectionError(endpoint_url="https://swf.eu-west-1.amazonaws.com/"),
    ),
    "another region, or no domain yet": Case(
        poll, "UnknownResourceFault", "Unknown domain: orders", errors.DomainNotRegisteredError,
        "the domain orders is not registered in Amazon SWF in eu-west-1; run `python setup.py`, or "
        "correct SWF_DOMAIN or AWS_REGION if it is registered elsewhere",
    ),
    "missing permission": Case(
        poll, "AccessDeniedException",
        f"{USER}swf:PollForDecisionTask on resource: "
        "arn:aws:swf:eu-west-1:123456789012:/domain/orders because no identity-based policy allows",
        errors.PermissionDeniedError,
        f"these credentials may not do swf:PollForDecisionTask ({USER}swf:PollForDecisionTask on "
        "resource: arn:aws:swf:eu-west-1:123456789012:/domain/orders because no identity-based "
        'policy allows): their IAM policy needs the statement {"Effect": "Allow", "Action": '
        '"swf:PollForDecisionTask", "Resource": '
        '"arn:aws:swf:eu-west-1:123456789012:/domain/orders"}',
    ),
    "missing permission, no resource named": Case(
        describe_domain, "AccessDeniedException", f"{USER}swf:DescribeDomain",
        errors.PermissionDeniedError,
        f"these credentials may not do swf:DescribeDomain ({USER}swf:DescribeDomain): their IAM "
        'policy needs the statement {"Effect": "Allow", "Action": "swf:DescribeDomain", '
        '"Resource": "arn:aws:swf:eu-west-1:123456789012:/domain/orders"}',
    ),
    "missing permission, nothing named": Case(
        start, "OperationNotPermittedFault", "", errors.PermissionDeniedError,
        "these credentials may not do swf:StartWorkflowExecution (OperationNotPermittedFault): "
        'their IAM policy needs the statement {"Effect": "Allow", "Action": '
        '"swf:StartWorkflowExecution", "Resource": "arn:aws:swf:eu-west-1:*:/domain/orders"}',
    ),
    "missing permission that no domain has": Case(
        register_domain, "AccessDeniedException", "no", errors.PermissionDeniedError,
        "these credentials may not do swf:RegisterDomain (no): their IAM policy needs the "
        'statement {"Effect": "Allow", "Action": "swf:RegisterDomain", "Resource": "*"}',
    ),
    "missing permission to pass a role": Case(
        start, "AccessDeniedException",
        f"{USER}iam:PassRole on resource: arn:aws:iam::123456789012:role/r",
        errors.PermissionDeniedError,
        f"these credentials may not do iam:PassRole ({USER}iam:PassRole on resource: "
        "arn:aws:iam::123456789012:role/r): their IAM policy needs the statement "
        '{"Effect": "Allow", "Action": "iam:PassRole", "Resource": '
        '"arn:aws:iam::123456789012:role/r"}',
    ),
    "denied on purpose": Case(
        poll, "AccessDeniedException",
        f"{USER}swf:PollForDecisionTask with an explicit deny in a service control policy",
        errors.PermissionDeniedError,
        f"these credentials may not do swf:PollForDecisionTask ({USER}swf:PollForDecisionTask with "
        "an explicit deny in a service control policy): a policy denies it explicitly; besides "
        'lifting that, their IAM policy needs the statement {"Effect": "Allow", "Action": '
        '"swf:PollForDecisionTask", "Resource": '
        '"arn:aws:swf:eu-west-1:123456789012:/domain/orders"}',
    ),
    "in China the ARN is another": Case(
        poll, "AccessDeniedException", "no", errors.PermissionDeniedError,
        "these credentials may not do swf:PollForDecisionTask (no): their IAM policy needs the "
        'statement {"Effect": "Allow", "Action": "swf:PollForDecisionTask", "Resource": '
        '"arn:aws-cn:swf:cn-north-1:*:/domain/orders"}',
        settings={"AWS_REGION": "cn-north-1"},
    ),
    "unregistered workflow type": Case(
        start, "UnknownResourceFault", "Unknown type: WorkflowType=[name=P, version=1]",
        errors.TypeNotRegisteredError,
        f"the workflow type P 1 is not registered in {ENGINE}; run `python setup.py`",
    ),
    "deprecated workflow type": Case(
        start, "TypeDeprecatedFault", "WorkflowType=[name=P, version=1]",
        errors.TypeNotRegisteredError,
        f"the workflow type P 1 is deprecated in {ENGINE}; run `python setup.py`",
    ),
    "unregistered activity type": Case(
        describe_activity, "UnknownResourceFault",
        "Unknown type: ActivityType=[name=Pack, version=1.0]", errors.TypeNotRegisteredError,
        f"the activity type Pack 1.0 is not registered in {ENGINE}; run `python setup.py`",
    ),
    "activity task token expired": Case(
        complete, "UnknownResourceFault", "Unknown activity, scheduledEventId = 5",
        errors.TaskLostError,
        "swf:RespondActivityTaskCompleted: the task is no longer ours (Unknown activity, "
        "scheduledEventId = 5): it timed out, was canceled, or its execution closed. Nothing to "
        "do, deciders try again; if it happens often, raise ACTIVITY_START_TO_CLOSE_TIMEOUT or "
        "ACTIVITY_HEARTBEAT_TIMEOUT",
    ),
    "decision task token expired": Case(
        decide, "UnknownResourceFault", "Unknown decision, startedEventId = 3",
        errors.TaskLostError,
        "swf:RespondDecisionTaskCompleted: the task is no longer ours (Unknown decision, "
        "startedEventId = 3): it timed out, was canceled, or its execution closed. Nothing to do, "
        "deciders try again; if it happens often, raise DECISION_TASK_TIMEOUT",
    ),
    "poller limit": Case(
        poll, "LimitExceededFault", "Limit on maximum concurrent poll requests reached",
        errors.LimitReachedError,
        f"too many pollers on this task list of {ENGINE} (Limit on maximum concurrent poll "
        "requests reached); run fewer workers, lower --concurrency, or spread them over task lists",
    ),
    "another quota": Case(
        start, "LimitExceededFault", "", errors.LimitReachedError,
        f"a quota of {ENGINE} is exhausted: LimitExceededFault; close or delete what is not "
        "needed, or ask AWS to raise it",
    ),
    "throttled": Case(
        describe_domain, "ThrottlingException", "Rate exceeded", errors.ThrottledError,
        f"{ENGINE} kept refusing swf:DescribeDomain because of the account's request rate (Rate "
        "exceeded); start fewer at once, or ask AWS to raise the quota",
    ),
}  # fmt: skip


@pytest.fixture
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SwfClient:
    """A client of AWS that reaches no network."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    settings = {
        "SWF_ENDPOINT": "aws",
        "SWF_DOMAIN": "orders",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIATESTS",
        "AWS_SECRET_ACCESS_KEY": "secret-of-the-tests",
    }
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", settings["AWS_ACCESS_KEY_ID"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", settings["AWS_SECRET_ACCESS_KEY"])
    return SwfClient(config.load({**settings, **request.param.settings}), patience=ONCE)


@pytest.mark.parametrize(
    ("client", "case"), [(case, case) for case in CASES.values()], ids=CASES, indirect=["client"]
)
def test_the_message_names_the_cause_and_the_next_step(client: SwfClient, case: Case) -> None:
    with pytest.raises(errors.BusinessProcessError) as raised:
        _played(client, case)
    assert type(raised.value) is case.error
    assert str(raised.value) == case.message


def _played(client: SwfClient, case: Case) -> None:
    """Make the call; every operation of both clients answers so."""
    callers = client._connection._ready()
    operation = _operation(case.call)
    for boto in {id(c): c for c in (callers.calls, callers.polls)}.values():
        if case.raises is not None:
            boto.meta.events.register("before-call.swf", _raising(case.raises))
        else:
            stubber = Stubber(boto)
            stubber.add_client_error(operation, case.code, case.said, case.status)
            stubber.activate()
    case.call(client)


def _raising(error: Exception) -> Callable[..., None]:
    def refuse(**_: Any) -> None:
        raise error

    return refuse


def _operation(call: Callable[[SwfClient], Any]) -> str:
    return {
        poll: "poll_for_decision_task",
        describe_domain: "describe_domain",
        register_domain: "register_domain",
        start: "start_workflow_execution",
        describe_activity: "describe_activity_type",
        complete: "respond_activity_task_completed",
        decide: "respond_decision_task_completed",
    }[call]


def test_already_started() -> None:
    assert str(errors.ExecutionAlreadyStartedError("w", "r")) == (
        "workflow w is already open as run r; use another id, wait for its end (`python "
        "workflow_starter.py monitor w`), or terminate it first"
    )


def test_no_credentials_anywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Before anything is asked of AWS."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    settings = config.load({"SWF_ENDPOINT": "aws", "AWS_REGION": "eu-west-1", "SWF_DOMAIN": "d"})
    with pytest.raises(errors.CredentialsError) as raised:
        SwfClient(settings, patience=ONCE).describe_domain()
    assert str(raised.value) == (
        "no AWS credentials for Amazon SWF in eu-west-1, domain d: write AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY in .env, set AWS_PROFILE or use an IAM role; without an AWS account "
        "set SWF_ENDPOINT=local"
    )
