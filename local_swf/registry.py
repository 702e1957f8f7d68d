"""Domains and types: looked up by every start and every scheduled activity, so remembered."""

from __future__ import annotations

import json
from typing import NamedTuple

from local_swf import errors
from local_swf.database import Database, Row
from local_swf.jsontext import Json


class Domain(NamedTuple):
    """A registered domain, without its description and tags."""

    id: int
    name: str
    status: str
    retention: str

    @property
    def retention_ms(self) -> int:
        """How long closed runs stay, in milliseconds."""
        days = 0 if self.retention == "NONE" else int(self.retention)
        return days * 86_400_000 or _NOT_KEPT_MS


class Type(NamedTuple):
    """A registered or deprecated type."""

    name: str
    version: str
    status: str
    description: str | None
    created: int
    deprecated: int | None
    defaults: dict[str, Json]


_NOT_KEPT_MS = 60_000
"""Runs that are not kept can still be read for a while: clients look for the result then."""

SELECT_TYPES = "SELECT name, version, status, description, created, deprecated, defaults FROM types"
_DOMAIN = "SELECT id, name, status, retention FROM domains WHERE "
_TYPE = SELECT_TYPES + " WHERE domain = ? AND kind = ? AND name = ? AND version = ?"


def type_of(row: Row) -> Type:
    """A row of `SELECT_TYPES` as a type."""
    name, version, status, description, created, deprecated, defaults = row
    return Type(name, version, status, description, created, deprecated, json.loads(defaults))


class Registry:
    """What has been looked up since the last change to any domain or type."""

    def __init__(self) -> None:
        self._by_name: dict[str, Domain] = {}
        self._by_id: dict[int, Domain] = {}
        self._types: dict[tuple[int, str, str, str], Type] = {}

    def domain(self, database: Database, name: str) -> Domain:
        """The domain with a name; UnknownResourceFault when it was never registered."""
        found = self._by_name.get(name)
        if found is None:
            row = database.one(_DOMAIN + "name = ?", name)
            if row is None:
                raise errors.unknown_domain(name)
            found = self._by_name[name] = Domain(*row)
        return found

    def domain_by_id(self, database: Database, number: int) -> Domain:
        """The domain that a run belongs to."""
        found = self._by_id.get(number)
        if found is None:
            row = database.one(_DOMAIN + "id = ?", number)
            assert row is not None
            found = self._by_id[number] = Domain(*row)
        return found

    def find_type(
        self, database: Database, domain: int, kind: str, name: str, version: str
    ) -> Type | None:
        """A type by its name and version, None when it does not exist."""
        key = (domain, kind, name, version)
        found = self._types.get(key)
        if found is None and (row := database.one(_TYPE, *key)) is not None:
            found = self._types[key] = type_of(row)
        return found

    def forget(self) -> None:
        """Look everything up again."""
        self._by_name.clear()
        self._by_id.clear()
        self._types.clear()
