"""The command line `python workflow_starter.py`: one module for each command."""

import dependencies

dependencies.check()  # `python -m cli.menu` comes here before anything else

from cli.app import main  # noqa: E402 - only where its packages are there

__all__ = ["main"]
