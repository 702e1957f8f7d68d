"""The markers that the core records, and their JSON details.

Names and members are part of the public interface.  Every marker but `RUN_OPTIONS` carries
`n`, the chain-wide ordinal by which the fold knows that it is recorded.

| Marker | Details |
|---|---|
| `RUN_OPTIONS` | `definition` {name, version, hash}, `core`, `policy`, `start_id`, `steps` |
| `SIGNAL_HANDLED` | `request_id`, `signal`, `event_id`, `outcome` (done, waiting, refused), `why` |
| `ROLLBACK_INITIATED` | `failed_activity`, `reason`, `last_error`, `steps` (to undo, in order) |
| `STEP_COMPENSATED` | `step`, `visit`, `activity` |
| `COMPENSATION_FAILED` | `step`, `visit`, `activity`, `error` |
| `ROLLBACK_COMPLETED` | `failed_activity`, `compensated`, `not_compensated` |
| `RESUMED` | `step`, `visit`, `request_id`, `reason`, `actor`, `from_run_id` (a closed run's) |

`core` of `RUN_OPTIONS` is the core's revision, `steps` what steps say about their own attempts,
where one does.  Lists of steps are cut at 100; `steps_in_all`, `compensated_in_all` and
`not_compensated_in_all` count them.
"""

RUN_OPTIONS = "RUN_OPTIONS"
SIGNAL_HANDLED = "SIGNAL_HANDLED"
ROLLBACK_INITIATED = "ROLLBACK_INITIATED"
STEP_COMPENSATED = "STEP_COMPENSATED"
COMPENSATION_FAILED = "COMPENSATION_FAILED"
ROLLBACK_COMPLETED = "ROLLBACK_COMPLETED"
RESUMED = "RESUMED"
