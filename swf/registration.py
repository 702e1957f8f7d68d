"""Domains and types: what `setup.py` asks of SWF."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from swf.calls import SwfCalls, present
from swf.faults import ALREADY_THERE, SwfFault
from wire import Json


class SwfRegistration(SwfCalls):
    """Registering, describing and bringing back.

    `register_…` and `undeprecate_…` return False where there was nothing to do.  Describing
    raises `DomainNotRegisteredError` or `TypeNotRegisteredError` for what does not exist; for
    what is deprecated the answer's `status` says so.
    """

    def register_domain(self, retention_days: int, description: str = "") -> bool:
        """Register this client's domain; closed histories are kept so many days (0 to 90)."""
        members = {
            "name": self.domain,
            "workflowExecutionRetentionPeriodInDays": str(retention_days),
            "description": description,
        }
        return self._ensured("register_domain", members)

    def describe_domain(self) -> dict[str, Json]:
        """`domainInfo` and `configuration` of this client's domain."""
        return self._call("describe_domain", {"name": self.domain})

    def list_domains(self, *, status: str = "REGISTERED") -> Iterator[dict[str, Json]]:
        """The engine's domains (SWF's domainInfo); `status` may be DEPRECATED."""
        return self._paged("list_domains", {"registrationStatus": status}, "domainInfos")

    def undeprecate_domain(self) -> bool:
        """Bring this client's domain back; its types stay deprecated."""
        return self._ensured("undeprecate_domain", {"name": self.domain})

    def register_workflow_type(self, **members: Any) -> bool:
        """Register a workflow type; `members` are SWF's (`name`, `version`, defaults)."""
        return self._ensured("register_workflow_type", {"domain": self.domain, **members})

    def describe_workflow_type(self, name: str, version: str) -> dict[str, Json]:
        """`typeInfo` and `configuration` of a workflow type."""
        return self._call("describe_workflow_type", self._type("workflowType", name, version))

    def undeprecate_workflow_type(self, name: str, version: str) -> bool:
        """Make a deprecated workflow type usable again."""
        return self._ensured("undeprecate_workflow_type", self._type("workflowType", name, version))

    def register_activity_type(self, **members: Any) -> bool:
        """Register an activity type; `members` are SWF's (`name`, `version`, defaults)."""
        return self._ensured("register_activity_type", {"domain": self.domain, **members})

    def describe_activity_type(self, name: str, version: str) -> dict[str, Json]:
        """`typeInfo` and `configuration` of an activity type."""
        return self._call("describe_activity_type", self._type("activityType", name, version))

    def undeprecate_activity_type(self, name: str, version: str) -> bool:
        """Make a deprecated activity type usable again."""
        return self._ensured("undeprecate_activity_type", self._type("activityType", name, version))

    def list_workflow_types(
        self, name: str | None = None, *, status: str = "REGISTERED"
    ) -> Iterator[dict[str, Json]]:
        """Workflow types (SWF's typeInfo) by name, or all; `status` may be DEPRECATED."""
        members = {"domain": self.domain, "name": name, "registrationStatus": status}
        return self._paged("list_workflow_types", members, "typeInfos")

    def list_activity_types(
        self, name: str | None = None, *, status: str = "REGISTERED"
    ) -> Iterator[dict[str, Json]]:
        """Activity types (SWF's typeInfo) by name, or all; `status` may be DEPRECATED."""
        members = {"domain": self.domain, "name": name, "registrationStatus": status}
        return self._paged("list_activity_types", members, "typeInfos")

    def _type(self, member: str, name: str, version: str) -> dict[str, Json]:
        return {"domain": self.domain, member: {"name": name, "version": version}}

    def _ensured(self, operation: str, members: dict[str, Any]) -> bool:
        """Whether it had to be done: somebody else, or our own lost attempt, may have."""
        try:
            self._connection.call(operation, present(members))
        except SwfFault as fault:
            if fault.code in ALREADY_THERE:
                return False
            raise self._public(fault, members) from fault.__cause__
        return True
