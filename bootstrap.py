"""What run.sh and run.bat hand over to: a virtual environment first, then the program.

    python3 bootstrap.py [COMMAND [ARGUMENTS]]        ./run.sh help lists the commands

Standard library only.  The first run makes `.venv` and installs requirements.txt; a stamp in
it holds the hash of what was installed, so that later runs start at once and need no network.
This file is also read by Pythons that are too old to run it: no newer syntax in here.
"""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 - said in words rather than by a syntax error
    sys.stderr.write(
        "bootstrap.py: Python 3.10 or later is needed; this is " + sys.version.split()[0] + "\n"
    )
    sys.exit(2)

import contextlib
import hashlib
import importlib.util
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

HOME = Path(__file__).resolve().parent
FAILED = 1
USAGE = 2
INTERRUPTED = 130

HELP = """\
usage: ./run.sh [COMMAND [ARGUMENTS]]        (Windows: run.bat)

  (no command)   the interactive menu
  demo           show everything on an embedded SWF; no AWS account needed
  test           run the tests; arguments go to pytest, which runs in the project's folder
  setup          register the domain and the types
  decider        run a decider until Ctrl+C
  worker         run an activity worker until Ctrl+C
  dashboard      the page: executions in a browser, at http://127.0.0.1:8421/
  start, status, list, history, monitor, waiting, audit, batch, gc
                 executions, as workflow_starter.py does; COMMAND --help tells more
  check, forecast, simulate
                 before a change: what fits, what it costs, what would happen
  resume, back, reprocess, skip, pause, continue, rollback, answer, signal, cancel, terminate
                 steering an execution; --dry-run says what would happen
  send-task-success, send-task-failure, send-task-heartbeat
                 answering a task token that an execution waits for
  validate, graph, export, express
                 definitions: check, draw, write for AWS, run here without an engine
  stop           stop the embedded SWF
  clean          delete local data: the embedded SWF's, the business database, logs (--yes)
  help           this text

examples: ./run.sh demo
          ./run.sh start --input docs/examples/order.json --wait
          ./run.sh list --json
"""

STARTER_COMMANDS = (
    "start",
    "status",
    "list",
    "history",
    "monitor",
    "signal",
    "resume",
    "back",
    "reprocess",
    "skip",
    "pause",
    "continue",
    "rollback",
    "answer",
    "send-task-success",
    "send-task-failure",
    "send-task-heartbeat",
    "waiting",
    "audit",
    "cancel",
    "terminate",
    "batch",
    "check",
    "forecast",
    "simulate",
    "validate",
    "graph",
    "export",
    "express",
    "gc",
)

SCRIPTS = {
    "demo": ("demo.py",),
    "setup": ("setup.py",),
    "decider": ("decision_worker.py",),
    "worker": ("activity_worker.py",),
    **{name: ("workflow_starter.py", name) for name in STARTER_COMMANDS},
}
"""Commands that are scripts of the project, each with its first argument."""

MODULES = {
    "menu": ("cli.menu",),
    "dashboard": ("dashboard",),
    "stop": ("cli.housekeeping", "stop"),
    "clean": ("cli.housekeeping", "clean"),
}
"""Commands that are modules of the project, each with its first argument."""

RUN_MODULE = (
    "import runpy, sys; sys.path[:] = [sys.argv.pop(1), *filter(None, sys.path)]; "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)
"""`python -m` would import what lies in the current folder before what is ours."""


SIDE_BY_SIDE = ("--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile")
"""How the whole suite is run: a process for each core, the tests of a file in one."""


class BootstrapError(Exception):
    """What stands in the way, in one line that says what to do."""


