"""Ids that every process derives alike."""

from __future__ import annotations

from telemetry import ids
from telemetry.ids import ChosenIds


def test_ids_are_of_the_right_size_differ_and_never_change():
    assert ids.trace_id("s") == 0xA2B0AE9DB0D8326C2944B9E7C367CEEB
    assert ids.run_span("s") == 0xAAA3A9530420ECDC
    found = {
        ids.trace_id("s"), ids.run_span("s"), ids.step_span("s", 1), ids.step_span("s", 2),
        ids.attempt_span("s", "a1.1"), ids.attempt_span("s", "a1.2"),
    }  # fmt: skip
    assert len(found) == 6


def test_a_child_knows_the_start_id_of_its_parent():
    assert ids.parents_start_id("4be0.12.1") == "4be0"
    assert ids.parents_start_id("4be0.12.1.3.2") == "4be0.12.1"


def test_ids_are_chosen_for_one_span_and_random_otherwise():
    made = ChosenIds()
    with made.choosing(7, 8):
        assert (made.generate_trace_id(), made.generate_span_id()) == (7, 8)
    assert made.generate_trace_id() != 7
    assert made.generate_span_id() != made.generate_span_id()
    with made.choosing(7, None):
        assert made.generate_span_id() != 8
