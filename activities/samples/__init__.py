"""Small activities and functions that the example definitions call (docs/ASL.md).

Each is deterministic, so that an example goes the same way every time, and what has an effect
has it once per visit of a step: effects lie in the business database, under the visit's key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from activities.samples import deployments, files, locks, mail, orders, trips, warehouse

ACTIVITIES: dict[str, Callable[[Any], Any]] = {
    "BookHotel": trips.book_hotel,
    "BookFlight": trips.book_flight,
    "BookCar": trips.book_car,
    "CancelBooking": trips.cancel_booking,
    "ChargeCard": orders.charge_card,
    "RefundCharge": orders.refund_charge,
    "TakeFromStock": orders.take_from_stock,
    "NoteBackOrder": orders.note_back_order,
    "SendMail": mail.send_mail,
    "ExtractSource": warehouse.extract_source,
    "LoadRows": warehouse.load_rows,
    "Build": deployments.build,
    "RunTests": deployments.run_tests,
    "Deploy": deployments.deploy,
    "RollBackDeployment": deployments.roll_back_deployment,
    "AcquireLock": locks.acquire_lock,
    "ReleaseLock": locks.release_lock,
}
"""By the name that stands behind `activity:` in a definition."""

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "check-stock": orders.check_stock,
    "count-words": locks.count_words,
    "summarise-file": files.summarise_file,
    "transform-partition": warehouse.transform_partition,
}
"""Lambda functions, by name."""
