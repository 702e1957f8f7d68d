"""The menu: what is typed, what it does, and how it ends."""

from __future__ import annotations

import io
from pathlib import Path
from string import Formatter

import pytest

import config
import published
from cli import housekeeping
from cli.menu import Menu, Terminal
from cli.menu_texts import TEXTS, language_of
from workflow import parallel, process, step

SETUP, DECIDER, WORKER, DEMO, START, RESUME, STEER, HISTORY, LIST, MONITOR, STOP, DELETE = map(
    str, range(1, 13)
)
TESTS, OTHER = "13", "14"
QUIT = "0"
STEP = "SaveResults"


class Process:
    """A process that was never started."""

    pid = 4711

    def __init__(self, name: str, exit_code: int | None) -> None:
        self.name = name
        self.exit_code = exit_code
        self.log = Path("logs") / f"{name}.log"

    def has_said(self, text: str) -> bool:
        return True

    def last_line(self) -> str:
        return "no credentials"


class Background:
    """Remembers what should be started."""

    def __init__(self) -> None:
        self.started: list[list[str]] = []
        self.processes: list[Process] = []
        self.exit_code: int | None = None

    def start(self, name, arguments, environment=None) -> Process:
        self.started.append([name, *(Path(argument).name for argument in arguments)])
        self.processes.append(Process(name, self.exit_code))
        return self.processes[-1]

    def running(self) -> list[Process]:
        return [process for process in self.processes if process.exit_code is None]

    def stop(self) -> list[Process]:
        stopped, self.processes = self.running(), []
        return stopped


class Starter:
    """Knows two executions."""

    kind = "BusinessProcess"

    def list_workflows(self, wanted, *, limit):
        return [
            {
                "workflow_id": f"w-{n}",
                "run_id": f"r-{n}",
                "state": "FAILED",
                "started_at": 0.0,
                "type": self.kind,
                "version": "1.0",
            }
            for n in (1, 2)
        ]


class Session:
    """A menu, and what came of typing something into it."""

    def __init__(self, tmp_path: Path) -> None:
        self.settings = config.load({"DATA_DIR": str(tmp_path), "SWF_ENDPOINT": "local"})
        self.background = Background()
        self.commands: list[list[str]] = []
        self.scripts: list[list[str]] = []
        self.starter = Starter()
        self.shown = ""
        self.code = 3

    def type(self, *lines: str, end: str = QUIT, language: str = "en") -> str:
        text = "".join(f"{line}\n" for line in (*lines, end) if line is not None)
        sink = io.StringIO()
        menu = Menu(
            Terminal(io.StringIO(text), sink),
            self.settings,
            self.background,
            language=language,
            command=self._command,
            foreground=self._foreground,
            starter=self.starter,
        )
        menu.run()
        menu.close()
        self.shown = sink.getvalue()
        return self.shown

    def _command(self, arguments) -> int:
        self.commands.append(list(arguments))
        print("said by the command")
        return self.code

    def _foreground(self, arguments) -> int:
        self.scripts.append([Path(arguments[0]).name, *arguments[1:]])
        return 0


@pytest.fixture
def session(tmp_path, monkeypatch) -> Session:
    monkeypatch.chdir(tmp_path)
    return Session(tmp_path)


@pytest.mark.parametrize(("entry", "script"), [(DECIDER, "decision"), (WORKER, "activity")])
def test_processes_run_in_the_background_and_end_with_the_menu(session, entry, script):
    shown = session.type(entry, entry)
    names = [name for name, _ in session.background.started]
    assert [path for _, path in session.background.started] == [f"{script}_worker.py"] * 2
    assert len(set(names)) == 2
    assert shown.endswith(f"Bye.\nStopped: {', '.join(names)}\n")


def test_running_processes_are_listed(session):
    assert f"Running: decider-1 ({Path('logs') / 'decider-1.log'})" in session.type(DECIDER)


def test_a_process_that_ends_at_once_is_reported(session):
    session.background.exit_code = 3
    assert "decider-1 ended with exit code 3: no credentials (log" in session.type(DECIDER)


def test_stop_stops_them_before_the_menu_ends(session):
    shown = session.type(WORKER, STOP, STOP)
    assert shown.count("Stopped: worker-1") == 1
    assert "Nothing was running." in shown


@pytest.mark.parametrize(
    ("entry", "script"), [(DEMO, ["demo.py"]), (TESTS, ["bootstrap.py", "test"])]
)
def test_demo_and_tests_run_on_this_terminal(session, entry, script):
    session.type(entry)
    assert session.scripts == [script]


def test_the_output_of_commands_appears_in_the_menu(session):
    shown = session.type(LIST)
    assert session.commands == [["list", "--limit=20"]]
    assert "said by the command\n(exit code 3)\n" in shown


