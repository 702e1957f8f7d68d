"""What the processes tell of themselves: traces, metrics, health.  Off, and free, by default.

`begin(settings, role)` turns it on where METRICS_PORT or the standard OTEL_* variables ask for
it, or where the program around us has set up OpenTelemetry's SDK itself; `recorder()` is what
workers, the SWF client and the starter tell things to, and does nothing until then.
`Pulse` is the health of a worker's polls, `LoopPulse` that of an event loop, `serving` the port
that shows it.

Whatever fails in here is logged once and never reaches the work.  Knows nothing of ours but
settings, logs, errors and the shapes on the wire; `opentelemetry` is imported only when it is on.
"""

from telemetry.loops import LoopPulse
from telemetry.pulse import Pulse
from telemetry.recorder import Decided, Recorder, Task
from telemetry.switch import begin, end, recorder, serving, use

__all__ = [
    "Decided",
    "LoopPulse",
    "Pulse",
    "Recorder",
    "Task",
    "begin",
    "end",
    "recorder",
    "serving",
    "use",
]
