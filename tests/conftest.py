"""Every test run is recorded: what each process asks of SWF is held against deploy/iam.

What no policy allows fails any run.  What a policy allows and nobody asked for fails a run of
the whole suite.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recording import FOLDER, HERE

_ours = pytest.StashKey[Path]()
_found = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Record from now on, here and in the processes that are started."""
    if FOLDER in os.environ:  # a worker of xdist, or a run within a test: somebody else judges
        return
    folder = tempfile.mkdtemp(prefix="asked-of-swf-")
    config.stash[_ours] = Path(folder)
    paths = [str(HERE), os.environ.get("PYTHONPATH", "")]
    os.environ.update({FOLDER: folder, "PYTHONPATH": os.pathsep.join(filter(None, paths))})
    import tests.recording.sitecustomize  # noqa: F401 - it installs itself


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Judge what was recorded."""
    folder = session.config.stash.get(_ours, None)
    if folder is None or session.config.option.collectonly:
        return
    from tests.recording import judging

    asked = judging.read(folder)
    found = list(judging.refused(asked))
    if exitstatus == pytest.ExitCode.OK and is_whole(session.config):
        found += judging.unused(asked)
    session.config.stash[_found] = found
    if found and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def is_whole(config: pytest.Config) -> bool:
    """Whether nothing of the suite was left out."""
    names = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "stepwise")
    left_out = [name for name in names if getattr(config.option, name, None)]
    return config.args == config.getini("testpaths") and not left_out


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what is wrong."""
    found = config.stash.get(_found, [])
    if found:
        terminalreporter.section("policies and use differ", red=True)
        for line in found:
            terminalreporter.write_line(line)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    folder = config.stash.get(_ours, None)
    if folder is not None:
        del os.environ[FOLDER]
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """What a program in a test set up for its log ends with that test."""
    import logs

    root = logging.getLogger()
    level, before = root.level, set(root.handlers)
    yield
    root.setLevel(level)
    for handler in set(root.handlers) - before:
        if isinstance(handler, logs._Stderr):
            root.removeHandler(handler)