class Environment:
    """The virtual environment of a project folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / ".venv"
        windows = os.name == "nt"
        self.python = self.folder / ("Scripts/python.exe" if windows else "bin/python")

    def prepare(self, requirements: str) -> None:
        """Make the environment and install a requirements file, unless that is done."""
        if self.is_current(requirements):
            return
        with self._alone():
            if not self.is_current(requirements):  # somebody else was faster
                self._create()
                self._install(requirements)

    def is_current(self, requirements: str) -> bool:
        """Whether what the requirements file asks for is what was installed."""
        try:
            stamp = self._stamp(requirements).read_text(encoding="utf-8")
        except OSError:
            return False
        return self.python.exists() and stamp == self.fingerprint(requirements)

    def fingerprint(self, requirements: str) -> str:
        """Hash of a requirements file, those that it includes, and where the Python lies.

        A system's new Python takes the old one's place behind the link in `.venv`, but finds
        nothing installed.
        """
        digest = hashlib.sha256(os.path.realpath(self.python).encode())
        for name in self._with_included(requirements):
            digest.update((self.home / name).read_bytes())
        return digest.hexdigest()

    def _with_included(self, requirements: str) -> list[str]:
        """The file's name and those in its `-r NAME` lines, the included ones first."""
        lines = (self.home / requirements).read_text(encoding="utf-8").splitlines()
        return [line[3:].strip() for line in lines if line.startswith("-r ")] + [requirements]

    def _stamp(self, requirements: str) -> Path:
        return self.folder / (requirements + ".installed")

    def _create(self) -> None:
        if self._has_pip():
            return
        for module in ("venv", "ensurepip"):
            if importlib.util.find_spec(module) is None:
                raise BootstrapError(
                    "this Python ("
                    + sys.executable
                    + ") has no module "
                    + module
                    + "; install it (Debian, Ubuntu: apt install python3-venv)"
                )
        say("Creating the virtual environment .venv (once)")
        self._run([sys.executable, "-m", "venv", str(self.folder)], ".venv could not be created")

    def _has_pip(self) -> bool:
        """Whether there is an environment that works; one whose making broke off has no pip."""
        if not self.python.exists():
            return False
        check = [str(self.python), "-c", "import pip"]
        result = subprocess.run(check, capture_output=True, check=False)  # noqa: S603 - our Python
        return result.returncode == 0

    def _install(self, requirements: str) -> None:
        say("Installing " + requirements + " (once; some 100 MB, half a minute or more)")
        pip = [str(self.python), "-m", "pip", "install", "--quiet", "--no-input"]
        pip += ["--disable-pip-version-check", "-r", str(self.home / requirements)]
        self._run(pip, requirements + " could not be installed; is the network there?")
        for name in self._with_included(requirements):
            self._stamp(name).write_text(self.fingerprint(name), encoding="utf-8")

    def _run(self, command: Sequence[str], failure: str) -> None:
        """Run a command, its output in a log; BootstrapError with its last word if it fails."""
        log = self.folder / "bootstrap.log"
        with log.open("wb") as output:
            code = subprocess.run(  # noqa: S603 - venv and pip
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment_for_tools(),
                check=False,
            ).returncode
        if code:
            raise BootstrapError(failure + " " + last_word(log))

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time sets the environment up; others wait."""
        self.folder.mkdir(exist_ok=True)
        with (self.folder / "bootstrap.lock").open("ab") as lock:
            try:
                import fcntl  # noqa: PLC0415 - not on Windows, where two first runs must not race
            except ImportError:
                pass
            else:
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def environment_for_tools() -> dict[str, str]:
    """The environment for venv and pip: an empty HOME would make them write to the root."""
    return {name: value for name, value in os.environ.items() if name != "HOME" or value}


def last_word(log: Path) -> str:
    """The last error in a log, and where the rest is."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    said = [line for line in lines if line]
    errors = [line for line in said if line.lower().startswith("error")]
    word = (errors or said or ["no output"])[-1]
    return "(" + word + "; all of it in " + str(log) + ")"


def say(text: str) -> None:
    """A line about what is going on, beside the program's own output."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def command_line(environment: Environment, command: str, arguments: Sequence[str]) -> list[str]:
    """The process that does the work, inside the environment."""
    python, home = str(environment.python), environment.home
    if command == "test":
        return [python, "-m", "pytest", *SIDE_BY_SIDE, *arguments]
    if command in SCRIPTS:
        script, *first = SCRIPTS[command]
        return [python, str(home / script), *first, *arguments]
    module, *first = MODULES[command]
    return [python, "-c", RUN_MODULE, str(home), module, *first, *arguments]


def hand_over(command: Sequence[str]) -> int:
    """Become another process; on Windows, which cannot, wait for it."""
    if os.name != "nt":
        os.execv(command[0], list(command))  # noqa: S606 - our own program
    with subprocess.Popen(command) as process:  # noqa: S603 - as above
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # it heard Ctrl+C as well and ends in its own way


def main(arguments: Sequence[str]) -> int:
    """Run one command; gives the exit code, where it comes back at all."""
    command, *rest = arguments or ["menu"]
    if command in ("help", "--help", "-h"):
        sys.stdout.write(HELP)
        return 0
    if command != "test" and command not in SCRIPTS and command not in MODULES:
        say("run: unknown command " + repr(command) + "; ./run.sh help lists them")
        return USAGE
    environment = Environment(HOME)
    try:
        environment.prepare("requirements-dev.txt" if command == "test" else "requirements.txt")
        if command == "test":
            os.chdir(HOME)  # pytest finds its settings from here
        return hand_over(command_line(environment, command, rest))
    except (BootstrapError, OSError) as error:
        say("run: " + " ".join(str(error).split()))
        return FAILED
    except KeyboardInterrupt:
        say("run: interrupted; the next run goes on")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
