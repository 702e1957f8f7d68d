"""`aws.map.results`: what the children of a distributed Map gave, as its `ResultWriter` says.

In S3 a run has a folder of its own with `manifest.json`, which names the files of each
status.  The folder is the task's key: an attempt again writes over the earlier one's files.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

import wire
from activities.context import current_task
from activities.services import clients, failures
from errors import TaskFailedError
from wire import Json

STATUSES = ("FAILED", "PENDING", "SUCCEEDED")
TRANSFORMATIONS = ("NONE", "COMPACT", "FLATTEN")
FORMATS = ("JSON", "JSONL")


def results(parameters: Json) -> Json:
    """Write the results: `{"Resource", "Parameters", "Results", "MapRunArn", "WriterConfig"?}`.

    `Parameters` are `{"Bucket", "Prefix"?}`; a result is `{"Status", "Input", "Output", ...}`,
    input and output being JSON texts.  Gives `{"MapRunArn", "ResultWriterDetails": {"Bucket",
    "Key"}}`; without `Parameters` nothing is written, and the results themselves come back,
    in the form that `WriterConfig` asks for.  Raises States.ResultWriterFailed.
    """
    if not isinstance(parameters, dict):
        raise failed("ResultWriter must be an object")
    config = parameters.get("WriterConfig") or {}
    transformation = _chosen(config, "Transformation", TRANSFORMATIONS)
    form = _chosen(config, "OutputType", FORMATS)
    by_status = _by_status(parameters.get("Results") or [])
    files = {
        status: list(_transformed(entries, transformation if status == "SUCCEEDED" else "NONE"))
        for status, entries in by_status.items()
    }
    place = parameters.get("Parameters")
    if not place:
        return _in_state([*files["SUCCEEDED"], *files["FAILED"], *files["PENDING"]], form)
    return _exported(place, str(parameters.get("MapRunArn", "")), files, form)


def failed(cause: str) -> TaskFailedError:
    """The error of a writer."""
    return TaskFailedError("States.ResultWriterFailed", failures.cut(cause))


def _chosen(config: dict[str, Json], member: str, allowed: tuple[str, ...]) -> str:
    value = config.get(member, allowed[0])
    if value not in allowed:
        raise failed(f"{member} must be one of {', '.join(allowed)}, and is {value!r}")
    return str(value)


def _by_status(entries: Iterable[dict[str, Json]]) -> dict[str, list[dict[str, Json]]]:
    """Results by the file that they belong to; what was stopped or ran out of time has failed."""
    sorted_out: dict[str, list[dict[str, Json]]] = {status: [] for status in STATUSES}
    for entry in entries:
        status = entry.get("Status")
        sorted_out[status if status in STATUSES else "FAILED"].append(entry)
    return sorted_out


def _transformed(entries: list[dict[str, Json]], transformation: str) -> Iterable[Json]:
    """The entries with what Step Functions tells of each, or their outputs alone."""
    for entry in entries:
        if transformation == "NONE":
            yield _told(entry)
            continue
        output = wire.loads(entry.get("Output"))
        if transformation == "FLATTEN" and isinstance(output, list):
            yield from output
        else:
            yield output


def _told(entry: dict[str, Json]) -> dict[str, Json]:
    whole = {f"{name}Details": {"Included": True} for name in ("Input", "Output") if name in entry}
    return dict(sorted({**whole, **entry}.items()))


def _in_state(entries: list[Json], form: str) -> Json:
    return entries if form == "JSON" else _text(entries, form)


def _text(entries: list[Json], form: str) -> str:
    if form == "JSON":
        return wire.dumps(entries)
    return "\n".join(map(wire.dumps, entries))


# --- S3 ----------------------------------------------------------------------------------


def _exported(place: Json, arn: str, files: dict[str, list[Json]], form: str) -> Json:
    bucket = place.get("Bucket") if isinstance(place, dict) else None
    if not isinstance(bucket, str) or not bucket:
        raise failed("ResultWriter needs Parameters with a Bucket")
    folder = "/".join(filter(None, [_prefix(place), current_task().idempotency_key]))
    written = {
        status: [_file(place, f"{folder}/{status}_0.{form.lower()}", _text(entries, form))]
        for status, entries in files.items()
        if entries
    }
    manifest = {
        "DestinationBucket": bucket,
        "MapRunArn": arn,
        "ResultFiles": {status: written.get(status, []) for status in STATUSES},
    }
    key = f"{folder}/manifest.json"
    _file(place, key, wire.dumps(manifest))
    return {"MapRunArn": arn, "ResultWriterDetails": {"Bucket": bucket, "Key": key}}


def _prefix(place: dict[str, Json]) -> str:
    return str(place.get("Prefix") or "").strip("/")


def _file(place: dict[str, Json], key: str, text: str) -> dict[str, Json]:
    """Write one file; what the manifest says of it."""
    body = text.encode("utf-8", "surrogatepass")
    owner: dict[str, Any] = {}
    if place.get("ExpectedBucketOwner"):
        owner["ExpectedBucketOwner"] = str(place["ExpectedBucketOwner"])
    try:
        clients.client("s3").put_object(
            Bucket=place["Bucket"], Key=key, Body=body, ContentType="application/json", **owner
        )
    except (ClientError, BotoCoreError) as error:
        raise failed(str(error)) from error
    return {"Key": key, "Size": len(body)}
