from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from activities import services
from activities.context import TaskContext, entered
from activities.services import clients
from wire import Json

Run = Callable[..., Json]
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIATEST",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    clients.forget()
    yield
    clients.forget()


@pytest.fixture
def aws() -> Iterator[Callable[[str], Any]]:
    with mock_aws():
        yield lambda service: boto3.client(service, region_name="us-east-1")  # type: ignore[call-overload]


@pytest.fixture
def run(task_of: Callable[..., TaskContext]) -> Run:
    """Calls a function as a worker does: `run(type, parameters, **facts_of_the_task)`."""

    def call(activity: str, parameters: Json, **facts: Any) -> Json:
        function = services.find(activity)
        assert function is not None
        with entered(task_of("Call", **facts)):
            return function(parameters)

    return call


@pytest.fixture
def key(task_of: Callable[..., TaskContext]) -> str:
    return task_of("Call").idempotency_key


@pytest.fixture
def stubbed(
    task_of: Callable[..., TaskContext],
) -> Iterator[Callable[[str], Stubber]]:
    """A service that answers what the test says, in the order it says it."""
    made: list[Stubber] = []

    def stub(service: str) -> Stubber:
        with entered(task_of("Call")):
            stubber = Stubber(clients.client(service))
        stubber.activate()
        made.append(stubber)
        return stubber

    yield stub
    for stubber in made:
        stubber.assert_no_pending_responses()
