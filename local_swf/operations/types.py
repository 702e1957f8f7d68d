"""Workflow types and activity types: one table, the same rules for both."""

from __future__ import annotations

from local_swf import errors
from local_swf.jsontext import Json, dumps, present
from local_swf.paging import by_name
from local_swf.registry import SELECT_TYPES, Domain, Type, type_of
from local_swf.work import Work

Args = dict[str, Json]


_KEY = " WHERE domain = ? AND kind = ? AND name = ? AND version = ?"


def shown(kind: str, name: str, version: str) -> str:
    """A type as SWF names it in messages."""
    return f"{kind.capitalize()}Type=[name={name}, version={version}]"


def unknown_type(kind: str, named: Args) -> errors.SwfFault:
    """The fault for a type that does not exist."""
    return errors.unknown_resource(f"Unknown type: {shown(kind, named['name'], named['version'])}")


class TypeOperations:
    """The operations on types of one kind."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._member = f"{kind}Type"
        self._list_operation = f"List{kind.capitalize()}Types"

    def register(self, work: Work, arguments: Args) -> None:
        """Register{Workflow,Activity}Type."""
        domain = work.domain(arguments["domain"])
        name, version = arguments["name"], arguments["version"]
        if work.find_type(domain.id, self._kind, name, version):
            raise errors.fault("TypeAlreadyExistsFault", shown(self._kind, name, version))
        if domain.status == "DEPRECATED":
            raise errors.fault("DomainDeprecatedFault", domain.name)
        self._check_count(work, domain)
        work.registry_changed()
        defaults = {key: value for key, value in arguments.items() if key.startswith("default")}
        work.database.execute(
            "INSERT INTO types VALUES (?, ?, ?, ?, 'REGISTERED', ?, ?, NULL, ?)",
            (
                domain.id,
                self._kind,
                name,
                version,
                arguments.get("description"),
                work.now,
                dumps(defaults).decode(),
            ),
        )

    def _check_count(self, work: Work, domain: Domain) -> None:
        row = work.database.one(
            "SELECT count(*) FROM types WHERE domain = ? AND kind = ?", domain.id, self._kind
        )
        if row and row[0] >= work.limits.types:
            raise errors.fault("LimitExceededFault", "Limit on the number of types reached")

    def deprecate(self, work: Work, arguments: Args) -> None:
        """Deprecate{Workflow,Activity}Type."""
        domain, found = self._existing(work, arguments)
        if found.status == "DEPRECATED":
            raise errors.fault("TypeDeprecatedFault", shown(self._kind, found.name, found.version))
        self._set_status(work, domain, found, "DEPRECATED", work.now)

    def undeprecate(self, work: Work, arguments: Args) -> None:
        """Undeprecate{Workflow,Activity}Type."""
        domain, found = self._existing(work, arguments)
        if found.status == "REGISTERED":
            raise errors.fault(
                "TypeAlreadyExistsFault", shown(self._kind, found.name, found.version)
            )
        self._set_status(work, domain, found, "REGISTERED", None)

    def delete(self, work: Work, arguments: Args) -> None:
        """Delete{Workflow,Activity}Type: only a deprecated one."""
        domain, found = self._existing(work, arguments)
        if found.status == "REGISTERED":
            raise errors.fault(
                "TypeNotDeprecatedFault",
                "The type is currently registered and cannot be deleted in its current state",
            )
        work.registry_changed()
        work.database.execute(
            "DELETE FROM types" + _KEY, (domain.id, self._kind, found.name, found.version)
        )

    def describe(self, work: Work, arguments: Args) -> Args:
        """Describe{Workflow,Activity}Type; the configuration holds what was registered."""
        _, found = self._existing(work, arguments)
        return {"configuration": found.defaults, "typeInfo": self._info(found)}

    def list_all(self, work: Work, arguments: Args) -> Args:
        """List{Workflow,Activity}Types, ascending by name then version."""
        domain = work.domain(arguments["domain"])
        sql = SELECT_TYPES + " WHERE domain = ? AND kind = ? AND status = ?"
        parameters = [domain.id, self._kind, arguments["registrationStatus"]]
        if (name := arguments.get("name")) is not None:
            sql += " AND name = ?"
            parameters.append(name)
        rows, token = by_name(
            work, self._list_operation, arguments, sql, parameters, ["name", "version"]
        )
        return present(typeInfos=[self._info(type_of(row)) for row in rows], nextPageToken=token)

    def _existing(self, work: Work, arguments: Args) -> tuple[Domain, Type]:
        domain = work.domain(arguments["domain"])
        named = arguments[self._member]
        found = work.find_type(domain.id, self._kind, named["name"], named["version"])
        if found is None:
            raise unknown_type(self._kind, named)
        return domain, found

    def _set_status(
        self, work: Work, domain: Domain, found: Type, status: str, deprecated: int | None
    ) -> None:
        work.registry_changed()
        work.database.execute(
            "UPDATE types SET status = ?, deprecated = ?" + _KEY,
            (status, deprecated, domain.id, self._kind, found.name, found.version),
        )

    def _info(self, found: Type) -> Args:
        info = {
            self._member: {"name": found.name, "version": found.version},
            "creationDate": found.created / 1000,
            "status": found.status,
        }
        if found.description is not None:
            info["description"] = found.description
        if found.deprecated is not None:
            info["deprecationDate"] = found.deprecated / 1000
        return info
