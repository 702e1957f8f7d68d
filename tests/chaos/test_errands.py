"""Commands that are killed and given again: what of their answers is told as a problem."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.chaos import errands
from tests.chaos.ledger import Ledger
from tests.chaos.plan import Errand


def played(*answers: tuple[int, str], killed_after: float | None = 0.3) -> Ledger:
    """An errand whose commands answer so, one after another: exit code and run id."""
    left, ledger = list(answers), Ledger()

    def command(arguments, text):
        code, run_id = left.pop(0)
        assert arguments[4:6] == ["--id", "errand-1"]
        assert json.loads(text)["order_id"]
        told = json.dumps({"run_id": run_id}) if run_id else ""
        program = f"import sys, time; print({told!r}, flush=True); {END[code]}"
        return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)

    looks = iter([False, False, True])
    errands.run(Errand(0.0, 1, killed_after), command, lambda _: next(looks), ledger)
    assert left == []
    return ledger


KILLED = -9
END = {KILLED: "time.sleep(60)", **{code: f"sys.exit({code})" for code in (0, 1, 2, 3)}}


@pytest.mark.parametrize(
    ("answers", "acknowledged"),
    [
        ([(KILLED, ""), (0, "run")], "run"),  # killed before it was done
        ([(KILLED, ""), (2, "")], None),  # done, and nobody heard of it
        ([(0, "run"), (2, "")], "run"),  # killed after all
        ([(KILLED, ""), (3, ""), (3, ""), (0, "run")], "run"),  # no engine meanwhile
    ],
)
def test_an_errand_that_is_done_once_is_no_problem(answers, acknowledged):
    ledger = played(*answers)
    assert ledger.problems == []
    assert ledger.starts.get("errand-1", (None,))[0] == acknowledged


@pytest.mark.parametrize("answers", [[(0, "run"), (0, "another")], [(KILLED, ""), (1, "")]])
def test_a_second_run_or_another_error_is_told(answers):
    assert len(played(*answers).problems) == 1


def test_a_command_may_be_killed_as_soon_as_its_execution_is_there():
    ledger = played((KILLED, ""), (2, ""), killed_after=None)
    assert ledger.problems == []
    assert ledger.outcomes == {"errand: killed": 1, "errand: was there already": 1}
