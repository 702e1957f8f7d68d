"""The menu: what is typed, what it does, and how it ends."""

from __future__ import annotations

import io
import re
import threading
from pathlib import Path
from string import Formatter

import pytest

import config
import errors
import published
from cli import by_hand, housekeeping
from cli.menu import Menu
from cli.menu_processes import SERVES
from cli.menu_state import Lately
from cli.menu_texts import TEXTS, language_of
from cli.supervisor import Supervisor
from cli.terminal import Terminal
from workflow import parallel, process, step

ENTRIES = (
    "SETUP", "DECIDER", "WORKER", "PAGE", "LOG", "DEMO", "START", "RESUME", "STEER", "HISTORY",
    "LIST", "MONITOR", "STOP", "DELETE", "TESTS", "OTHER",
)  # fmt: skip
NUMBER = {name: str(number) for number, name in enumerate(ENTRIES, 1)}
SETUP, DECIDER, WORKER, PAGE, LOG, DEMO, START, RESUME, STEER, HISTORY, LIST, MONITOR = (
    NUMBER[name] for name in ENTRIES[:12]
)
STOP, DELETE, TESTS, OTHER = (NUMBER[name] for name in ENTRIES[12:])
QUIT = "0"
STEP = "SaveResults"


class Process:
    """A process that was never started."""

    pid = 4711
    said = "Engine: SWF at http://127.0.0.1:1/\nThe page is at http://127.0.0.1:8421/\n"

    def __init__(self, name: str, arguments: list[str]) -> None:
        self.name = name
        self.arguments = arguments
        self.exit_code: int | None = None
        self.log = Path("logs") / f"{name}.log"
        self.lines = f"x started x {self.said}"

    def has_said(self, text: str) -> bool:
        return text in self.lines

    def found(self, pattern: str) -> str | None:
        match = re.search(pattern, self.lines)
        return match and match[0]

    def last_line(self) -> str:
        return "no credentials"


class Background:
    """Remembers what should be started."""

    def __init__(self) -> None:
        self.started: list[list[str]] = []
        self.processes: list[Process] = []
        self.exit_code: int | None = None

    def start(self, name, arguments, environment=None, *, append=False) -> Process:
        self.started.append([name, *(Path(argument).name for argument in arguments)])
        self.processes.append(Process(name, arguments))
        self.processes[-1].exit_code = self.exit_code
        return self.processes[-1]

    def forget(self, process) -> None:
        self.processes.remove(process)

    def stop(self) -> list[Process]:
        stopped, self.processes = self.processes, []
        return stopped


class Client:
    """An engine with open executions."""

    def __init__(self) -> None:
        self.counted: tuple[int, bool] | Exception = (1234, False)

    def stop(self, *, now: bool) -> None:
        pass

    def count_open(self) -> tuple[int, bool]:
        if isinstance(self.counted, Exception):
            raise self.counted
        return self.counted


class Starter:
    """Knows two executions."""

    kind = "BusinessProcess"

    def __init__(self) -> None:
        self.swf_client = Client()
        self.states = {"w-1": "FAILED", "w-2": "FAILED"}

    def list_workflows(self, wanted, *, limit):
        return [
            {
                "workflow_id": name,
                "run_id": name.replace("w", "r"),
                "state": state,
                "started_at": 0.0,
                "type": self.kind,
                "version": "1.0",
            }
            for name, state in self.states.items()
            if wanted.workflow_id in (None, name)
        ][:limit]


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
            Supervisor(self.background),
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
    monkeypatch.setattr("cli.menu_processes.PROVE_SECONDS", 0.0)
    return Session(tmp_path)


@pytest.mark.parametrize(("entry", "script"), [(DECIDER, "decision"), (WORKER, "activity")])
def test_processes_run_in_the_background_and_end_with_the_menu(session, entry, script):
    shown = session.type(entry, entry)
    names = [name for name, _ in session.background.started]
    assert [path for _, path in session.background.started] == [f"{script}_worker.py"] * 2
    assert len(set(names)) == 2
    assert shown.endswith(f"Bye.\nStopped: {', '.join(names)}\n")


