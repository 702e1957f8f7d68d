"""deploy/: what is for tools that are not here is read by their schemas, and held to the code."""

from __future__ import annotations

import configparser
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.validate import ParamValidator

import config
from cli.app import build_parser
from swf.connection import POLL_SECONDS
from tests.image import ROOT, context

DEPLOY = ROOT / "deploy"
COMPOSE, WORKFLOW = DEPLOY / "compose.yaml", DEPLOY / "github" / "workflow.yml"
ALARMS = DEPLOY / "cloudformation" / "alarms.yaml"
SUPERVISOR = DEPLOY / "supervisor" / "business-process.conf"
TASKS = sorted((DEPLOY / "ecs").glob("*.json"))
UNITS = sorted((DEPLOY / "systemd").glob("*@.service"))
GC = DEPLOY / "systemd" / "gc.service"

MOST_STOP_SECONDS = 120  # that ECS grants on Fargate
ACTIVITY_SECONDS = int(config.load({}).activity_start_to_close_timeout)


def ended(*command: str) -> tuple[int, str]:
    """A program's exit code, and what it said."""
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.returncode, found.stdout + found.stderr


def tool(name: str) -> str:
    """A program that was installed beside this Python."""
    return str(Path(sys.executable).with_name(name))


def by_schema(schema: str, path: Path) -> tuple[int, str]:
    """Check a file by a schema that check-jsonschema brings: nothing is downloaded."""
    return ended(tool("check-jsonschema"), "--builtin-schema", schema, str(path))


def broken(path: Path, old: str, new: str, folder: Path) -> Path:
    """A copy in which something is wrong."""
    text = path.read_text("utf-8")
    assert old in text
    copy = folder / path.name
    copy.write_text(text.replace(old, new), encoding="utf-8")
    return copy


def script_of(command: list[str]) -> str:
    """The file that a command runs, as the repository has it."""
    assert command[0].endswith("python")
    return f"{command[2]}/__main__.py" if command[1] == "-m" else command[1]


# --- Compose ----------------------------------------------------------------------------------


def test_compose_fits_its_schema(tmp_path: Path) -> None:
    assert by_schema("vendor.compose-spec", COMPOSE)[0] == 0
    wrong = broken(COMPOSE, "restart: unless-stopped", "restarts: always", tmp_path)
    assert by_schema("vendor.compose-spec", wrong)[0] == 1


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(COMPOSE.read_text("utf-8")))


def test_compose_runs_every_process_from_the_image() -> None:
    services = compose()["services"]

    assert services.keys() == {"swf", "set-up", "decider", "activity-worker", "gc", "page"}
    for service in services.values():
        assert context().has(script_of(service["command"]))
        assert service["user"] == "10001:10001"
        build = service["build"]
        assert (COMPOSE.parent / build["context"]).resolve() == ROOT
        assert (ROOT / build["dockerfile"]).exists()
        for needed in service.get("depends_on", {}):
            assert needed in services
        for volume in service["volumes"]:
            assert volume.partition(":")[0] in compose()["volumes"]


def test_compose_asks_for_the_health_of_those_that_serve_it() -> None:
    checks = {name: item["healthcheck"] for name, item in compose()["services"].items()}

    for name in ("set-up", "gc"):
        assert checks.pop(name) == {"disable": True}
    for check in checks.values():
        assert check["test"][:5] == [*PROBE, "readyz"]


def test_compose_publishes_the_page_alone_and_on_this_machine_alone() -> None:
    ports = {name: item["ports"] for name, item in compose()["services"].items() if "ports" in item}

    assert ports == {"page": ["127.0.0.1:8421:8421"]}


def test_settings_have_names_that_the_code_knows() -> None:
    known = names()
    for service in compose()["services"].values():
        assert set(service.get("environment", {})) <= known
    for path in TASKS:
        [container] = json.loads(path.read_text())["containerDefinitions"]
        given = {item["name"] for item in (*container["environment"], *container["secrets"])}
        assert given <= known


def names() -> set[str]:
    """The settings of .env.example."""
    text = (ROOT / ".env.example").read_text("utf-8")
    return set(re.findall(r"^#? ?([A-Z_]+)=", text, re.MULTILINE))


# --- ECS --------------------------------------------------------------------------------------

