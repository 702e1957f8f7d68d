"""`python -m local_swf`."""

import sys

from local_swf.cli import main

if __name__ == "__main__":
    sys.exit(main())
