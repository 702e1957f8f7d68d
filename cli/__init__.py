"""The command line `python workflow_starter.py`: one module for each command."""

from cli.app import main

__all__ = ["main"]
