"""The container image without a builder: its Dockerfile read, and the files that it would have."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
IGNORE = ROOT / "deploy" / "Dockerfile.dockerignore"


@dataclass(frozen=True)
class Instruction:
    """A line of a Dockerfile, continued lines joined."""

    name: str
    rest: str

    @property
    def words(self) -> list[str]:
        """What follows, without options: of a list in JSON its items."""
        if self.rest.startswith("["):
            return [str(word) for word in json.loads(self.rest)]
        return [word for word in self.rest.split() if not word.startswith("--")]

    def option(self, name: str) -> str | None:
        """An option's value."""
        found = re.search(rf"--{name}=(\S+)", self.rest)
        return found[1] if found else None


def instructions(text: str) -> list[Instruction]:
    """A Dockerfile's instructions, in order."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    given = dict(re.findall(r"^ARG (\w+)=(\S+)$", joined.partition("\nFROM")[0], re.MULTILINE))
    pairs = [line.split(None, 1) for line in joined.splitlines() if line.strip()]
    return [
        Instruction(name.upper(), re.sub(r"\$\{(\w+)\}", lambda m: given.get(m[1], m[0]), rest))
        for name, rest in pairs
    ]


def environment(text: str) -> dict[str, str]:
    """The variables that the last stage sets."""
    lines = instructions(text)
    last = max(number for number, line in enumerate(lines) if line.name == "FROM")
    told = " ".join(line.rest for line in lines[last:] if line.name == "ENV")
    return dict(re.findall(r"(\w+)=(\S+)", told))


class Context:
    """What a builder is sent: the repository without what the ignore file names."""

    def __init__(self, ignored: str) -> None:
        lines = [line.strip() for line in ignored.splitlines()]
        self._patterns = [line for line in lines if line and not line.startswith("#")]

    def has(self, path: str) -> bool:
        """Whether a path of the repository is sent; the last pattern that fits decides."""
        sent = True
        parents = [path, *map(str, PurePosixPath(path).parents)][:-1]  # without the root
        for pattern in self._patterns:
            if any(_fits(parent, pattern.removeprefix("!")) for parent in parents):
                sent = pattern.startswith("!")
        return sent

    def files(self, folder: Path = ROOT) -> Iterator[str]:
        """Every file that is sent."""
        kept = {part for p in self._patterns if p.startswith("!") for part in [p[1:].split("/")[0]]}
        for place, folders, names in os.walk(folder):
            relative = Path(place).relative_to(folder)
            at = [(relative / name).as_posix() for name in folders]
            folders[:] = [
                name
                for name, path in zip(folders, at, strict=True)
                if self.has(path) or path.split("/")[0] in kept
            ]
            for name in names:
                path = (relative / name).as_posix()
                if self.has(path):
                    yield path

    def copy(self, to: Path) -> None:
        """What `COPY . .` gives."""
        for path in self.files():
            (to / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, to / path)


def _fits(path: str, pattern: str) -> bool:
    """As Docker matches: from the root, a name at a time; `**/` is any depth."""
    if pattern.startswith("**/"):
        return fnmatchcase(path.rpartition("/")[2], pattern[3:])
    parts, wanted = path.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))


def context() -> Context:
    """The context of the image that ships."""
    return Context(IGNORE.read_text("utf-8"))


def complaints(text: str, sent: Context) -> list[str]:
    """What is wrong with a Dockerfile."""
    found: list[str] = []
    stages: list[str] = []
    user = ""
    for line in instructions(text):
        if line.name == "FROM":
            image = line.words[0]
            pinned = re.search(r":\d+\.\d+\.\d+\S*@sha256:[0-9a-f]{64}$", image)
            found += [] if pinned or image in stages else [f"{image} is not pinned"]
            stages.append(line.words[-1])
            user = ""
        elif line.name == "USER":
            user = line.rest
        found += _line_complaints(line, stages, sent)
    if re.fullmatch(r"(root|0)?(:.*)?", user):
        found.append("it runs as root")
    if len(stages) < 2:
        found.append("it has one stage")
    if not any(line.name == "HEALTHCHECK" for line in instructions(text)):
        found.append("nobody asks for its health")
    return found


def _line_complaints(line: Instruction, stages: list[str], sent: Context) -> Iterator[str]:
    if line.name == "ADD":
        yield "ADD unpacks and downloads: use COPY"
    if line.name in ("CMD", "ENTRYPOINT") and not line.rest.startswith("["):
        yield f"{line.name} is a shell's, which keeps SIGTERM to itself"
    if line.name == "HEALTHCHECK":
        command = json.loads(line.rest.partition("CMD ")[2])
        yield from (
            f"no {word}" for word in command if word[-3:] == ".py" and not _is_sent(word, sent)
        )
    if "pip download" in line.rest and "--require-hashes" not in line.rest:
        yield "packages come without hashes"
    if line.name in ("ENV", "ARG") and re.search(r"(KEY|SECRET|TOKEN|PASSWORD)\w*=\S", line.rest):
        yield f"a secret in {line.name}"
    if line.name == "COPY":
        stage = line.option("from")
        if stage is not None and stage not in stages[:-1]:
            yield f"no stage {stage}"
        if stage is None:
            yield from (f"no {w}" for w in line.words[:-1] if not _is_sent(w, sent))
    if line.name == "CMD" and line.rest.startswith("["):
        scripts = [word for word in line.words if word.endswith(".py")]
        yield from (f"no {script}" for script in scripts if not _is_sent(script, sent))


def _is_sent(path: str, sent: Context) -> bool:
    return (ROOT / path).exists() and (path == "." or sent.has(path))
