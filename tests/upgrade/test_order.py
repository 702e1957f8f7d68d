"""The order that is played is the one that the documents give."""

from __future__ import annotations

import inspect
import re

from tests.chaos.parts import ROOT
from tests.upgrade.rollout import Rollout

WHO = {"activity workers": "activity_worker", "deciders": "decision_worker"}


def section() -> str:
    text = (ROOT / "docs" / "OPERATIONS.md").read_text("utf-8")
    return text.partition("## Upgrade and roll back\n")[2].partition("\n## ")[0]


def in_order(text: str, words) -> list[str]:
    """The words, by where they first stand."""
    assert all(word in text for word in words)
    return sorted(words, key=text.index)


def played(method) -> list[str]:
    return in_order(inspect.getsource(method), [*WHO.values(), "load.restart"])


def test_forth_workers_come_first_then_deciders_then_who_starts_executions():
    (*_, last) = steps = re.findall(r"^\d\. (.+(?:\n {3}.+)*)", section(), re.MULTILINE)
    assert "starts executions" in last
    told = in_order("\n".join(steps[1:-1]), WHO)
    assert [*(WHO[name] for name in told), "load.restart"] == played(Rollout.upgrade)


def test_back_it_is_the_other_way_round():
    back = section().partition("\nBack, ")[2].replace("\n", " ")
    told = in_order(back, ["starts executions", "deciders", "activity workers"])
    assert ["load.restart", *(WHO[name] for name in told[1:])] == played(Rollout.roll_back)
