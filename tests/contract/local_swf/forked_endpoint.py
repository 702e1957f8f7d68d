"""An endpoint for each line read: forked, so that a life costs no imports. POSIX only.

Arguments are those of `python -m local_swf`. Each life first prints its process id.
"""

from __future__ import annotations

import os
import signal
import sys

import local_swf.process  # noqa: F401  # what the command line would only import when it starts
from local_swf.cli import main

signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
for _ in sys.stdin:
    if os.fork() == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        print(os.getpid(), flush=True)
        sys.exit(main(sys.argv[1:]))
