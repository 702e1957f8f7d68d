"""The examples in the package's README run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from local_swf import cli, faults

README = Path(cli.__file__).with_name("README.md").read_text("utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs(example):
    exec(compile(example, "README.md", "exec"), {})


def test_there_are_examples():
    assert len(EXAMPLES) == 2


def test_every_fault_and_every_option_is_named():
    for kind in faults.KINDS:
        assert f"`{kind}`" in README
    for action in cli.build_parser()._actions:
        named = action.option_strings[-1]
        hidden = named in ("--help", "--state", "--idle-seconds")
        assert hidden or named in README, named
