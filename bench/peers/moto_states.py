"""moto's interpreter of States Language: `python -m bench.peers.moto_states TRANSITIONS SECONDS`.

Counts up in a loop of Pass and Choice and prints `{"transitions", "seconds"}` for a tenth of the
transitions and for all.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import boto3
from moto import mock_aws

CONFIG: Any = {"stepfunctions": {"execute_state_machine": True}}
ROLE = "arn:aws:iam::123456789012:role/any"


def main() -> None:
    """Run both sizes."""
    transitions, limit = int(sys.argv[1]), float(sys.argv[2])
    for size in (transitions // 10, transitions):
        with mock_aws(config=CONFIG):
            client: Any = boto3.client(
                "stepfunctions",
                region_name="us-east-1",
                aws_access_key_id="x",
                aws_secret_access_key="x",  # noqa: S106 - no secret: moto asks for none
            )
            print(json.dumps({"transitions": size, "seconds": measured(client, size, limit)}))


def measured(client: Any, transitions: int, limit: float) -> float:
    """Seconds of one execution."""
    arn = client.create_state_machine(
        name=f"Counting{transitions}", definition=json.dumps(DOCUMENT), roleArn=ROLE
    )["stateMachineArn"]
    value = json.dumps({"n": 0, "max": transitions // 2})
    began = time.perf_counter()
    run = client.start_execution(stateMachineArn=arn, input=value)["executionArn"]
    while True:
        status = _status(client, run)
        took = time.perf_counter() - began
        if status == "SUCCEEDED":
            return took
        if status != "RUNNING" or took > limit:
            raise RuntimeError(f"{status} after {took:.0f} s")
        time.sleep(0.005)


def _status(client: Any, run: str) -> str:
    """How it stands; while moto's interpreter writes, its own copying may fail."""
    try:
        return str(client.describe_execution(executionArn=run)["status"])
    except (TypeError, RuntimeError):
        return "RUNNING"


DOCUMENT = {
    "StartAt": "Inc",
    "States": {
        "Inc": {
            "Type": "Pass",
            "Parameters": {"n.$": "States.MathAdd($.n, 1)", "max.$": "$.max"},
            "Next": "More",
        },
        "More": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericLessThanPath": "$.max", "Next": "Inc"}],
            "Default": "End",
        },
        "End": {"Type": "Succeed"},
    },
}

if __name__ == "__main__":
    main()
