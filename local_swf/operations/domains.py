"""Domains and their tags."""

from __future__ import annotations

import json

from local_swf import errors
from local_swf.jsontext import Json, dumps, present
from local_swf.paging import by_name
from local_swf.registry import Domain
from local_swf.work import Work

Args = dict[str, Json]

_ACCOUNT = "123456789012"


def register(work: Work, arguments: Args) -> None:
    """RegisterDomain."""
    name = arguments["name"]
    database = work.database
    if database.one("SELECT 1 FROM domains WHERE name = ?", name):
        raise errors.fault("DomainAlreadyExistsFault", name)
    count = database.one("SELECT count(*) FROM domains")
    if count and count[0] >= work.limits.domains:
        raise errors.fault("LimitExceededFault", "Limit on the number of domains reached")
    tags = _merged(work, {}, arguments.get("tags", []))
    database.execute(
        "INSERT INTO domains (name, status, description, retention, tags) VALUES (?, ?, ?, ?, ?)",
        (
            name,
            "REGISTERED",
            arguments.get("description"),
            arguments["workflowExecutionRetentionPeriodInDays"],
            dumps(tags).decode(),
        ),
    )


def deprecate(work: Work, arguments: Args) -> None:
    """DeprecateDomain: its types go with it."""
    domain = work.domain(arguments["name"])
    if domain.status == "DEPRECATED":
        raise errors.fault("DomainDeprecatedFault", domain.name)
    _set_status(work, domain, "DEPRECATED")
    work.database.execute(
        "UPDATE types SET status = 'DEPRECATED', deprecated = ?"
        " WHERE domain = ? AND status = 'REGISTERED'",
        (work.now, domain.id),
    )


def undeprecate(work: Work, arguments: Args) -> None:
    """UndeprecateDomain: its types stay deprecated."""
    domain = work.domain(arguments["name"])
    if domain.status == "REGISTERED":
        raise errors.fault("DomainAlreadyExistsFault", domain.name)
    _set_status(work, domain, "REGISTERED")


def _set_status(work: Work, domain: Domain, status: str) -> None:
    work.registry_changed()
    work.database.execute("UPDATE domains SET status = ? WHERE id = ?", (status, domain.id))


def describe(work: Work, arguments: Args) -> Args:
    """DescribeDomain."""
    domain = work.domain(arguments["name"])
    row = work.database.one("SELECT name, status, description FROM domains WHERE id = ?", domain.id)
    assert row is not None
    return {
        "configuration": {"workflowExecutionRetentionPeriodInDays": domain.retention},
        "domainInfo": _info(work, arguments, *row),
    }


def list_all(work: Work, arguments: Args) -> Args:
    """ListDomains, ascending by name."""
    rows, token = by_name(
        work,
        "ListDomains",
        arguments,
        "SELECT name, status, description FROM domains WHERE status = ?",
        [arguments["registrationStatus"]],
        ["name"],
    )
    infos = [_info(work, arguments, *row) for row in rows]
    return present(domainInfos=infos, nextPageToken=token)


def _info(work: Work, arguments: Args, name: str, status: str, description: str | None) -> Args:
    arn = _arn(work, arguments, name)
    return present(arn=arn, name=name, status=status, description=description)


def _arn(work: Work, arguments: Args, name: str) -> str:
    """The ARN of a domain in the region that the caller signed for."""
    region = arguments.get("region") or work.state.region
    return f"arn:aws:swf:{region}:{_ACCOUNT}:/domain/{name}"


def _by_arn(work: Work, arguments: Args) -> tuple[Domain, dict[str, str]]:
    arn = arguments["resourceArn"]
    _, _, name = arn.partition(":/domain/")
    unknown = errors.unknown_resource(f"Unknown resource: {arn}")
    if arn != _arn(work, arguments, name):
        raise unknown
    row = work.database.one(
        "SELECT id, name, status, retention, tags FROM domains WHERE name = ?", name
    )
    if row is None:
        raise unknown
    return Domain(*row[:4]), json.loads(row[4])


def _merged(work: Work, tags: dict[str, str], added: list[Args]) -> dict[str, str]:
    merged = {**tags, **{tag["key"]: tag.get("value", "") for tag in added}}
    if len(merged) > work.limits.domain_tags:
        raise errors.fault("TooManyTagsFault", "Limit on the number of tags reached")
    return merged


def _save_tags(work: Work, domain: Domain, tags: dict[str, str]) -> None:
    work.database.execute(
        "UPDATE domains SET tags = ? WHERE id = ?", (dumps(tags).decode(), domain.id)
    )


def tag(work: Work, arguments: Args) -> None:
    """TagResource: a key that exists gets the new value."""
    domain, tags = _by_arn(work, arguments)
    _save_tags(work, domain, _merged(work, tags, arguments["tags"]))


def untag(work: Work, arguments: Args) -> None:
    """UntagResource: keys that do not exist are passed over."""
    domain, tags = _by_arn(work, arguments)
    gone = set(arguments["tagKeys"])
    _save_tags(work, domain, {key: value for key, value in tags.items() if key not in gone})


def list_tags(work: Work, arguments: Args) -> Args:
    """ListTagsForResource."""
    _, tags = _by_arn(work, arguments)
    return {"tags": [{"key": key, "value": tags[key]} for key in sorted(tags)]}