@pytest.mark.parametrize(
    ("typed", "given"),
    [
        (['{"order_id": "A-1"}'], '{"order_id": "A-1"}'),
        (["{", '"order_id":', '"Ç"}'], '{\n"order_id":\n"Ç"}'),
        (["{oops", "", '{"order_id": 1}'], '{"order_id": 1}'),
        (["missing.json", "-", "[]"], "[]"),
        (["order.json"], "order.json"),
    ],
)
def test_an_order_is_typed_or_read_from_a_file(session, typed, given, tmp_path):
    (tmp_path / "order.json").write_text("{}")
    session.type(START, *typed)
    assert session.commands == [["start", f"--input={given}"]]


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [
        (["2"], ["w-2", "r-2"]),
        (["3", "0", "1"], ["w-1", "r-1"]),
        (["-my-own-id"], ["-my-own-id"]),
    ],
)
@pytest.mark.parametrize(("entry", "command"), [(HISTORY, "history"), (MONITOR, "monitor")])
def test_an_execution_is_chosen_by_number_or_id(session, entry, command, typed, chosen):
    session.type(entry, *typed)
    assert session.commands == [[command, "--", *chosen]]


@pytest.mark.parametrize("step", [STEP, "4"])
def test_resume_asks_for_execution_step_and_reason(session, step):
    session.code = 0
    shown = session.type(RESUME, "1", "Nowhere", "6", step, "fixed it", "y")
    wanted = ["resume", f"--step={STEP}", "--reason=fixed it", "--", "w-1", "r-1"]
    assert session.commands == [["resume", "--dry-run", *wanted[1:]], wanted]
    assert "python workflow_starter.py resume --step=SaveResults" in shown


def test_resume_knows_the_steps_of_the_execution_that_was_chosen(session, monkeypatch):
    shipment = process("Shipment", "1.0", [parallel("Both", [step("Pack")], [step("Bill")])])
    monkeypatch.setattr(published, "find", lambda name, _: shipment if name == "Shipment" else None)
    session.starter.kind, session.code = "Shipment", 0
    session.type(RESUME, "1", STEP, "Both[1].Bill", "", "y")
    assert session.commands[-1] == ["resume", "--step=Both[1].Bill", "--", "w-1", "r-1"]


def test_steering_says_what_will_happen_asks_and_shows_the_same_by_hand(session):
    session.code = 0
    shown = session.type(STEER, "1", "skip", STEP, "sent by hand", "y")
    wanted = ["skip", f"--step={STEP}", "--reason=sent by hand", "--", "w-1", "r-1"]
    assert session.commands == [["skip", "--dry-run", *wanted[1:]], wanted]
    assert "python workflow_starter.py skip --step=SaveResults" in shown


@pytest.mark.parametrize(("code", "agreed"), [(0, "n"), (2, "y")])
def test_steering_does_nothing_unless_it_is_possible_and_agreed(session, code, agreed):
    session.code = code
    session.type(STEER, "1", "4", "", agreed)
    assert session.commands == [["pause", "--dry-run", "--", "w-1", "r-1"]]


def test_without_executions_there_is_nothing_to_choose(session):
    session.starter.list_workflows = lambda wanted, *, limit: []
    assert "There are no workflows yet." in session.type(HISTORY)
    assert session.commands == []


@pytest.mark.parametrize("typed", [[START], [RESUME], [RESUME, "1"], [HISTORY], [MONITOR]])
def test_an_empty_answer_leads_back(session, typed):
    assert session.type(*typed, "").endswith("Bye.\n")
    assert session.commands == []


@pytest.mark.parametrize("wrong", ["99", "-1", "two", "²", "\x1b[A"])
def test_a_choice_that_is_none_is_asked_again(session, wrong):
    assert session.type(wrong).count("Choice: ") == 2


@pytest.mark.parametrize("before", [[], [START], [START, "{"], [RESUME, "1"], [DELETE]])
def test_the_end_of_the_input_leaves_at_any_question(session, before):
    assert session.type(DECIDER, *before, end=None).endswith("Stopped: decider-1\n")


@pytest.mark.parametrize(("answer", "left"), [("y", False), ("n", True), ("", True)])
def test_local_data_is_deleted_after_a_yes_only(session, answer, left, tmp_path):
    outbox = tmp_path / "outbox.jsonl"
    outbox.touch()
    session.type(DELETE, answer)
    assert outbox.exists() is left


def test_an_error_is_one_line_and_the_menu_goes_on(session):
    def refuse(wanted, *, limit):
        raise config.ConfigurationError("SWF_DOMAIN is 'a:b'")

    session.starter.list_workflows = refuse
    assert "SWF_DOMAIN is 'a:b'\n" in session.type(HISTORY, LIST)
    assert session.commands == [["list", "--limit=20"]]


def test_the_language_can_be_changed(session):
    shown = session.type(OTHER, OTHER)
    assert shown.index("Iniciar um decider") > shown.index("Start a decider")
    assert shown.endswith("Bye.\n")


def test_portuguese_takes_a_portuguese_yes(session, tmp_path):
    (tmp_path / "outbox.jsonl").touch()
    session.type(DELETE, "s", language="pt")
    assert housekeeping.local_data(session.settings) == []


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_say_everything_with_the_same_facts(key):
    english, portuguese = (
        {name for _, name, _, _ in Formatter().parse(line) if name} for line in TEXTS[key]
    )
    assert english == portuguese
    assert all(TEXTS[key])


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "pt_BR.UTF-8"}, "pt"),
        ({"LANG": "pt_BR.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "pt_PT"}, "pt"),
        ({"LANG": "pt_BR.UTF-8", "LC_ALL": ""}, "pt"),
    ],
)
def test_the_language_is_the_systems(environment, language):
    assert language_of(environment) == language
