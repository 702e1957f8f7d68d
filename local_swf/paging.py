"""Pages over tables: a page goes on after the last row of the one before.

Rows that come or go between two pages therefore neither shift the rest nor show it twice.
"""

from __future__ import annotations

from local_swf.database import Row
from local_swf.jsontext import Json
from local_swf.work import Work

MAX_PAGE = 1_000


def by_name(
    work: Work,
    operation: str,
    arguments: dict[str, Json],
    sql: str,
    parameters: list[Json],
    columns: list[str],
) -> tuple[list[Row], str | None]:
    """A page in ascending order of the first columns of the result, which are unique.

    `reverseOrder` turns the whole set around. Answers the rows and the next page's token.
    """
    return keyset(
        work,
        operation,
        arguments,
        sql,
        parameters,
        columns,
        descending=arguments.get("reverseOrder", False),
    )


def keyset(
    work: Work,
    operation: str,
    arguments: dict[str, Json],
    sql: str,
    parameters: list[Json],
    columns: list[str],
    *,
    descending: bool,
) -> tuple[list[Row], str | None]:
    """A page of a query whose first columns are `columns` and order its rows uniquely.

    `sql` ends inside its WHERE clause.
    """
    size = arguments.get("maximumPageSize") or MAX_PAGE
    direction, beyond = ("DESC", "<") if descending else ("ASC", ">")
    listed = ", ".join(columns)
    if (text := arguments.get("nextPageToken")) is not None:
        life = work.limits.page_token_seconds
        last = work.tokens.open_page(text, operation, arguments, work.now, life)
        sql += f" AND ({listed}) {beyond} ({', '.join('?' * len(columns))})"
        parameters = [*parameters, *last]
    order = ", ".join(f"{column} {direction}" for column in columns)
    rows = work.database.all(f"{sql} ORDER BY {order} LIMIT ?", [*parameters, size + 1])
    if len(rows) <= size:
        return rows, None
    rows = rows[:size]
    position = list(rows[-1][: len(columns)])
    return rows, work.tokens.page(operation, arguments, position, work.now)
