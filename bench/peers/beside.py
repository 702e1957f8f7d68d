"""Runs the peers beside ours: environments, processes, and what they print."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.processes import ROOT, application
from bench.table import Row

INSTALL_SECONDS = 600
LIMIT_SECONDS = 240  # that one size may take
HEARD_CHARACTERS = 300  # of what a peer that fails has to say


@dataclass(frozen=True)
class Peer:
    """Another way to run the steps."""

    name: str
    module: str
    packages: Sequence[str]


PEERS = (
    Peer("naive boto3", "bench.peers.naive", ["boto3"]),
    Peer("garcon", "bench.peers.garcon_steps", ["garcon==1.1.1"]),
    Peer("DBOS on SQLite", "bench.peers.dbos_steps", ["dbos==3.4.0"]),
)


def peers(folder: Path, sizes: Sequence[int]) -> Iterator[Row | str]:
    """The sequences by each peer; those on SWF use a fresh embedded endpoint on disk."""
    for peer in PEERS:
        program, problem = environment(folder, peer)
        if problem:
            yield f"{peer.name} is left out: {problem}"
            continue
        with application({}) as app:
            yield from _measured(peer, program, app.url, app.folder, sizes)


def _measured(
    peer: Peer, program: Path, url: str, folder: Path, sizes: Sequence[int]
) -> Iterator[Row | str]:
    arguments = [url, str(folder), str(LIMIT_SECONDS), *map(str, sizes)]
    command = [str(program), "-m", peer.module, *arguments]
    done = subprocess.run(  # noqa: S603 - the peer's own Python
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    for figures in found:
        yield from _rows(peer.name, figures)
    took = {figures["steps"]: figures["seconds"] for figures in found if figures["seconds"]}
    for steps in sorted(took)[1:]:
        yield Row(f"{peer.name}, {steps} over {min(took)}", took[steps] / took[min(took)], "")
    if done.returncode:
        yield f"{peer.name} ended with {done.returncode}: {done.stderr[-HEARD_CHARACTERS:].strip()}"


def _rows(name: str, figures: dict[str, Any]) -> Iterator[Row | str]:
    steps = figures["steps"]
    if figures["seconds"] is None:
        yield f"{name}, {steps} steps: not done in {LIMIT_SECONDS} s"
        return
    yield Row(f"{name}, {steps} steps, per step", figures["seconds"] * 1000, "ms")
    if "calls" in figures:
        yield Row(f"{name}, {steps} steps, calls per step", figures["calls"], "")
        yield Row(f"{name}, {steps} steps, bytes per step", figures["bytes"], "")


def environment(folder: Path, peer: Peer) -> tuple[Path, str]:
    """The peer's Python, its environment made if need be; and why there is none."""
    home = folder.resolve() / peer.name.partition(" ")[0].lower()
    program = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    try:
        if not program.exists():
            venv.create(home, with_pip=True)
        command = [str(program), "-m", "pip", "install", "--quiet", *peer.packages]
        subprocess.run(  # noqa: S603 - pip of the environment just made
            command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS
        )
    except subprocess.CalledProcessError as error:
        return program, f"pip says: {str(error.stderr)[-HEARD_CHARACTERS:].strip()}"
    except (OSError, subprocess.TimeoutExpired) as error:
        return program, str(error)
    return program, ""
