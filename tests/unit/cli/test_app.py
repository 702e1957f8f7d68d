"""How the command line ends: exit codes, and one line instead of a traceback."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

import errors
from cli import main
from cli.app import COMMANDS, build_parser
from cli.command import Command
from tests.unit.cli.conftest import FakeStarter


def test_without_a_command_the_example_order_is_started(
    fake: FakeStarter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 0

    assert capsys.readouterr().out == "Workflow ID: w-1\nRun ID: r-1\n"
    assert fake.calls[0][1][0]["order_id"] == "ORD-1001"


def test_what_is_done_names_the_engine_beside_the_result(
    fake: FakeStarter, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "INFO")

    main([])

    (line,) = capsys.readouterr().err.splitlines()
    assert "Engine: embedded SWF in " in line


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidInputError("no"), 2),
        (errors.ExecutionAlreadyStartedError("w-1", "r-1"), 2),
        (errors.UnknownStepError("X", ("A", "B")), 2),
        (errors.SignalRefusedError("no"), 2),
        (errors.TypeNotRegisteredError("run setup.py"), 2),
        (errors.EngineUnreachableError("down"), 3),
        (errors.CredentialsError("none"), 3),
        (KeyboardInterrupt(), 130),
        (BrokenPipeError(), 141),
    ],
)
def test_every_ending_has_its_exit_code_and_one_line_at_most(
    fake: FakeStarter,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
) -> None:
    monkeypatch.setattr("cli.app._silence_output", lambda: None)
    fake.answers["start_workflow"] = error

    assert main([]) == code

    assert len(capsys.readouterr().err.splitlines()) <= 1


def test_a_message_of_others_stays_on_one_line_and_steers_no_terminal(
    fake: FakeStarter, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.answers["start_workflow"] = errors.EngineUnreachableError("bad\n\x1b[31mnews")

    main([])

    assert capsys.readouterr().err == "workflow_starter.py: bad\\n\\x1b[31mnews\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["start"],
        ["start", "--input"],
        ["status"],
        ["resume", "w-1"],
        ["signal", "w-1"],
        ["list", "--open", "--closed"],
        ["list", "--status", "GREAT"],
        ["list", "--limit", "many"],
        ["monitor", "w-1", "--interval", "soon"],
        ["batch"],
    ],
)
def test_wrong_arguments_give_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        main(arguments)

    assert ending.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("setting", ["SWF_ENDPOINT", "MAX_ATTEMPTS"])
def test_a_wrong_setting_gives_code_2(
    fake: FakeStarter, monkeypatch: pytest.MonkeyPatch, setting: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv(setting, "nonsense")

    assert main([]) == 2
    assert setting in capsys.readouterr().err
    assert fake.calls == []


@pytest.mark.parametrize("place", ["before", "behind"])
def test_common_options_stand_before_or_behind_the_command(
    fake: FakeStarter, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    settings = tmp_path / "other.env"
    settings.write_text("SWF_DOMAIN=other\n")
    common = ["--json", "--env-file", str(settings)]
    command = ["cancel", "w-1"]

    code = main([*common, *command] if place == "before" else [*command, *common])

    assert code == 0
    assert capsys.readouterr().out.startswith("{")


def test_a_settings_file_that_is_not_there_gives_code_2(
    fake: FakeStarter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--env-file", "missing.env"]) == 2
    assert "missing.env does not exist" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_has_help_with_an_example_that_parses(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        main([command.name, "--help"])

    assert ending.value.code == 0
    help_text = capsys.readouterr().out
    assert f"python workflow_starter.py {command.example}" in help_text
    assert "--json: " in help_text
    parsed = build_parser().parse_args(shlex.split(command.example))
    assert parsed.command is command
