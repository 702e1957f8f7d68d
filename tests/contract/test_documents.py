"""What QUICKSTART and EXAMPLES show is run as it stands, and both languages show the same."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import config
import workflow
from activities import database
from dashboard.pages import execution_url
from tests.application import Application
from tests.contract.documents import ROOT, Block, Shell, blocks_of, lines_of, read, shell_in

QUICKSTART = blocks_of(read("docs/QUICKSTART.md"))
EXAMPLES = blocks_of(read("docs/EXAMPLES.md"))
FAQ = blocks_of(read("docs/FAQ.md"))
DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/*.md"))

SET_UP = {
    "python3 -m venv .venv",
    ". .venv/bin/activate",
    "pip install -r requirements.txt",
    "python decision_worker.py",
    "python activity_worker.py",
}
"""Commands in `sh` blocks: what a test has done already."""


@pytest.fixture
def shell(app: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell in a folder as the repository is."""
    made = shell_in(app, tmp_path, monkeypatch, Shell)
    yield made
    made.close_page()
    app.stop()
    database.close()


def run(shell: Shell, blocks: list[Block], failing: frozenset[str] = frozenset()) -> None:
    """Save or run blocks; the lines in `failing` end with 1, all others with 0."""
    for block in blocks:
        if block.language == "sh":
            continue
        if block.language or block.saved_as:
            shell.take(block)
            continue
        for line in lines_of(block):
            assert shell.run(line) == (1 if line in failing else 0), line


def starts(name: str) -> str:
    """The line that starts the example order under a name, and waits."""
    return f"python workflow_starter.py start --input docs/examples/order.json --id {name} --wait"


IN_THE_PAGE = "The same in the page"


