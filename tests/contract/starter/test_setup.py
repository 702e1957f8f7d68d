"""Registering the domain and the types, and what is published for ever."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import config
import process
import published
import setup
from config import Settings
from errors import PublishedDefinitionError
from swf_client import SwfClient
from workflow import process as define
from workflow import step

CHANGED = define("BusinessProcess", "1.0", [step("ValidateInput"), step("NotifyCompletion")])
FINER = define("BusinessProcess", "1.0", process.STEPS, comment="the same shape")


def outcomes(client: SwfClient, *more: str) -> set[str]:
    return {line.outcome for line in setup.register(client, process.shipped(), more)}


# --- registering -------------------------------------------------------------------------


def test_everything_is_registered_once(settings: Settings) -> None:
    client = SwfClient(settings)

    first = list(setup.register(client, process.shipped()))
    second = list(setup.register(client, process.shipped()))

    assert [line.kind for line in first] == ["domain"] + ["activity type"] * 7 + ["workflow type"]
    assert {line.outcome for line in first} == {"registered"}
    assert {line.outcome for line in second} == {"there already"}


def test_types_have_defaults_and_the_shape_in_their_description(client: SwfClient) -> None:
    kind = client.describe_workflow_type("BusinessProcess", "1.0")
    activity = client.describe_activity_type("SaveResults", "1.0")

    assert process.shipped().hash in kind["typeInfo"]["description"]
    assert kind["configuration"]["defaultChildPolicy"] == "TERMINATE"
    assert kind["configuration"]["defaultTaskList"] == {"name": "business-process-tasks"}
    assert activity["configuration"]["defaultTaskHeartbeatTimeout"] == "60"


def test_activities_beside_the_definition_are_registered_too(client: SwfClient) -> None:
    assert outcomes(client, "MyActivity", "SaveResults") == {"there already", "registered"}
    assert client.describe_activity_type("MyActivity", "1.0")["typeInfo"]["status"] == "REGISTERED"


def test_what_is_deprecated_is_brought_back(client: SwfClient) -> None:
    kind: Any = {"name": "BusinessProcess", "version": "1.0"}
    activity: Any = {"name": "SaveResults", "version": "1.0"}
    client.client.deprecate_workflow_type(domain=client.domain, workflowType=kind)
    client.client.deprecate_activity_type(domain=client.domain, activityType=activity)

    lines = list(setup.register(client, process.shipped()))

    back = {line.name for line in lines if line.outcome == "was deprecated, is registered again"}
    assert back == {"BusinessProcess 1.0", "SaveResults 1.0"}
    assert outcomes(client) == {"there already"}


def test_a_deprecated_domain_is_brought_back(client: SwfClient) -> None:
    client.client.deprecate_domain(name=client.domain)

    line = next(setup.register(client, process.shipped()))

    assert line.outcome == "was deprecated, is registered again"
    assert client.describe_domain()["domainInfo"]["status"] == "REGISTERED"


def test_another_shape_under_a_registered_version_is_refused(client: SwfClient) -> None:
    with pytest.raises(PublishedDefinitionError, match=r"WORKFLOW_VERSION=1\.1"):
        list(setup.register(client, CHANGED, ["MyActivity"]))

    names = [info["activityType"]["name"] for info in client.list_activity_types()]
    assert "MyActivity" not in names


def test_comments_and_policies_are_not_shape(client: SwfClient) -> None:
    assert {line.outcome for line in setup.register(client, FINER)} == {"there already"}


# --- registering by oneself --------------------------------------------------------------


def test_a_process_registers_what_is_missing_and_asks_only_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = SwfClient(settings)
    setup.ensure_registered(client)
    assert outcomes(client) == {"there already"}

    monkeypatch.setattr(client, "describe_workflow_type", lambda *kind: pytest.fail("asked again"))
    setup.ensure_registered(client)


def test_one_question_is_enough_when_all_is_there(
    client: SwfClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "_known", set())
    monkeypatch.setattr(setup, "register", lambda *what: pytest.fail("nothing is missing"))

    setup.ensure_registered(client)


def test_a_process_of_another_shape_is_refused(client: SwfClient) -> None:
    with pytest.raises(PublishedDefinitionError, match=r"BusinessProcess 1\.0 is published"):
        setup.ensure_registered(client, CHANGED)


# --- published files ---------------------------------------------------------------------


def test_a_definition_is_published_once(tmp_path: Path) -> None:
    first = setup.publish(process.shipped(), tmp_path)
    path = tmp_path / "BusinessProcess@1.0.asl.json"
    text = path.read_bytes()
    second = setup.publish(FINER, tmp_path)

    assert (first.outcome, second.outcome) == ("written", "there already")
    assert path.read_bytes() == text
    assert published.read("BusinessProcess", "1.0", tmp_path) == process.definition("1.0")


def test_the_shipped_version_is_published_in_this_repository() -> None:
    kept = published.read(process.NAME, "1.0")

    assert kept is not None
    assert kept.hash == process.definition("1.0").hash


def test_a_published_file_is_not_overwritten_with_another_shape(tmp_path: Path) -> None:
    setup.publish(process.shipped(), tmp_path)

    with pytest.raises(PublishedDefinitionError, match=r"BusinessProcess@1\.0\.asl\.json"):
        setup.publish(CHANGED, tmp_path)

    assert published.read("BusinessProcess", "1.0", tmp_path) == process.definition("1.0")


@pytest.mark.parametrize(
    ("version", "following"),
    [("1.0", "1.1"), ("1.9", "1.10"), ("7", "8"), ("v2-beta", "v3-beta"), ("first", "first.1")],
)
def test_the_next_version_is_suggested(version: str, following: str) -> None:
    assert setup.next_version(version) == following


def test_the_line_to_edit_is_where_the_version_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ENV_FILE", "WORKFLOW_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(setup, "_settings_files", lambda: [tmp_path / ".env"])
    lines = (config.HOME / "config.py").read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, 1) if '"WORKFLOW_VERSION"' in line)

    assert setup.version_line() == f"in .env, or its default in config.py, line {number}"

    (tmp_path / ".env").write_text("# mine\n\nexport WORKFLOW_VERSION=1.0\n")
    assert setup.version_line() == f"in {tmp_path / '.env'}, line 3"

    monkeypatch.setenv("WORKFLOW_VERSION", "1.0")
    assert setup.version_line() == "in the environment variable WORKFLOW_VERSION"


# --- the command -------------------------------------------------------------------------


def test_the_command_says_what_it_did(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert setup.main([]) == 0
    first = capsys.readouterr().out
    assert setup.main([]) == 0
    second = capsys.readouterr().out

    assert first.startswith(f"Engine: {settings.engine}\n")
    assert "registered" in first
    assert "registered" not in second
    lines = [line for line in second.splitlines()[1:] if not line.startswith("note:")]
    assert len(lines) > 10
    assert all(line.endswith("there already") for line in lines)
    assert len(lines) == len(set(lines))


TOPIC = """{"StartAt": "Tell", "States": {"Tell": {"Type": "Task", "End": true,
    "Resource": "arn:aws:states:::sns:publish",
    "Parameters": {"TopicArn": "${OUR_TOPIC}", "Message": "${OUR_TOPIC}, ${OUR_WORDS}"}}}}"""


@pytest.fixture
def telling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one definition, which needs values for `${OUR_TOPIC}` and `${OUR_WORDS}`."""
    (tmp_path / "Telling@1.0.asl.json").write_text(TOPIC)
    monkeypatch.setattr(published, "FOLDER", tmp_path)
    monkeypatch.setattr(
        setup, "publish", lambda definition: setup.Line("definition", definition.name, "written")
    )
    return tmp_path


