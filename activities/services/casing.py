"""The spelling of names in the results of `aws-sdk` tasks: that of the AWS SDK for Java 2.

Step Functions calls AWS through that SDK, and its names shine through: `DBInstanceIdentifier`
is `DbInstanceIdentifier` there, `KMSKeyId` is `KmsKeyId`.
"""

from __future__ import annotations

import functools
import re

_BREAKS = (
    (re.compile(r"[^A-Za-z0-9]+"), " "),  # acm-pca, Elastic Load Balancing v2
    (re.compile(r"([^a-z]{2,})v([0-9]+)"), r"\1 v\2 "),  # SESv2
    (re.compile(r"([^A-Z]{2,})V([0-9]+)"), r"\1 V\2 "),  # ApiGatewayV2
    (re.compile(r"(?<=[a-z])(?=[A-Z][a-zA-Z0-9])"), " "),  # DynamoDB
    (re.compile(r"([A-Z]+)([A-Z][a-z])"), r"\1 \2"),  # DBInstance
    (re.compile(r"([0-9])([a-zA-Z])"), r"\1 \2"),  # MD5OfBody
)


@functools.lru_cache(maxsize=8_192)
def pascal(name: str) -> str:
    """`name` with each of its words capitalised and the rest of the word in small letters."""
    for pattern, replacement in _BREAKS:
        name = pattern.sub(replacement, name)
    return "".join(word.capitalize() for word in name.split())


def first_upper(name: str) -> str:
    """`name` with a capital at its start: the spelling of the optimised integrations."""
    return name[:1].upper() + name[1:]