def test_the_state_is_shown_before_the_question(session):
    before, after = session.type(DECIDER).split("Choice: ")[:2]
    assert "Engine: embedded SWF in " in before
    assert "(not running; it starts when needed)\n  Open executions: not known yet\n" in before
    assert "No decider or worker of this menu runs." in before
    assert f"decider-1: running, process 4711 ({Path('logs') / 'decider-1.log'})" in after


@pytest.mark.parametrize(
    ("counted", "shown"),
    [
        ((1234, False), "1,234"),
        ((10_000, True), "10,000+"),
        (errors.CredentialsError("no AWS credentials"), "? (no AWS credentials)"),
    ],
)
def test_the_open_executions_are_counted(session, monkeypatch, counted, shown):
    monkeypatch.setattr(housekeeping, "engine_runs", lambda _: True)
    session.starter.swf_client.counted = counted
    assert f"Open executions: {shown}\n" in session.type()


def test_the_menu_does_not_wait_for_a_count_that_takes_long():
    counted = threading.Event()
    lately = Lately(lambda: str(counted.wait(10)), seconds=0)
    assert lately.answer() is None
    counted.set()
    lately._thread.join()
    lately._seconds = 10
    assert lately.answer() == "True"


def test_a_process_that_ends_at_once_is_reported(session):
    session.background.exit_code = 3
    shown = session.type(DECIDER)
    log = Path("logs") / "decider-1.log"
    assert (
        "decider-1 has ended (exit code 3): no credentials; it is not started again: mend that "
        f"first (log {log})\n" in shown
    )
    assert f"decider-1: ended, and cannot start until something is mended ({log})" in shown


def test_the_page_is_started_once_and_its_address_told(session):
    shown = session.type(PAGE, PAGE)
    ((name, *command),) = session.background.started
    assert (name, command[-1]) == ("page", "dashboard")
    assert shown.count("The page is at http://127.0.0.1:8421/ (log ") == 2
    assert "page: running, process 4711 (http://127.0.0.1:8421/)" in shown


def test_the_page_says_where_it_is_in_the_words_that_are_waited_for():
    assert f'print(f"{SERVES}{{' in (by_hand.HOME / "dashboard" / "__main__.py").read_text()


def test_a_log_is_followed_until_enter(session):
    logs = session.settings.data_dir / "logs"
    logs.mkdir()
    (logs / "worker-1.log").write_text("one\ntwo\x1b[31m\nhalf a line")
    shown = session.type(LOG, "9", "worker-1", "")
    assert "There is no entry '9'." in shown
    assert "Enter or Ctrl+C ends this\none\ntwo\\x1b[31m\n\nBusiness" in shown


def test_the_embedded_engines_log_can_be_followed_too(session):
    session.settings.swf_dir.mkdir(exist_ok=True)
    (session.settings.swf_dir / "endpoint.log").write_text("here\n")
    assert "Ctrl+C ends this\nhere\n" in session.type(LOG, "endpoint", "")


def test_without_logs_there_is_none_to_follow(session):
    assert "There are no logs yet." in session.type(LOG)


EXECUTION = ["--", "w-1", "r-1"]
BY_HAND = {
    SETUP: ([], "setup"),
    DECIDER: ([], "decider"),
    WORKER: ([], "worker"),
    PAGE: ([], "dashboard"),
    DEMO: ([], "demo"),
    START: (["{}"], "start '--input={}'"),
    RESUME: (["1", STEP, "", "n"], f"resume --step={STEP} -- w-1 r-1"),
    STEER: (["1", "pause", "lunch", "n"], "pause --reason=lunch -- w-1 r-1"),
    HISTORY: (["1"], "history -- w-1 r-1"),
    LIST: ([], "list --limit=20"),
    MONITOR: (["1"], "monitor -- w-1 r-1"),
    STOP: ([], "stop"),
    DELETE: ([], "clean"),
    TESTS: ([], "test"),
}


@pytest.mark.parametrize("entry", BY_HAND, ids=lambda number: ENTRIES[int(number) - 1])
def test_every_choice_prints_the_command_that_does_the_same(session, monkeypatch, entry):
    monkeypatch.setattr("setup.main", lambda _: 0)
    monkeypatch.setattr(housekeeping, "stop_engine", lambda _: False)
    session.code = 0
    typed, command = BY_HAND[entry]
    shown = session.type(entry, *typed)
    assert f"The same by hand: {by_hand.HOME / 'run.sh'} {command}\n" in shown


