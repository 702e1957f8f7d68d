"""List and count runs, open and closed."""

from __future__ import annotations

from local_swf import errors, runs
from local_swf.jsontext import Json, present
from local_swf.paging import keyset
from local_swf.runs import Run
from local_swf.visibility import execution_info
from local_swf.work import Work

Args = dict[str, Json]

_EXCLUSIVE = ("executionFilter", "typeFilter", "tagFilter", "closeStatusFilter")


class Listing:
    """The two questions about runs that are all open, or all closed."""

    def __init__(self, *, closed: bool) -> None:
        self._closed = closed
        self._operation = f"List{'Closed' if closed else 'Open'}WorkflowExecutions"

    def list_all(self, work: Work, arguments: Args) -> Args:
        """List{Open,Closed}WorkflowExecutions: newest first, by the time of the filter."""
        condition, parameters, column = self._condition(work, arguments)
        if self._closed:
            condition += " AND purge_at > ?"
            parameters.append(work.now)
        rows, token = keyset(
            work,
            self._operation,
            arguments,
            f"SELECT {column}, id FROM runs{self._index(arguments)} WHERE {condition}",
            parameters,
            [column, "id"],
            descending=not arguments.get("reverseOrder", False),
        )
        found = [self._load(work, row[1]) for row in rows]
        return present(executionInfos=[execution_info(run) for run in found], nextPageToken=token)

    def _load(self, work: Work, number: int) -> Run:
        run = runs.load(work.database, number)
        assert run is not None
        return run

    def count(self, work: Work, arguments: Args) -> Args:
        """Count{Open,Closed}WorkflowExecutions; never truncated."""
        condition, parameters, _ = self._condition(work, arguments)
        found = self._number(work, f"runs{self._index(arguments)} WHERE {condition}", parameters)
        if self._closed:
            # Asked apart, so that an index alone can count the rest.
            due = f"runs INDEXED BY runs_to_purge WHERE {condition} AND purge_at <= ?"
            found -= self._number(work, due, [*parameters, work.now])
        return {"count": found, "truncated": False}

    def _number(self, work: Work, rows: str, parameters: list[Json]) -> int:
        found = work.database.one(f"SELECT count(*) FROM {rows}", *parameters)
        return found[0] if found else 0

    def _index(self, arguments: Args) -> str:
        """The index of a workflow id: SQLite, which does not know how few match, takes another."""
        if "executionFilter" not in arguments:
            return ""
        return f" INDEXED BY runs_{'closed' if self._closed else 'open'}_by_id"

    def _condition(self, work: Work, arguments: Args) -> tuple[str, list[Json], str]:
        """The WHERE clause, its parameters, and the column that orders the rows."""
        column = self._time_column(arguments)
        _check_exclusive(arguments)
        domain = work.domain(arguments["domain"])
        filter_member = "startTimeFilter" if column == "started_at" else "closeTimeFilter"
        times = arguments[filter_member]
        terms = ["domain = ?", f"{column} >= ?", _STATUS[self._closed]]
        parameters = [domain.id, times["oldestDate"]]
        if "latestDate" in times:
            terms.append(f"{column} <= ?")
            parameters.append(times["latestDate"])
        for term, parameter in _filter_terms(arguments):
            terms.append(term)
            parameters.append(parameter)
        return " AND ".join(terms), parameters, column

    def _time_column(self, arguments: Args) -> str:
        if not self._closed:
            return "started_at"
        by_start, by_close = "startTimeFilter" in arguments, "closeTimeFilter" in arguments
        if not by_start and not by_close:
            raise errors.validation("Must specify time filter")
        if by_start and by_close:
            raise errors.validation("Cannot specify both a startTimeFilter and a closeTimeFilter")
        return "started_at" if by_start else "closed_at"


_BY_STATUS = "started_at > 0"
"""What a question says so that SQLite may use the index of close statuses."""

_STATUS = {True: "close_status IS NOT NULL", False: "close_status IS NULL"}


def _check_exclusive(arguments: Args) -> None:
    given = [name for name in _EXCLUSIVE if name in arguments]
    if len(given) > 1:
        raise errors.validation(
            "Cannot specify more than one exclusive filters in the same query: "
            f"[{', '.join(given)}]"
        )


def _filter_terms(arguments: Args) -> list[tuple[str, Json]]:
    terms: list[tuple[str, Json]] = []
    if (execution := arguments.get("executionFilter")) is not None:
        terms.append(("workflow_id = ?", execution["workflowId"]))
    if (kind := arguments.get("typeFilter")) is not None:
        terms.append(("type_name = ?", kind["name"]))
        if kind.get("version"):
            terms.append(("type_version = ?", kind["version"]))
    if (tag := arguments.get("tagFilter")) is not None:
        terms.append(("id IN (SELECT run FROM tags WHERE tag = ?)", tag["tag"]))
    if (status := arguments.get("closeStatusFilter")) is not None:
        terms.append((f"{_BY_STATUS} AND close_status = ?", status["status"]))
    return terms
