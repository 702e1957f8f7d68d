"""`python -m local_swf`."""

import sys

from local_swf.cli import main

if __name__ == "__main__":
    try:
        sys.exit(main())
    except ModuleNotFoundError as error:
        remedy = "run: pip install -r requirements.txt"
        sys.stderr.write(f"local_swf: {error.name} is missing; {remedy}\n")
        sys.exit(2)
