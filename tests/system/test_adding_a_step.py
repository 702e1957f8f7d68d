"""What the README says about adding a step, done in a copy of the project."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from local_swf import daemon

from .processes import ROOT, until

KEPT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".data", "tests", "bench", "__pycache__", ".*_cache", ".hypothesis"
)


@pytest.fixture
def copy(tmp_path):
    project = tmp_path / "project"
    shutil.copytree(ROOT, project, ignore=KEPT_OUT)
    yield project
    daemon.stop(project / ".data" / "swf")


def run(project, *arguments, **env):
    return subprocess.run(
        [sys.executable, *arguments], cwd=project, capture_output=True, text=True, timeout=60,
        env={"PATH": "/usr/bin:/bin", "HOME": str(project), **env}, check=False,
    )  # fmt: skip


def insert(path, before, text):
    content = path.read_text(encoding="utf-8")
    assert before in content
    path.write_text(content.replace(before, text + before, 1), encoding="utf-8")


def test_a_function_a_name_and_a_new_version(copy):
    (copy / "activities" / "fraud.py").write_text(
        "def check_fraud(order):\n"
        "    return {'status': 'clean', 'order_id': order['order_id']}\n"
    )  # fmt: skip
    insert(
        copy / "activities" / "registry.py",
        "from activities.notification import",
        "from activities.fraud import check_fraud\n",
    )
    with (copy / "activities" / "registry.py").open("a") as registry:
        registry.write('ACTIVITIES["CheckFraud"] = check_fraud\n')
    insert(copy / "process.py", '    step("SaveResults"', '    step("CheckFraud"),\n')

    refused = run(copy, "setup.py")
    assert refused.returncode == 2
    assert "WORKFLOW_VERSION" in refused.stderr
    assert "Traceback" not in refused.stderr

    (copy / ".env").write_text("WORKFLOW_VERSION=1.1\n")
    assert run(copy, "setup.py").returncode == 0
    assert (copy / "definitions" / "BusinessProcess@1.1.asl.json").exists()
    assert six_steps(copy) == [
        "ValidateInput", "ProcessData", "EnrichData", "CheckFraud", "SaveResults",
        "NotifyCompletion",
    ]  # fmt: skip


def six_steps(project):
    """The steps of an order under the new version, by its result."""
    workers = [
        subprocess.Popen(
            [sys.executable, script], cwd=project, stderr=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin", "HOME": str(project)},
        )
        for script in ("decision_worker.py", "activity_worker.py")
    ]  # fmt: skip
    try:
        done = run(
            project, "workflow_starter.py", "start", "--input", "docs/examples/order.json",
            "--wait", "--json",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout)["result"]["previous_results"])
    finally:
        for worker in workers:
            worker.terminate()
        until(lambda: all(worker.poll() is not None for worker in workers), "the workers")
