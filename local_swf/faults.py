"""Faults to order: what a network and a busy service do to a client, on purpose.

A rule names an operation (or `*`), what happens, and how often: a `rate` between 0 and 1
drawn from a seeded generator, or the next `count` requests.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from local_swf.errors import LocalSWFError
from local_swf.jsontext import Json

THROTTLE = "throttle"
UNAVAILABLE = "unavailable"
DELAY = "delay"
DROP = "drop"
TWICE = "twice"
RESET = "reset"
DUPLICATE = "duplicate"

KINDS = {
    THROTTLE: "ThrottlingException, nothing is done",
    UNAVAILABLE: "503, nothing is done",
    DELAY: "the request is held for `seconds` first",
    DROP: "the work is done, the answer never leaves: the connection is closed instead",
    TWICE: "the request is processed twice, the second answer is sent",
    RESET: "the connection is reset before anything is done",
    DUPLICATE: "a poll's task is also given to the next poller, with the same token",
}


class WrongRuleError(LocalSWFError, ValueError):
    """A fault rule that cannot be used; the message names what is wrong."""


@dataclass
class Rule:
    """One kind of fault for one operation."""

    kind: str
    """One of `KINDS`."""
    operation: str = "*"
    """An operation's name, or `*` for all."""
    rate: float = 1.0
    """The share of requests that it strikes, 0 to 1."""
    count: int | None = None
    """How many requests it strikes before it is used up; None for no end."""
    seconds: float = 0.0
    """How long a delay lasts."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise WrongRuleError(f"unknown fault {self.kind!r}; known are {', '.join(KINDS)}")
        if not 0 <= self.rate <= 1:
            raise WrongRuleError(f"rate {self.rate!r} is not between 0 and 1")


class Faults:
    """The rules in force; the same seed and the same requests give the same faults."""

    def __init__(self, rules: Iterable[Rule] = (), *, seed: int = 0) -> None:
        self._rules = list(rules)
        self._random = random.Random(seed)  # noqa: S311 - the same seed must give the same faults
        self.done: Counter[str] = Counter()
        """How many faults there were, by kind, since this process began."""

    @classmethod
    def from_json(cls, value: Json) -> Faults:
        """Rules from `{"seed": 1, "rules": [{"kind": "drop", "operation": …, "count": 1}]}`."""
        try:
            return cls([Rule(**rule) for rule in value["rules"]], seed=value.get("seed", 0))
        except (TypeError, KeyError, AttributeError) as error:
            raise WrongRuleError(f"not a list of fault rules: {error}") from error

    @classmethod
    def from_file(cls, path: Path) -> Faults:
        """Rules from a JSON file of the same shape."""
        try:
            return cls.from_json(json.loads(path.read_text("utf-8")))
        except (OSError, ValueError) as error:
            raise WrongRuleError(f"cannot read faults from {path}: {error}") from error

    def add(
        self,
        kind: str,
        operation: str = "*",
        *,
        rate: float = 1.0,
        count: int | None = None,
        seconds: float = 0.0,
    ) -> Rule:
        """Put a rule in force."""
        rule = Rule(kind, operation, rate, count, seconds)
        self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Take all rules out of force."""
        self._rules.clear()

    def replace(self, other: Faults) -> None:
        """Take over the rules and the seed of another set."""
        self._rules, self._random = other._rules, other._random

    def strike(self, operation: str) -> dict[str, Rule]:
        """The faults that this request meets, by kind."""
        if not self._rules:
            return {}
        struck: dict[str, Rule] = {}
        for rule in self._rules:
            if rule.kind not in struck and self._strikes(rule, operation):
                struck[rule.kind] = rule
        return struck

    def _strikes(self, rule: Rule, operation: str) -> bool:
        if rule.operation not in ("*", operation) or rule.count == 0:
            return False
        if rule.rate < 1 and self._random.random() >= rule.rate:
            return False
        if rule.count is not None:
            rule.count -= 1
        return True
