"""The one place that names activities: activity type to function.

To add an activity, write a function (input dict in, result dict out, both JSON), import it
here and give it a line in `ACTIVITIES`; then name it in the list of steps and run
`python setup.py`.  Within the function `current_task()` tells which task it works on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from activities import samples
from activities.enrichment import enrich_data
from activities.notification import notify_completion
from activities.processing import process_data
from activities.saving import save_results
from activities.undo import compensate_transaction, rollback_step
from activities.validation import validate_input

Activity: TypeAlias = Callable[[Any], Any]
"""What an activity is: `{...input, "previous_results": {...}}` in, a JSON object out.

In a definition in States Language it gets what the state says, and may give any JSON."""

ACTIVITIES: dict[str, Activity] = {
    "ValidateInput": validate_input,
    "ProcessData": process_data,
    "EnrichData": enrich_data,
    "SaveResults": save_results,
    "NotifyCompletion": notify_completion,
    "RollbackStep": rollback_step,
    "CompensateTransaction": compensate_transaction,
    **samples.ACTIVITIES,
}
"""Every activity that a worker of this project offers."""

SAMPLES = frozenset(samples.ACTIVITIES)
"""Those that only the example definitions call."""

FUNCTIONS: dict[str, Activity] = {**samples.FUNCTIONS}
"""Lambda functions that activity workers run as Python: name or ARN to function.

    FUNCTIONS["charge-card"] = charge_card       # the event in, the result out, any JSON
"""
