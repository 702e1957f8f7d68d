"""What a decider decides: one response, checked as a whole and then carried out in order."""

from local_swf.decisions.response import complete_task

__all__ = ["complete_task"]
