"""OBSERVABILITY.md says what the code has."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
import yaml

from config import Settings
from telemetry import names, pulse, reporting
from tests.contract.documents import blocks_of, is_there, named_tests, read

TEXT = read("docs/OBSERVABILITY.md")


def test_all_metrics_are_listed_and_no_others():
    table = TEXT.split("## Metrics")[1].split("## Health")[0]
    listed = set(re.findall(r"^\| `([\w.]+)` \|", table, re.MULTILINE))
    made = {*names.COUNTERS, *names.IN_SECONDS, *names.IN_MILLISECONDS, names.SLOTS}
    made |= {names.LAG, names.OPEN}
    assert listed == made


@pytest.mark.parametrize(("file", "name"), named_tests(TEXT))
def test_each_promise_has_its_test(file, name):
    assert is_there(file, name)


def test_the_success_rate_is_of_all_that_ends():
    counted = re.search(r'__name__=~"([^"]+)"', TEXT)[1]
    ends = {f"{name}_total" for name in reporting.ENDINGS.values()}
    assert {name for name in names.COUNTERS if re.fullmatch(counted, f"{name}_total")} == set(
        reporting.ENDINGS.values()
    )
    assert re.search(r"sum\(rate\((\w+)\[", TEXT)[1] in ends


def test_settings_of_ours_exist():
    known = {item.metadata["name"] for item in fields(Settings)}
    named = set(re.findall(r"`((?:METRICS|HEALTH)_\w+)`", TEXT))
    assert named <= known
    assert named == {name for name in known if name.startswith(("METRICS_", "HEALTH_"))}


def test_the_seconds_until_a_poll_is_stuck():
    assert f"not returned for {pulse.LIMIT_SECONDS + pulse.GRACE_SECONDS:.0f} seconds" in TEXT


def test_the_collectors_configuration_is_whole():
    (block,) = [block for block in blocks_of(TEXT) if block.language == "yaml"]
    found = yaml.safe_load(block.text)
    for pipeline in found["service"]["pipelines"].values():
        for kind in ("receivers", "processors", "exporters"):
            assert set(pipeline[kind]) <= found[kind].keys()