def test_so_do_those_that_are_no_command_of_ours(session):
    (logs := session.settings.data_dir / "logs").mkdir()
    (logs / "a.log").touch()
    shown = session.type(OTHER, OTHER, LOG, "1", "", DECIDER, WORKER, STOP)
    assert f"O mesmo à mão: LANG=pt_BR.UTF-8 {by_hand.HOME / 'run.sh'}\n" in shown
    assert f"The same by hand: tail -n 20 -f {logs / 'a.log'}\n" in shown
    assert f"The same by hand: kill 4711 4711 && {by_hand.HOME / 'run.sh'} stop\n" in shown
    assert {*ENTRIES} == {ENTRIES[int(n) - 1] for n in BY_HAND} | {"LOG", "OTHER"}


def test_in_the_projects_folder_the_command_is_short(monkeypatch):
    monkeypatch.chdir(by_hand.HOME)
    assert by_hand.run_sh("list") == "./run.sh list"
    monkeypatch.setattr(by_hand, "WINDOWS", True)
    assert (
        by_hand.run_sh("start", "--input=my order.json") == 'run.bat start "--input=my order.json"'
    )
    assert by_hand.stop([1, 2]) == "taskkill /F /PID 1 /PID 2 && run.bat stop"


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
        (["5", "0", "1"], ["w-1", "r-1"]),
        (["-my-own-id"], ["-my-own-id"]),
        (["nobody", "1001"], ["1001"]),
    ],
)
@pytest.mark.parametrize(("entry", "command"), [(HISTORY, "history"), (MONITOR, "monitor")])
def test_an_execution_is_chosen_by_number_or_id(session, entry, command, typed, chosen):
    session.starter.states |= {"-my-own-id": "OPEN", "1001": "OPEN"}
    session.type(entry, *typed)
    assert session.commands == [[command, "--", *chosen]]


@pytest.mark.parametrize("step", [STEP, "4"])
def test_resume_asks_for_execution_step_and_reason(session, step):
    session.code = 0
    shown = session.type(RESUME, "1", "Nowhere", "6", step, "fixed it", "y")
    wanted = ["resume", f"--step={STEP}", "--reason=fixed it", "--", "w-1", "r-1"]
    assert session.commands == [["resume", "--dry-run", *wanted[1:]], wanted]
    assert "run.sh resume --step=SaveResults" in shown


@pytest.mark.parametrize(("chosen", "told"), [("1", ["w-1", "r-1"]), ("w-2", ["w-2"])])
def test_resume_knows_the_steps_of_the_execution_that_was_chosen(
    session, monkeypatch, chosen, told
):
    shipment = process("Shipment", "1.0", [parallel("Both", [step("Pack")], [step("Bill")])])
    monkeypatch.setattr(published, "find", lambda name, _: shipment if name == "Shipment" else None)
    session.starter.kind, session.code = "Shipment", 0
    session.type(RESUME, chosen, STEP, "Both[1].Bill", "", "y")
    assert session.commands[-1] == ["resume", "--step=Both[1].Bill", "--", *told]


def test_an_execution_to_resume_is_sooner_one_that_did_not_complete(session):
    session.starter.states = {f"w-{n}": "COMPLETED" for n in range(20)} | {"w-20": "FAILED"}
    shown = session.type(RESUME, "1", STEP, "", "n")
    assert session.commands[-1][-2:] == ["w-20", "r-20"]
    assert (" 10  COMPLETED" in shown, " 11  COMPLETED" in shown) == (True, False)


def test_steering_says_what_will_happen_asks_and_shows_the_same_by_hand(session):
    session.code = 0
    shown = session.type(STEER, "1", "skip", STEP, "sent by hand", "y")
    wanted = ["skip", f"--step={STEP}", "--reason=sent by hand", "--", "w-1", "r-1"]
    assert session.commands == [["skip", "--dry-run", *wanted[1:]], wanted]
    assert "run.sh skip --step=SaveResults" in shown


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