ECS = boto3.client("ecs", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x").meta
SHAPE: Any = ECS.service_model.operation_model("RegisterTaskDefinition").input_shape
PROBE = ["CMD", "python", "-I", "telemetry/probe.py"]
"""Which asks at HEALTH_PORT."""
FARGATE = {"256": ("512", "1024", "2048"), "512": ("1024", "2048", "3072", "4096")}
"""Memory that goes with so much processor."""


def task_complaints(task: dict[str, Any]) -> list[str]:
    """What is wrong with a task definition."""
    report = ParamValidator().validate(task, SHAPE)
    found = [report.generate_report()] if report.has_errors() else []
    found += unknown_words(task, SHAPE)
    if task["memory"] not in FARGATE.get(task["cpu"], ()):
        found.append("cpu and memory do not go together")
    for container in task["containerDefinitions"]:
        if container["stopTimeout"] not in range(POLL_SECONDS + 1, MOST_STOP_SECONDS + 1):
            found.append("a long poll does not drain")
        given = {item["name"]: item["value"] for item in container["environment"]}
        if container["healthCheck"]["command"] != PROBE or not given.get("HEALTH_PORT"):
            found.append("health is asked for where nobody serves it")
        if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", container["user"]):
            found.append("it runs as root")
        if not context().has(script_of(container["command"])):
            found.append("no such script")
        if not (ROOT / script_of(container["command"])).exists():
            found.append("no such script")
    return found


def unknown_words(value: Any, shape: Any) -> list[str]:
    """Words that are none of those that a shape lists, which botocore leaves to the service."""
    if shape.type_name == "structure":
        return [
            w
            for k, v in value.items()
            if k in shape.members
            for w in unknown_words(v, shape.members[k])
        ]
    if shape.type_name == "list":
        return [word for item in value for word in unknown_words(item, shape.member)]
    allowed = getattr(shape, "enum", None)
    return [f"{value} is none of {allowed}"] if allowed and value not in allowed else []


@pytest.mark.parametrize("path", TASKS, ids=lambda path: path.name)
def test_a_task_definition_is_one(path: Path) -> None:
    task = json.loads(path.read_text("utf-8"))

    assert task_complaints(task) == []
    [container] = task["containerDefinitions"]
    policy = DEPLOY / "iam" / f"{task['family']}.json"
    assert task["taskRoleArn"].endswith(f":role/{policy.stem}")
    assert policy.exists(), "its role has a policy of the same name"
    assert path.name == f"{task['family']}.task-definition.json"
    mounted = {item["sourceVolume"] for item in container["mountPoints"]}
    assert mounted == {item["name"] for item in task["volumes"]}


@pytest.mark.parametrize(
    ("member", "value", "complaint"),
    [
        ("stopTimeout", 30, "a long poll does not drain"),
        ("stopTimeout", 300, "a long poll does not drain"),
        ("stopTimeout", "120", "Invalid type"),
        ("stopTimeoutSeconds", 120, "Unknown parameter"),
        ("user", "0:0", "it runs as root"),
        ("healthCheck", {"command": ["CMD", "true"]}, "health is asked for where nobody serves it"),
        ("command", ["python", "decider.py"], "no such script"),
        ("logConfiguration", {"logDriver": "cloudwatch"}, "is none of"),
    ],
)
def test_a_wrong_task_definition_is_complained_of(member: str, value: Any, complaint: str) -> None:
    task = json.loads(TASKS[0].read_text("utf-8"))
    task["containerDefinitions"][0] |= {"stopTimeout": 120, member: value}
    assert any(complaint in told for told in task_complaints(task)), task_complaints(task)


# --- Supervisor and systemd -------------------------------------------------------------------


def programs(text: str) -> dict[str, dict[str, str]]:
    """The programs of a file for Supervisor."""
    parser = configparser.RawConfigParser(inline_comment_prefixes=(" ;",))
    parser.read_file(io.StringIO(text))
    return {
        name.partition(":")[2]: dict(parser[name])
        for name in parser.sections()
        if name.startswith("program:")
    }


def drain_complaints(script: str, seconds: int, spared: str) -> list[str]:
    """What is wrong with how a worker is stopped and started again."""
    least = POLL_SECONDS + (ACTIVITY_SECONDS if script == "activity_worker.py" else 0)
    found = [] if (ROOT / script).exists() else ["no such script"]
    found += ["it is killed before it has drained"] if seconds < least else []
    return found + ([] if "2" in spared else ["a wrong setting is tried again"])


def test_supervisor_drains_every_worker() -> None:
    found = programs(SUPERVISOR.read_text("utf-8"))

    assert found.keys() == {"decider", "activity-worker", "gc"}
    del found["gc"]
    for program in found.values():
        script = script_of(program["command"].split())
        told = drain_complaints(script, int(program["stopwaitsecs"]), program["exitcodes"])
        assert told == []
        assert program["stopsignal"] == "TERM"
        assert program["user"] not in ("root", "")
        assert int(program["numprocs"]) > 1
        assert "%(process_num)" in program["process_name"]


def test_supervisor_and_compose_clear_the_store_by_themselves() -> None:
    program = programs(SUPERVISOR.read_text("utf-8"))["gc"]
    services = (program["command"].split(), compose()["services"]["gc"]["command"])
    for _, script, *words in services:
        assert script == "workflow_starter.py"
        assert build_parser().parse_args(words).every == 1
    assert program["stopsignal"] == "TERM"
    assert program["user"] not in ("root", "")
    assert "numprocs" not in program  # one is enough


def unit(text: str) -> dict[str, str]:
    """The settings of a unit's service."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_file(io.StringIO(text))
    return dict(parser["Service"])


NAMES = {
    "decision_worker.py": "decider@.service",
    "activity_worker.py": "activity-worker@.service",
}


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_drains_its_worker(path: Path) -> None:
    service = unit(path.read_text("utf-8"))
    script = script_of(service["ExecStart"].split())
    seconds, spared = int(service["TimeoutStopSec"]), service["RestartPreventExitStatus"]

    assert drain_complaints(script, seconds, spared) == []
    assert service["User"] != "root"
    assert path.name == NAMES[script]


def test_a_worker_that_would_be_killed_is_complained_of() -> None:
    assert drain_complaints("decision_worker.py", 30, "2") == ["it is killed before it has drained"]
    assert drain_complaints("activity_worker.py", 120, "2") == [
        "it is killed before it has drained"
    ]
    assert drain_complaints("decider.py", 120, "2") == ["no such script"]
    assert drain_complaints("decision_worker.py", 120, "0") == ["a wrong setting is tried again"]


def unit_complaints(path: Path, folder: Path) -> str:
    """What systemd says of a unit; the program and the user that it names need not be here."""
    text = path.read_text("utf-8")
    text = re.sub(r"/srv/\S+/python", sys.executable, text).replace("User=process", "User=root")
    copy = folder / path.name.replace("@", "@1")
    copy.write_text(text, encoding="utf-8")
    return ended("systemd-analyze", "verify", "--man=no", str(copy))[1]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_reads_a_unit(path: Path, tmp_path: Path) -> None:
    assert path.name not in unit_complaints(path, tmp_path).replace("@1", "@")
    wrong = broken(path, "TimeoutStopSec=", "TimeoutStopSec=soon ", tmp_path)
    assert "Failed to parse time value" in unit_complaints(wrong, tmp_path)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
@pytest.mark.parametrize("path", [*UNITS, GC], ids=lambda path: path.name)
def test_a_unit_is_shut_in(path: Path, tmp_path: Path) -> None:
    """By systemd's own measure, from 0 to 10."""

    def exposed(unit: Path) -> bool:
        return (
            ended("systemd-analyze", "security", "--offline=1", "--threshold=25", str(unit))[0] != 0
        )

    assert not exposed(path)
    assert exposed(broken(path, "SystemCallFilter=@system-service", "", tmp_path))


def test_systemd_clears_the_store_by_itself(tmp_path: Path) -> None:
    service = unit(GC.read_text("utf-8"))
    program, script, *words = service["ExecStart"].split()

    assert script_of([program, script]) == "workflow_starter.py"
    assert build_parser().parse_args(words).command.name == "gc"
    assert service["User"] != "root"
    assert GC.name not in unit_complaints(GC, tmp_path)
    timer = GC.with_suffix(".timer")
    assert timer.name not in unit_complaints(timer, tmp_path)
    wrong = broken(timer, "OnCalendar=daily", "OnCalendar=nightly", tmp_path)
    assert "Failed to parse calendar" in unit_complaints(wrong, tmp_path)


# --- CloudFormation ---------------------------------------------------------------------------

METRICS = {
    "ActivityTasksFailed",
    "ConsumedCapacity",
    "ConsumedLimit",
    "DecisionTaskScheduleToStartTime",
    "PendingTasks",
    "ProvisionedLimit",
    "ProvisionedRefillRate",
    "ScheduledActivityTasksTimedOutOnClose",
    "ScheduledActivityTasksTimedOutOnStart",
    "StartedActivityTasksTimedOutOnClose",
    "StartedActivityTasksTimedOutOnHeartbeat",
    "StartedDecisionTasksTimedOutOnClose",
    "ThrottledEvents",
    "WorkflowsCompleted",
    "WorkflowsFailed",
    "WorkflowsTerminated",
    "WorkflowsTimedOut",
}
"""Of the metrics that the documentation of SWF names, those that alarms are on."""


def lint(path: Path) -> tuple[int, str]:
    """What cfn-lint says of a template."""
    return ended(tool("cfn-lint"), "--", str(path))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("", "", ""),
        ("ComparisonOperator: LessThanThreshold", "ComparisonOperator: Less", "E3030"),
        ("TopicArn: !Ref Topic\n", "TopicArn: !Ref Topics\n", "E1020"),
        ("Threshold: !Ref PendingTasks", "Limit: !Ref PendingTasks", "E3002"),
        ("Stat: Minimum", "Statistics: Minimum", "E3002"),
    ],
)
def test_the_template_is_one(old: str, new: str, told: str, tmp_path: Path) -> None:
    code, said = lint(broken(ALARMS, old, new, tmp_path) if old else ALARMS)

    assert (code == 0) == (not old), said
    assert told in said


