"""The ARNs of activities and state machines in somebody's account."""

from __future__ import annotations

from dataclasses import dataclass

REGION, ACCOUNT = "${AWS_REGION}", "${AWS_ACCOUNT_ID}"
"""What stands for them until somebody fills it in."""


@dataclass(frozen=True)
class Arns:
    """Region and account."""

    region: str = REGION
    account: str = ACCOUNT

    def activity(self, name: str, partition: str = "aws") -> str:
        """The ARN of an activity."""
        return f"arn:{partition}:states:{self.region}:{self.account}:activity:{name}"

    def state_machine(self, process: str) -> str:
        """The ARN for `NAME`, `NAME@VERSION` or an ARN; our version left out."""
        if process.startswith("arn:"):
            return process.partition("@")[0]
        name = process.partition("@")[0]
        return f"arn:aws:states:{self.region}:{self.account}:stateMachine:{name}"

    @staticmethod
    def dropped_version(state: str, process: str) -> list[str]:
        """What is to be said where a version cannot be named."""
        _, _, version = process.partition("@")
        if not version:
            return []
        return [f"{state}: version {version} of {process.partition('@')[0]} is not named there"]