def test_a_definition_that_lacks_values_is_left_out_with_a_note(
    settings: Settings, capsys: pytest.CaptureFixture[str], telling: Path
) -> None:
    assert setup.main([]) == 0

    told = capsys.readouterr().out
    assert (
        "note: Telling 1.0 is left out: no value for ${OUR_TOPIC}: set OUR_TOPIC; "
        "no value for ${OUR_WORDS}: set OUR_WORDS\n"
    ) in told
    assert "workflow type  Telling" not in told


def test_a_definition_whose_values_are_there_is_registered(
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    telling: Path,
) -> None:
    monkeypatch.setenv("OUR_TOPIC", "arn:aws:sns:us-east-1:123456789012:ours")
    monkeypatch.setenv("OUR_WORDS", "done")

    assert setup.main([]) == 0

    told = capsys.readouterr().out
    assert "workflow type  Telling 1.0" in told
    assert "left out" not in told


def test_a_changed_document_is_refused_with_the_file_to_make(
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    telling: Path,
) -> None:
    monkeypatch.setenv("OUR_TOPIC", "arn:aws:sns:us-east-1:123456789012:ours")
    monkeypatch.setenv("OUR_WORDS", "done")
    setup.main([])
    file = telling / "Telling@1.0.asl.json"
    file.write_text(TOPIC.replace('"End": true', '"End": true, "ResultPath": null'))

    assert setup.main([]) == 2
    told = capsys.readouterr().err
    assert "put it back into Telling@1.0.asl.json, and save the new one as Telling@1.1" in told


def test_a_definition_that_is_wrong_is_refused_and_not_left_out(
    settings: Settings, capsys: pytest.CaptureFixture[str], telling: Path
) -> None:
    (telling / "Telling@1.0.asl.json").write_text('{"StartAt": "Nowhere", "States": {}}')

    assert setup.main([]) == 2
    assert "Telling@1.0.asl.json cannot be used" in capsys.readouterr().err


def test_a_step_without_a_function_is_noted(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = define("Lacking", "1.0", [step("ValidateInput"), step("Novel")])
    monkeypatch.setattr(process, "shipped", lambda: lacking)
    monkeypatch.setattr(
        setup, "publish", lambda definition: setup.Line("definition", definition.name, "written")
    )

    setup.main([])

    assert "note: Novel has no function" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["install", "egg_info", "bdist_wheel", "develop", "--bad"])
def test_build_commands_register_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(setup, "_run", lambda options: pytest.fail("it registered"))

    try:
        code: object = setup.main([command])
    except SystemExit as ending:
        code = ending.code

    assert code == 2
    assert capsys.readouterr().err


def test_importing_registers_nothing() -> None:
    script = "import setup, sys; sys.exit(setup._known != set())"

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=config.HOME, env={"SWF_ENDPOINT": "http://127.0.0.1:9"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
