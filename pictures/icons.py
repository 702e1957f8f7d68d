"""The signs of types and outcomes, as SVG paths in a square of 14 pixels, drawn as lines."""

from __future__ import annotations

TYPES = {
    "Task": "M2.5 2.5h9v9h-9zM5.5 5l4 2-4 2z",
    "Choice": "M7 1.5L12.5 7 7 12.5 1.5 7z",
    "Parallel": "M7 1v3M3 13V4h8v9",
    "Map": "M1.5 4.5h8v8h-8zM4.5 4.5v-3h8v8h-3",
    "Wait": "M12.5 7a5.5 5.5 0 1 1-11 0 5.5 5.5 0 1 1 11 0M7 3.5V7l2.5 1.5",
    "Pass": "M1.5 7h10M8 3.5L11.5 7 8 10.5",
    "Succeed": "M12.5 7a5.5 5.5 0 1 1-11 0 5.5 5.5 0 1 1 11 0M4.5 7l2 2 3.5-4",
    "Fail": "M12.5 7a5.5 5.5 0 1 1-11 0 5.5 5.5 0 1 1 11 0M5 5l4 4M9 5l-4 4",
    "Unknown": "M4.5 5a2.5 2.5 0 1 1 3.5 2.3q-1 .5-1 1.7M7 11.5v.6",
}

OUTCOMES = {
    "succeeded": "M2.5 7.5l3 3 6-7",
    "failed": "M3 3l8 8M11 3l-8 8",
    "caught": "M2 4q5-3 8 2v5M7.5 8.5L10 11l2.5-2.5",
    "running": "M4 2.5l7 4.5-7 4.5z",
    "waiting": "M4.5 3v8M9.5 3v8",
    "retrying": "M11 4.5A5 5 0 1 0 12 8M11.5 1.5v3.3h-3.3",
    "skipped": "M2 3l4.5 4L2 11M7.5 3L12 7l-4.5 4",
    "undone": "M5 2L2 5l3 3M2 5h6q4 0 4 3.5t-4 3.5h-3",
    "canceled": "M12 7a5 5 0 1 1-10 0 5 5 0 1 1 10 0M3.5 10.5l7-7",
    "added": "M7 2.5v9M2.5 7h9",
    "removed": "M2.5 7h9",
    "changed": "M3 11l1-3 6-6 2 2-6 6z",
}
