"""Those who bring executions home: they answer what waits, and tell of answers that were lost."""

from __future__ import annotations

import pytest

from tests.chaos import definitions, people
from tests.chaos.ledger import Ledger, Sent
from tests.chaos.people import UNANSWERED_SECONDS, People

ID = "chaos-1"


class Starter:
    """All executions wait for an answer."""

    def __init__(self):
        self.answered = 0

    def status(self, workflow_id, run_id):
        return {"state": "RUNNING", "waits_for": definitions.APPROVAL}

    def signal_workflow(self, workflow_id, name, answer):
        self.answered += 1
        return {"workflow_id": workflow_id, "run_id": "run", "request_id": f"r{self.answered}"}


@pytest.fixture
def home(monkeypatch):
    """People, and a function that lets them look at the execution at some time."""
    found = People(Starter(), Ledger())
    found.names[ID] = definitions.LONG.name

    def look(seconds: float) -> None:
        monkeypatch.setattr(people.time, "monotonic", lambda: seconds)
        found._help({"execution": {"workflowId": ID, "runId": "run"}})

    return found, look


def acknowledge(found: People, answers: int) -> None:
    for number in range(answers):
        found.ledger.sent(Sent(ID, "run", f"request-{number}", definitions.APPROVAL))


def test_an_execution_that_lacks_an_answer_gets_one(home):
    found, look = home
    acknowledge(found, 1)
    look(0.0)
    assert (found.starter.answered, found.ledger.problems) == (1, [])


def test_one_that_had_all_its_answers_gets_no_more_and_is_told_if_it_goes_on_waiting(home):
    found, look = home
    acknowledge(found, 2)
    look(0.0)
    look(UNANSWERED_SECONDS - 1)
    assert (found.starter.answered, found.ledger.problems) == (0, [])
    look(UNANSWERED_SECONDS + 1)
    assert found.starter.answered == 1
    assert f"{ID} waits" in found.ledger.problems[0]


def test_of_one_that_was_stepped_back_nobody_can_know(home):
    found, look = home
    found.ledger.steered.add(ID)
    acknowledge(found, 2)
    look(0.0)
    assert (found.starter.answered, found.ledger.problems) == (1, [])
