"""A simpleflow workflow: two activities, a timer, a child and a signal."""

from simpleflow import Workflow, activity, futures

SECONDS = {
    "start_to_close_timeout": 60,
    "schedule_to_start_timeout": 60,
    "schedule_to_close_timeout": 120,
    "heartbeat_timeout": 60,
}


@activity.with_attributes(task_list="activities", version="1", **SECONDS)
def double(number):
    """Twice the number."""
    return number * 2


class Child(Workflow):
    """Doubles once."""

    name = "child"
    version = "1"
    task_list = "decisions"
    execution_timeout = 600
    decision_tasks_timeout = 60

    def run(self, number):
        """One activity."""
        return self.submit(double, number).result


class Parent(Workflow):
    """Doubles, waits, lets a child double, and signals itself."""

    name = "parent"
    version = "1"
    task_list = "decisions"
    execution_timeout = 600
    decision_tasks_timeout = 60

    def run(self, number):
        """The whole order."""
        first = self.submit(double, number)
        futures.wait(first)
        pause = self.submit(self.start_timer("pause", 1))
        futures.wait(pause)
        child = self.submit(Child, first.result)
        futures.wait(child)
        futures.wait(self.submit(self.signal("go")))
        futures.wait(self.submit(self.wait_signal("go")))
        return child.result


class Patient(Workflow):
    """Waits until it is asked to cancel itself."""

    name = "patient"
    version = "1"
    task_list = "decisions"
    execution_timeout = 600
    decision_tasks_timeout = 60

    def run(self):
        """A timer that nobody waits out."""
        futures.wait(self.submit(self.start_timer("long", 500)))

    def should_cancel(self, history):
        """Whoever asks is heard."""
        return True
