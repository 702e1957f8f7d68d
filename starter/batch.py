"""Starting many executions: in parallel, within SWF's rates, past single failures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import TypedDict

from errors import (
    BusinessProcessError,
    CredentialsError,
    DomainNotRegisteredError,
    EngineUnreachableError,
    PermissionDeniedError,
    PublishedDefinitionError,
    TypeNotRegisteredError,
)
from starter.pace import Pace
from starter.runs import Started
from wire import Json

STARTS_PER_SECOND = 150.0  # SWF grants an account 200, which polls and answers share
STARTS_AT_ONCE = 1_000  # half of SWF's bucket of 2,000
PARALLEL = 8

HOPELESS = (
    CredentialsError,
    DomainNotRegisteredError,
    EngineUnreachableError,
    PermissionDeniedError,
    PublishedDefinitionError,
    TypeNotRegisteredError,
)
"""Errors after which the other starts would fail alike, so that they are not tried."""


class BatchResult(TypedDict):
    """What became of one order of a batch."""

    index: int
    """Its place in the batch, from 0."""
    workflow_id: str | None
    run_id: str | None
    error: str | None
    """Why it was not started; None when it was."""
    error_type: str | None
    """Name of the exception class in `errors`."""


Start = Callable[[Json], Started]
Listener = Callable[[BatchResult], None]


class Batch:
    """One batch on its way; `run` gives a result for every order, in the orders' order."""

    def __init__(self, start: Start, pace: Pace, listener: Listener | None = None) -> None:
        self._start = start
        self._pace = pace
        self._listener = listener
        self._hopeless: BusinessProcessError | None = None
        self._stopped = threading.Event()
        self._heard: dict[int, BatchResult] = {}

    def run(self, orders: Iterable[Json]) -> list[BatchResult]:
        """Start every order.

        An interruption lets what is being started finish, and the listener hear of it.
        """
        with ThreadPoolExecutor(PARALLEL, thread_name_prefix="batch") as pool:
            waiting: list[Future[BatchResult]] = []
            try:
                waiting.extend(pool.submit(self._one, *numbered) for numbered in enumerate(orders))
                for future in as_completed(waiting):
                    self._hear(future.result())
            except BaseException:
                self._stopped.set()
                pool.shutdown(cancel_futures=True)
                self._hear_rest(waiting)
                raise
        return [self._heard[index] for index in sorted(self._heard)]

    def _hear(self, result: BatchResult) -> None:
        if result["index"] not in self._heard:
            self._heard[result["index"]] = result
            if self._listener:
                self._listener(result)

    def _hear_rest(self, waiting: list[Future[BatchResult]]) -> None:
        for future in waiting:
            if not future.cancelled() and future.exception() is None:
                self._hear(future.result())

    def _one(self, index: int, order: Json) -> BatchResult:
        if self._hopeless or self._stopped.is_set():
            return failed(index, self._hopeless or BusinessProcessError("interrupted"))
        self._pace.wait()
        try:
            started = self._start(order)
        except BusinessProcessError as error:
            if isinstance(error, HOPELESS):
                self._hopeless = error
            return failed(index, error)
        return BatchResult(
            index=index,
            workflow_id=started["workflow_id"],
            run_id=started["run_id"],
            error=None,
            error_type=None,
        )


def failed(index: int, error: BusinessProcessError) -> BatchResult:
    """The result of an order that was not started."""
    return BatchResult(
        index=index,
        workflow_id=None,
        run_id=None,
        error=str(error),
        error_type=type(error).__name__,
    )
