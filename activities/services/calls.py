"""One call of an AWS API: JSON in, JSON out, errors by the names that States Language catches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import OperationModel

from activities.context import current_task
from activities.services import clients, failures, shapes
from activities.services.naming import Naming
from activities.services.shapes import Style
from wire import Json

_BASE64_SERVICES = ("dynamodb", "dynamodbstreams")


@dataclass(frozen=True)
class Service:
    """An AWS service as an integration sees it."""

    name: str
    """botocore's."""
    naming: Naming
    style: Style


@dataclass(frozen=True)
class Answer:
    """What a call gave."""

    result: dict[str, Json]
    """Members in the integration's spelling."""
    metadata: dict[str, Json]
    """`SdkHttpMetadata` and `SdkResponseMetadata`, which optimised integrations add."""


def call(service: Service, operation: str, parameters: Json) -> Answer:
    """Call an operation, by the name in the service's model.

    Tokens that make a request idempotent are the task's key, unless the parameters bring
    their own: an attempt again finds what the earlier one has begun.
    """
    client = clients.client(service.name)
    model = client.meta.service_model.operation_model(operation)
    style = _style(service)
    asked = {} if parameters is None else parameters
    given = shapes.to_api(model.input_shape, asked, style) if model.input_shape else {}
    for token in model.idempotent_members:
        given.setdefault(token, current_task().idempotency_key)
    try:
        answer = getattr(client, xform_name(operation))(**given)
        result = shapes.from_api(model.output_shape, answer, style) if model.output_shape else {}
    except (BotoCoreError, ClientError) as error:
        naming, described = service.naming, client.meta.service_model
        raise failures.of(error, naming, described, operation) from error
    return Answer(result, metadata(answer.get("ResponseMetadata", {})))


def operation_of(service: Service, action: str) -> str | None:
    """The operation that an action of a resource names (`putItem`); None for an unknown one.

    Operations that answer with a stream of events are none, as in Step Functions.
    """
    model = clients.client(service.name).meta.service_model
    found = next((name for name in model.operation_names if name.lower() == action.lower()), None)
    if found is None or _streams(model.operation_model(found)):
        return None
    return str(found)


def metadata(told: dict[str, Any]) -> dict[str, Json]:
    """What optimised integrations say of the HTTP answer, from botocore's ResponseMetadata."""
    headers = {str(name): str(value) for name, value in told.get("HTTPHeaders", {}).items()}
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": told.get("HTTPStatusCode", 200),
        },
        "SdkResponseMetadata": {"RequestId": told.get("RequestId", "")},
    }


def _style(service: Service) -> Style:
    return replace(service.style, base64_blobs=service.name in _BASE64_SERVICES)


def _streams(model: OperationModel) -> bool:
    return bool(model.has_event_stream_input or model.has_event_stream_output)
