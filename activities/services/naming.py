"""How a service is called: in a Task's resource, by botocore, and in the names of errors.

An `aws-sdk` resource names a service as the AWS SDK for Java 2 does; the prefix of its errors
is that name with capitals.  The optimised integrations have names of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from activities.services import casing

_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "applicationdiscovery": "discovery",
        "cloudwatchlogs": "logs",
        "cognitoidentityprovider": "cognito-idp",
        "costandusagereport": "cur",
        "costexplorer": "ce",
        "databasemigration": "dms",
        "directory": "ds",
        "directoryservicedata": "ds-data",
        "elasticloadbalancing": "elb",
        "elasticloadbalancingv2": "elbv2",
        "elasticsearch": "es",
        "eventbridge": "events",
        "iotdataplane": "iot-data",
        "iotjobsdataplane": "iot-jobs-data",
        "lexmodelbuilding": "lex-models",
        "lexmodelsv2": "lexv2-models",
        "lexruntimev2": "lexv2-runtime",
        "marketplacemetering": "meteringmarketplace",
        "migrationhub": "mgh",
        "serverlessapplicationrepository": "serverlessrepo",
        "sfn": "stepfunctions",
        "simpledb": "sdb",
    }
)
"""Services whose name in a resource is not botocore's without hyphens."""


@dataclass(frozen=True)
class Naming:
    """What errors of a service are called."""

    prefix: str
    """Before the point: `DynamoDb`, or `DynamoDB` of the optimised integration."""
    other: str
    """After the point, for an error that the service's model does not know."""
    service: str = ""
    """What the cause calls the service, in the optimised integrations' own form of it."""


def botocore_name(service: str, known: list[str]) -> str | None:
    """The name that botocore has for an `aws-sdk` service; `known` are all of botocore's."""
    if service in _ALIASES:
        return _ALIASES[service]
    return next((name for name in known if name.replace("-", "") == service), None)


def of_service_id(service_id: str) -> Naming:
    """The names of errors of `aws-sdk` tasks, from the service's id in its model."""
    bare = re.sub(r"^(Amazon|AWS)\s*|\s*Service$", "", service_id)
    prefix = casing.pascal(bare)
    return Naming(prefix, f"{prefix}Exception")


def exception_name(shape: str) -> str:
    """The name of a modelled error: always with `Exception` at its end."""
    if shape.endswith("Exception"):
        return shape
    return shape.removesuffix("Fault") + "Exception"
