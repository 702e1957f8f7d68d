"""A process of the demo's own: branches, items, an approval, and much to undo."""

from __future__ import annotations

from workflow import (
    choice,
    map_items,
    parallel,
    process,
    step,
    wait_for_signal,
    where,
)

APPROVAL = "APPROVAL"
APPROVAL_SECONDS = 300
UNDO = "RollbackStep"

SHIPMENT = process(
    "DemoShipment",
    "1.0",
    [
        step("Reserve", compensation=UNDO),
        choice(
            "Approval?",
            (
                where("$.metadata.demo.approval").is_present(),
                [wait_for_signal("Approve", signal=APPROVAL, seconds=APPROVAL_SECONDS)],
            ),
        ),
        parallel("Prepare", [step("Pack", compensation=UNDO)], [step("Label", compensation=UNDO)]),
        map_items("Each", [step("Bill", compensation=UNDO)]),
        step("Ship"),
    ],
    comment="A shipment: reserved, perhaps approved, prepared on two sides, billed item by item",
)
