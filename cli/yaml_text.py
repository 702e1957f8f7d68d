"""JSON values as YAML text that every reader takes for the same values."""

from __future__ import annotations

import re
from typing import Any

import yaml

from wire import Json

_PLAIN = re.compile(r"[A-Za-z$][\w .$/()\[\]-]*[\w)\]]", re.ASCII)
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off"})


class _Dumper(yaml.SafeDumper):
    """Quotes every text that some version of YAML may take for something else."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = _PLAIN.fullmatch(text) is not None and text.lower() not in _WORDS
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _text)


def to_yaml(value: Json) -> str:
    """YAML text of a JSON value, its members in their order."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=float("inf")
    )
    return text