def test_alarms_are_on_metrics_that_there_are() -> None:
    text = ALARMS.read_text("utf-8")
    named = re.findall(r"(?:MetricName: |SELECT (?:SUM|MAX|AVG)\()(\w+)", text)
    listed = re.findall(r"^ +- (?:- )?((?:Workflows|Started|Scheduled)\w+)$", text, re.MULTILINE)

    assert {*named, *listed} == METRICS


QUERY = re.compile(
    r"SELECT (?:SUM|MAX|AVG)\((\w+|\$\{Metric\})\) FROM \"AWS/SWF\""
    r"(?: WHERE \"Domain\" = '\$\{Domain\}'(?: AND \"TaskListName\" = '\$\{TaskList\}')?)?"
)


def test_queries_are_metrics_insights() -> None:
    """Whose language cfn-lint does not know: a metric, this namespace, dimensions that SWF has."""
    lines = [line.strip() for line in ALARMS.read_text("utf-8").splitlines() if "SELECT" in line]

    assert len(lines) >= 6
    for line in lines:
        assert QUERY.fullmatch(line.removeprefix("Expression: ").removeprefix("!Sub ")), line


def test_every_alarm_tells_somebody_when_it_begins_and_ends() -> None:
    text = ALARMS.read_text("utf-8")
    count = text.count("Type: AWS::CloudWatch::Alarm")

    assert count > 6
    for member in ("AlarmActions", "OKActions", "AlarmDescription", "TreatMissingData"):
        assert len(re.findall(rf"^ +{member}: ", text, re.MULTILINE)) == count, member