def test_the_quick_start(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    for block in QUICKSTART:
        if block.section == IN_THE_PAGE:
            break
        if block.language == "text":
            printed = capsys.readouterr().out
            for line in block.text.splitlines():
                assert line in printed
        else:
            run(shell, [block], frozenset({starts("order-1")}))

    printed = capsys.readouterr().out
    assert "COMPLETED  5 of 5 steps" in printed
    assert "webhook replaced" in printed


def test_the_quick_start_in_the_page(shell: Shell) -> None:
    shell.run("python decision_worker.py")
    (settings,) = [block for block in QUICKSTART if block.saved_as]
    shell.take(settings)
    opens, breaks, mends = (
        line for block in QUICKSTART if block.section == IN_THE_PAGE for line in lines_of(block)
    )
    shell.run(opens)
    shell.run(breaks)
    page, starter = shell.page, shell.app.starter
    assert page is not None

    order = (ROOT / "docs" / "examples" / "order.json").read_text(encoding="utf-8")
    assert "BOOK-7" in page.get("/start"), "the example order"
    with shell._time_passes():
        page.send("/start", input=order, workflow_id="order-2", definition="BusinessProcess")
        assert starter.wait("order-2")["state"] == "FAILED"
        (failed,) = starter.list_workflows()
        address = execution_url(failed)
        assert "the webhook cannot be reached" in page.get(f"{address}?step=NotifyCompletion")
        shell.run(mends)
        form = f"{address}/act/resume?step_name=SaveResults"
        told = page.get(form)
        assert "A new run continues run" in told
        assert "goes on at SaveResults" in told
        page.send(form, step_name="SaveResults", reason="webhook replaced")
        assert starter.wait("order-2")["state"] == "COMPLETED"

    (resumed,) = starter.list_workflows(limit=1)
    assert "webhook replaced" in page.get(execution_url(resumed, "audit"))


IDLE = {"Terminate", "Control"}
"""Examples that begin without an activity worker."""

FAILING = frozenset(
    {
        starts("undone"),
        "python workflow_starter.py start --input bad-order.json --id mended --wait",
    }
)

ENDS = {
    "Simple order": "COMPLETED",
    "Retry": "COMPLETED",
    "Rollback": "FAILED",
    "Resume": "COMPLETED",
    "History": "COMPLETED",
    "Terminate": "TERMINATED",
    "Complex data": "COMPLETED",
    "Live monitoring": "COMPLETED",
    "Batch": None,
    "An external service with a circuit breaker": None,
    "Control": "COMPLETED",
    "Definitions in States Language": "COMPLETED",
    "Approval": "COMPLETED",
    "Large payloads": None,
    "Your own tests": None,
}
"""How the execution of each example ends; None where the example says so itself."""


@pytest.mark.parametrize("section", ENDS)
def test_an_example(section: str, shell: Shell) -> None:
    shell.run("python decision_worker.py")
    if section not in IDLE:
        shell.run("python activity_worker.py")

    run(shell, [block for block in EXAMPLES if block.section == section], FAILING)

    if ENDS[section]:
        assert shell.app.starter.status(shell.workflow_id)["state"] == ENDS[section]


def test_every_example_is_run() -> None:
    assert {block.section for block in EXAMPLES} - {"Examples"} == ENDS.keys()


def test_blocks_that_are_not_run_are_those_of_setting_up() -> None:
    told = [block for block in (*QUICKSTART, *EXAMPLES) if block.language == "sh"]
    assert {line for block in told for line in lines_of(block)} == SET_UP


def test_the_python_of_the_answers_runs(shell: Shell) -> None:
    names: dict[str, object] = {}
    for block in FAQ:
        if block.language == "python":
            names |= shell.python(block.text)

    assert {"saving", "copy_files"} <= names.keys()


def test_the_settings_of_the_answers_are_read(tmp_path: Path) -> None:
    file = tmp_path / "some.env"
    file.write_text("".join(block.text for block in FAQ if block.language == "ini"))

    assert config.load({}, file).max_attempts == 5


def test_the_commands_of_the_answers_run(shell: Shell) -> None:
    shell.run("python decision_worker.py")
    shell.run("python activity_worker.py")
    shell.run(starts("asked"))

    run(shell, [block for block in FAQ if not block.language])


@pytest.mark.parametrize("name", ["COSTS", "DIAGRAMS"])
def test_commands_that_need_nobody_to_work_run(name: str, shell: Shell) -> None:
    run(shell, [block for block in blocks_of(read(f"docs/{name}.md")) if not block.language])


def test_the_steps_of_the_builder_that_are_named_exist() -> None:
    table = read("docs/ARCHITECTURE.md").split("in `make_decisions`\n")[1].split("\n## ")[0]
    column = [line.split(" | ")[1] for line in table.splitlines() if line.startswith("| ")]
    named = [text for cell in column for text in re.findall(r"`(\w+\(.*?\))`", cell)]

    assert len(named) > 12
    for text in named:
        names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        assert names <= set(workflow.__all__), text


def test_the_prices_that_are_told(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run("python workflow_starter.py forecast --definition BusinessProcess --json")
    dollars = json.loads(capsys.readouterr().out)["total"]["dollars"]

    assert dollars["swf"] == 0.0004
    assert round(dollars["swf_with_decision_tasks"] * 100_000) == 55
    assert dollars["step_functions_standard"] == 0.000125
    assert round(dollars["step_functions_express"], 6) == 0.000006
    assert "$0.0004" in read("docs/FAQ.md")


def test_each_release_has_the_same_headings() -> None:
    releases = read("docs/CHANGELOG.md").split("\n## ")[1:]
    version = re.search(r'^version = "(.+)"$', read("pyproject.toml"), re.MULTILINE)

    assert version
    assert version[1] in releases[0].splitlines()[0]
    for release in releases:
        found = re.findall(r"^### (.+)$", release, re.MULTILINE)
        assert found == ["Added", "Changed", "Fixed"]


def anchors(text: str) -> set[str]:
    """What `#...` may name in a document, as GitHub makes it of headings."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", [*DOCUMENTS, "README.md", "README.pt-BR.md"])
def test_links_lead_somewhere(name: str) -> None:
    prose = re.sub(r"```.*?```", "", read(name), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = ((ROOT / name).parent / path).resolve() if path else ROOT / name
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("translated", [n for n in DOCUMENTS if n.endswith(".pt-BR.md")])
def test_both_languages_show_the_same_code(translated: str) -> None:
    def shown(name: str) -> list[tuple[str, str]]:
        return [(block.language, block.text) for block in blocks_of(read(name))]

    assert shown(translated) == shown(translated.replace(".pt-BR.md", ".md"))


def test_the_index_names_every_document() -> None:
    linked = set(re.findall(r"\]\((\w[\w.-]*\.md)", read("docs/INDEX.md")))

    assert {Path(name).name for name in DOCUMENTS} - {"INDEX.md"} == linked


@pytest.mark.parametrize("name", re.findall(r"`([\w./]+/[\w./]*)`", read("docs/CONTRIBUTING.md")))
def test_what_contributors_are_told_of_exists(name: str) -> None:
    assert (ROOT / name).exists()
