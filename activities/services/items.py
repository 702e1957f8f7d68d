"""`aws.map.items`: the items of a distributed Map, read from S3 as its `ItemReader` says."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
import json
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from activities.services import clients, failures, shapes
from errors import TaskFailedError
from wire import Json

DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
FIELD_CHARACTERS = 262_144
"""Longest field of a row: what one item may hold in Step Functions."""

csv.field_size_limit(FIELD_CHARACTERS)


def items(parameters: Json) -> Json:
    """Read the items: `{"Resource", "ReaderConfig"?, "Parameters"}` in, a list out.

    `s3:getObject` reads one object of `InputType` JSON (an array, or an object as Key and
    Value pairs), JSONL, CSV (rows as objects of texts) or MANIFEST; `s3:listObjectsV2` gives
    the objects themselves.  At most `MaxItems`.  Raises States.ItemReaderFailed.
    """
    reader = _reader(parameters)
    config, place = reader.get("ReaderConfig") or {}, reader.get("Parameters") or {}
    try:
        found = _found(str(reader.get("Resource", "")), config, place)
        return list(itertools.islice(found, _limit(config)))
    except (ClientError, BotoCoreError) as error:
        raise failed(str(error)) from error
    except (ValueError, TypeError, LookupError, csv.Error, OSError, EOFError, zlib.error) as error:
        raise failed(f"{_named(place)} cannot be read: {error}") from error


def failed(cause: str) -> TaskFailedError:
    """The error of a reader."""
    return TaskFailedError("States.ItemReaderFailed", failures.cut(cause))


def _reader(parameters: Json) -> dict[str, Json]:
    if not isinstance(parameters, dict):
        raise failed("ItemReader must be an object")
    return parameters


def _limit(config: dict[str, Json]) -> int | None:
    most = config.get("MaxItems")
    if most is None:
        return None
    if isinstance(most, bool) or not isinstance(most, (int, float)) or most < 0:
        raise failed(f"MaxItems must be a number that is not negative, and is {most!r}")
    return int(most) or None


def _named(place: dict[str, Json]) -> str:
    return f"s3://{place.get('Bucket')}/{place.get('Key', '')}"


def _found(resource: str, config: dict[str, Json], place: dict[str, Json]) -> Iterator[Json]:
    action = resource.rsplit(":", 1)[-1]
    if action == "listObjectsV2":
        return _listed(place)
    if action == "getObject":
        return _parsed(place, config)
    raise failed(f"ItemReader knows s3:getObject and s3:listObjectsV2, and not {resource!r}")


# --- listObjectsV2 -----------------------------------------------------------------------


def _listed(place: dict[str, Json]) -> Iterator[Json]:
    """Each object under the prefix, page by page, times in seconds since 1970."""
    client = clients.client("s3")
    pages = client.get_paginator("list_objects_v2").paginate(**_arguments("ListObjectsV2", place))
    for page in pages:
        for entry in page.get("Contents", []):
            yield _entry(entry)


def _entry(entry: dict[str, Any]) -> dict[str, Json]:
    modified: datetime = entry["LastModified"]
    return {
        "Etag": entry["ETag"],
        "Key": entry["Key"],
        "LastModified": int(modified.timestamp()),
        "Size": entry["Size"],
        "StorageClass": entry.get("StorageClass", "STANDARD"),
    }


def _arguments(operation: str, place: dict[str, Json]) -> dict[str, Any]:
    shape = clients.client("s3").meta.service_model.operation_model(operation).input_shape
    given: dict[str, Any] = shapes.to_api(shape, place, shapes.SDK)
    return given


# --- getObject ---------------------------------------------------------------------------


def _parsed(place: dict[str, Json], config: dict[str, Json]) -> Iterator[Json]:
    kind = str(config.get("InputType", "JSON")).upper()
    if kind == "MANIFEST" or config.get("ManifestType"):
        return _of_manifest(place, config)
    data = _read(place)
    if kind == "JSON":
        return _of_json(data, str(config.get("ItemsPointer") or ""))
    if kind == "JSONL":
        return (json.loads(line) for line in _text(data).split("\n") if line.strip())
    if kind == "CSV":
        return _of_csv(_text(data), config)
    raise failed(f"InputType must be JSON, JSONL, CSV or MANIFEST, and is {kind}")


def _read(place: dict[str, Json]) -> bytes:
    answer = clients.client("s3").get_object(**_arguments("GetObject", place))
    data: bytes = answer["Body"].read()
    packed = str(place.get("Key", "")).endswith(".gz") or answer.get("ContentEncoding") == "gzip"
    return gzip.decompress(data) if packed and data[:2] == b"\x1f\x8b" else data


def _text(data: bytes) -> str:
    return data.removeprefix(codecs.BOM_UTF8).decode()


def _of_json(data: bytes, pointer: str) -> Iterator[Json]:
    value = json.loads(_text(data))
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    if isinstance(value, list):
        return iter(value)
    if isinstance(value, dict):
        return ({"Key": key, "Value": item} for key, item in value.items())
    raise ValueError("it holds neither an array nor an object")


def _of_csv(text: str, config: dict[str, Json]) -> Iterator[Json]:
    """Rows as objects; missing fields are empty, fields beyond the headers are left out."""
    name = config.get("CSVDelimiter", "COMMA")
    if name not in DELIMITERS:
        raise failed(f"CSVDelimiter must be one of {', '.join(DELIMITERS)}, and is {name!r}")
    rows = filter(None, csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[name]))
    location = config.get("CSVHeaderLocation", "FIRST_ROW")
    if location == "GIVEN":
        return _rows(config["CSVHeaders"], rows)
    if location != "FIRST_ROW":
        raise failed(f"CSVHeaderLocation must be FIRST_ROW or GIVEN, and is {location!r}")
    return _rows(next(rows, []), rows)


def _rows(headers: list[str], rows: Iterable[list[str]]) -> Iterator[Json]:
    for row in rows:
        yield dict(zip(headers, [*row, *[""] * len(headers)], strict=False))


def _of_manifest(place: dict[str, Json], config: dict[str, Json]) -> Iterator[Json]:
    """Items of every file that an S3 inventory or a list of `s3://` addresses names."""
    if config.get("ManifestType", "S3_INVENTORY") == "S3_INVENTORY":
        return _of_inventory(place)
    addresses = [line.strip() for line in _text(_read(place)).split("\n") if line.strip()]
    inner = {key: value for key, value in config.items() if key != "ManifestType"}
    places = [_place(address) for address in addresses]
    return itertools.chain.from_iterable(_parsed(one, inner) for one in places)


def _of_inventory(place: dict[str, Json]) -> Iterator[Json]:
    manifest = json.loads(_text(_read(place)))
    if manifest["fileFormat"] != "CSV":
        raise failed(f"an S3 inventory must be of CSV files, and is of {manifest['fileFormat']}")
    headers = [name.strip() for name in manifest["fileSchema"].split(",")]
    config = {"CSVHeaderLocation": "GIVEN", "CSVHeaders": headers}
    bucket = str(manifest["destinationBucket"]).rsplit(":", 1)[-1]
    for file in manifest["files"]:
        yield from _of_csv(_text(_read({"Bucket": bucket, "Key": file["key"]})), config)


def _place(address: str) -> dict[str, Json]:
    scheme, _, rest = address.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not key:
        raise ValueError(f"{address!r} is not s3://BUCKET/KEY")
    return {"Bucket": bucket, "Key": key}
