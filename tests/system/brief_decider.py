"""A decider under which runs are short: they continue as new after so many events.

python brief_decider.py EVENTS
"""

from __future__ import annotations

import sys

import decision_worker
import workflow.commands

if __name__ == "__main__":
    workflow.commands.HISTORY_SOFT_LIMIT = int(sys.argv[1])
    sys.exit(decision_worker.main([]))
