"""docs/LOCAL_SWF.md: its table is true to the code, and its tests pass elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from local_swf import completeness, faults

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "LOCAL_SWF.md").read_text("utf-8")


def test_the_table_is_true_to_the_code():
    command = "python -m local_swf.completeness docs/LOCAL_SWF.md"
    assert completeness.with_table(PAGE) == PAGE, f"run {command}"


def test_every_fault_is_named():
    assert [kind for kind in faults.KINDS if f"`{kind}`" not in PAGE] == []


def test_the_tests_on_the_page_pass(tmp_path):
    conftest, *tests = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(tests) == 2
    (tmp_path / "conftest.py").write_text(conftest, "utf-8")
    imports = "import botocore.exceptions\nimport pytest\n"
    (tmp_path / "test_page.py").write_text("\n".join([imports, *tests]), "utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 passed" in ended.stdout, ended.stdout + ended.stderr