def test_alarms_on_rates_name_calls_and_decisions() -> None:
    swf = boto3.client("swf", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x").meta
    text = ALARMS.read_text("utf-8")
    calls = text.partition("Fn::ForEach::Calls")[2].partition('- "Rate')[0]
    decisions = text.partition("Fn::ForEach::Decisions")[2].partition('- "Rate')[0]
    model: Any = swf.service_model

    named = set(re.findall(r"[A-Z][a-z]\w+", calls)) - {"Call"}
    assert named
    assert named <= set(model.operation_names)
    named = set(re.findall(r"[A-Z][a-z]\w+", decisions)) - {"Decision"}
    assert named
    assert named <= set(model.shape_for("DecisionType").enum)


def test_the_rule_is_for_events_that_there_are() -> None:
    text = ALARMS.read_text("utf-8")
    [listed] = re.findall(r"eventType: \[(.+)\]", text)
    swf = boto3.client("swf", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x").meta
    model: Any = swf.service_model

    assert set(listed.split(", ")) <= set(model.shape_for("EventType").enum)
    assert "Simple Workflow Execution State Change" in text


def test_descriptions_of_alarms_lead_to_sections() -> None:
    sections = set(
        re.findall(r"^#+ (.+)$", (ROOT / "docs/OPERATIONS.md").read_text("utf-8"), re.MULTILINE)
    )
    named = re.findall(r"docs/OPERATIONS\.md, ([^\"]+)\"", ALARMS.read_text("utf-8"))

    assert len(named) >= 5
    assert set(named) <= sections


# --- GitHub -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("runs-on: ubuntu-24.04\n    timeout-minutes: 20", "runs_on: ubuntu-24.04"),
        ("    timeout-minutes: 20\n", ""),
        ("needs: [checks]", "need: [checks]"),
    ],
)
def test_the_workflow_fits_its_schemas(old: str, new: str, tmp_path: Path) -> None:
    schemas = ("vendor.github-workflows", "custom.github-workflows-require-timeout")
    wrong = broken(WORKFLOW, old, new, tmp_path)

    assert [by_schema(schema, WORKFLOW)[0] for schema in schemas] == [0, 0]
    assert any(by_schema(schema, wrong)[0] for schema in schemas)


