"""`arn:aws:states:::aws-sdk:SERVICE:ACTION`: any operation of any service."""

from __future__ import annotations

import functools
from urllib.parse import unquote

import boto3

from activities.services import calls, clients, failures, naming, shapes
from activities.services.calls import Service
from wire import Json


def perform(service_name: str, action: str, parameters: Json) -> Json:
    """Call `action` (`getItem`) of a service by its name in a resource (`dynamodb`, `sfn`).

    Gives the API's response without its metadata, in PascalCase.
    """
    service = _service(service_name)
    operation = calls.operation_of(service, action)
    if operation is None:
        raise failures.runtime(f"aws-sdk:{service_name} has no action {action!r}")
    return calls.call(service, operation, _prepared(service, parameters)).result


def _prepared(service: Service, parameters: Json) -> Json:
    """The parameters as boto3 wants them: it URL-encodes S3's CopySource, in AWS the state does."""
    if service.name != "s3" or not isinstance(parameters, dict):
        return parameters
    source = parameters.get("CopySource")
    return {**parameters, "CopySource": unquote(source)} if isinstance(source, str) else parameters


@functools.lru_cache(maxsize=256)
def _service(name: str) -> Service:
    found = naming.botocore_name(name, _known())
    if found is None:
        raise failures.runtime(f"aws-sdk has no service {name!r}")
    model = clients.client(found).meta.service_model
    return Service(found, naming.of_service_id(str(model.service_id)), shapes.SDK)


@functools.lru_cache(maxsize=1)
def _known() -> list[str]:
    return [str(name) for name in boto3.Session().get_available_services()]
