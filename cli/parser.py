"""argparse, with mistakes on one line."""

from __future__ import annotations

import argparse
from typing import NoReturn

from cli.output import safe


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one line on standard error."""

    def error(self, message: str) -> NoReturn:
        """End with exit code 2."""
        self.exit(2, f"{self.prog}: {safe(message)} (see {self.prog} --help)\n")
