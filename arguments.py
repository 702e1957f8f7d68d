"""argparse as every command of this project uses it: mistakes on one line, exit code 2."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NoReturn

import redaction


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one line on standard error."""

    def error(self, message: str) -> NoReturn:
        """End with exit code 2."""
        self.exit(2, f"{self.prog}: {reported(message)} (see {self.prog} --help)\n")


def count(least: int, most: int) -> Callable[[str], int]:
    """A type for options that take a whole number."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not {least} to {most}")
        return int(text)

    return parse


def address(read: Callable[[str], str]) -> Callable[[str], str]:
    """A type for options that take what a setting takes; `read` raises `ValueError`."""

    def parse(text: str) -> str:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r}; allowed: {error}") from None

    return parse


def reported(error: object) -> str:
    """An error for standard error: on one line, without the secrets that it may name."""
    return safe(redaction.text(error))


def safe(text: object) -> str:
    """Text of others on one line: control characters must not steer the terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))