def workflow_complaints(text: str) -> list[str]:
    """What is wrong with a workflow, beyond its shape."""
    workflow = yaml.safe_load(text)
    found = [] if workflow.get("permissions") == {"contents": "read"} else ["permissions"]
    for job in workflow["jobs"].values():
        found += [f"no job {name}" for name in job.get("needs", ()) if name not in workflow["jobs"]]
        matrix = job.get("strategy", {}).get("matrix", {})
        used = set(re.findall(r"matrix\.(\w+)", json.dumps(job)))
        found += [f"no {name} in the matrix" for name in used - matrix.keys()]
        for step in job["steps"]:
            found += step_complaints(step)
    return found


def step_complaints(step: dict[str, Any]) -> list[str]:
    """What is wrong with a step."""
    found = []
    if "uses" in step and not re.search(r"@[0-9a-f]{40}$", step["uses"]):
        found.append(f"{step['uses']} is not pinned")
    if "checkout" in step.get("uses", "") and step["with"].get("persist-credentials") is not False:
        found.append("the token stays in the checkout")
    if "${{" in step.get("run", ""):
        found.append("what others write gets into a shell")
    files = re.findall(r"(?:^|\s)((?:deploy|docs|\.ci)/\S+|\w+\.py)", step.get("run", ""))
    return found + [f"no {name}" for name in files if not (ROOT / name).exists()]


def test_the_workflow_is_pinned_and_runs_what_there_is() -> None:
    text = WORKFLOW.read_text("utf-8")

    assert workflow_complaints(text) == []
    assert ".ci/run" in text
    least = re.search(r'requires-python = ">=(.+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert least
    assert yaml.safe_load(text)["jobs"]["checks"]["strategy"]["matrix"]["python"][0] == least[1]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "checkout@11bd71901bbe5b1630ceea73d27597364c9af683",
            "checkout@v4.2.2",
            "actions/checkout@v4.2.2 is not pinned",
        ),
        ("contents: read", "contents: write", "permissions"),
        ("needs: [checks]", "needs: [check]", "no job check"),
        ("matrix.python }}\n    runs", "matrix.pythons }}\n    runs", "no pythons in the matrix"),
        ("persist-credentials: false", "fetch-depth: 1", "the token stays in the checkout"),
        ("run: .ci/run", "run: .ci/check", "no .ci/check"),
        ("run: .ci/run", "run: echo ${{ github.head_ref }}", "what others write gets into a shell"),
    ],
)
def test_a_wrong_workflow_is_complained_of(old: str, new: str, complaint: str) -> None:
    text = WORKFLOW.read_text("utf-8")

    assert old in text
    assert complaint in workflow_complaints(text.replace(old, new))
