"""Files that arrive in S3."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from activities.services import clients
from wire import Json


class MalformedFileError(Exception):
    """The file is not what it should be."""


def summarise_file(event: Mapping[str, Json]) -> dict[str, Json]:
    """Count the rows of a CSV file and add up its column `amount`.

    In: `{"bucket", "key"}`.  Out: `{"rows", "columns": [...], "amount"}`.  Raises
    `MalformedFileError` for a file without that column, or with an amount that is no whole number.
    """
    s3 = clients.client("s3")
    content = s3.get_object(Bucket=event["bucket"], Key=event["key"])["Body"].read()
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8")))
        amounts = [int(row["amount"]) for row in reader]
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedFileError(f"{event['key']}: {type(error).__name__} {error}") from error
    columns: list[Json] = list(reader.fieldnames or [])
    return {"rows": len(amounts), "columns": columns, "amount": sum(amounts)}
