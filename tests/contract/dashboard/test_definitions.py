"""Definitions in the page over HTTP: shown, checked while typing, saved, compared, simulated."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import published
from dashboard.app import make_app
from dashboard.options import Options
from errors import EngineUnreachableError
from tests.contract.steering.conftest import Stage
from workflow import process, step

TASK = "arn:aws:states:::activity:"


def machine(*names: str, **members: Any) -> dict[str, Any]:
    """A chain of tasks."""
    states = {
        name: {"Type": "Task", "Resource": TASK + name, "Next": following}
        for name, following in zip(names, [*names[1:], "Done"], strict=True)
    }
    return {"StartAt": names[0], "States": {**states, "Done": {"Type": "Succeed"}}, **members}


def text_of(document: Any) -> str:
    return json.dumps(document, indent=2)


class Author:
    """Somebody who works on definitions in the page."""

    def __init__(self, stage: Stage, **options: Any) -> None:
        app = make_app(stage.starter, Options(**options))
        self.http = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
        self.secret = app.state.site.protection.secret

    def sees(self, path: str, status: int = 200) -> str:
        """The words of a page."""
        answer = self.http.get(path)
        assert answer.status_code == status, answer.text
        return words(answer.text)

    def sends(self, path: str, status: int = 200, **fields: Any) -> str:
        """The words of the answer to a form, or where it leads."""
        answer = self.http.post(path, data={"csrf": self.secret, **fields})
        assert answer.status_code == status, answer.text
        return str(answer.headers["location"]) if status == 303 else words(answer.text)

    def saves(self, document: Any, name: str, version: str, status: int = 303) -> str:
        text = document if isinstance(document, str) else text_of(document)
        return self.sends("/definitions/save", status, text=text, name=name, version=version)


def words(page: str) -> str:
    """What a page says, without its marks."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page)))


@pytest.fixture
def author(stage: Stage) -> Author:
    return Author(stage)


# --- looking -------------------------------------------------------------------------------


def test_every_definition_is_listed_with_versions_language_and_registration(
    stage: Stage, author: Author
) -> None:
    for version in ("1.0", "1.9", "1.10"):
        published.write(process("Own", version, [step("First")], comment="What it is for"))
    published.write_text(
        published.FOLDER / "Chain@1.asl.yaml", "StartAt: A\nStates:\n  A: {Type: Succeed}\n"
    )

    listed = author.sees("/definitions")

    assert "Own 1.10 1.9 1.0 Python What it is for" in listed
    assert "Chain 1 States Language" in listed
    assert "BusinessProcess 1.0 Python" in listed
    assert author.http.get("/definitions/Own").headers["location"] == "/definitions/Own/1.10"
    assert "not registered yet" in author.sees("/definitions/Own/1.10")
    assert author.sends("/definitions/Own/1.10/register", 303) == "/definitions/Own/1.10"
    assert "registered with the engine" in author.sees("/definitions/Own/1.10")


def test_a_definition_is_shown_as_text_and_graph(author: Author) -> None:
    author.saves(machine("Pack", "Ship"), "Parcel", "1.0")

    page = author.http.get("/definitions/Parcel/1.0").text

    assert 'data-state="Ship"' in page
    assert "&#34;StartAt&#34;: &#34;Pack&#34;" in page
    assert 'href="/executions?type=Parcel"' in page
    assert 'href="/start?definition=Parcel%401.0"' in page
    assert "activity Pack has no function in activities/registry.py yet" in words(page)


def test_definitions_are_shown_where_no_engine_answers(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    author = Author(stage)

    def refuses(*_: Any) -> Any:
        raise EngineUnreachableError("nobody is there")

    monkeypatch.setattr(stage.starter.swf_client, "list_workflow_types", refuses)
    listed = author.sees("/definitions")
    assert "The engine cannot be asked which types are registered" in listed
    assert "BusinessProcess" in listed
    assert "not registered yet" not in author.sees("/definitions/BusinessProcess/1.0")


@pytest.mark.parametrize(
    "path", ["/definitions/Nobody", "/definitions/Nobody/1.0", "/definitions/Nobody/compare"]
)
def test_what_is_not_here_is_not_found(author: Author, path: str) -> None:
    assert "there is no definition Nobody" in author.sees(path, 404)


def test_a_file_that_cannot_be_used_is_shown_with_what_is_wrong(
    author: Author, definitions: Path
) -> None:
    (definitions / "Broken@1.asl.json").write_text('{"StartAt": "A"', encoding="utf-8")
    (definitions / "Wrong@1.asl.json").write_text('{"StartAt": "A", "States": {}}', "utf-8")

    assert "INVALID_JSON_DESCRIPTION" in author.sees("/definitions/Broken/1")
    assert "Broken 1 cannot be read" in author.sees("/definitions")
    assert "SCHEMA_VALIDATION_FAILED" in author.sees("/definitions/Wrong/1")
    assert "It cannot be simulated" in author.sees("/definitions/Wrong/1/simulate")


def test_what_others_wrote_is_escaped(author: Author, definitions: Path) -> None:
    name = "<script>alert(1)</script>"
    document = {"Comment": name, "StartAt": name, "States": {name: {"Type": "Succeed"}}}
    (definitions / "Hostile@1.asl.json").write_text(json.dumps(document), encoding="utf-8")

    for path in ("/definitions", "/definitions/Hostile/1", "/definitions/Hostile/1/simulate"):
        assert "<script>alert" not in author.http.get(path).text


# --- editing -------------------------------------------------------------------------------


def test_the_editor_begins_with_the_text_and_the_next_free_version(author: Author) -> None:
    for version in ("1.0", "1.1"):
        author.saves(machine("Pack"), "Parcel", version)

    page = author.http.get("/definitions/Parcel/1.0/edit").text

    assert 'name="version" value="1.2"' in page
    assert 'name="name" value="Parcel"' in page
    assert "&#34;StartAt&#34;: &#34;Pack&#34;" in page
    assert 'hx-post="/definitions/draft"' in page
    assert "StartAt" in author.http.get("/definitions/new").text


def test_a_text_is_checked_and_drawn_while_it_is_written(author: Author) -> None:
    lost = machine("Pack")
    lost["States"]["Pack"]["Next"] = "Nowhere"
    text = text_of(lost)

    answer = author.http.post("/definitions/draft", data={"csrf": author.secret, "text": text})

    found = re.search(r'data-line="(\d+)" data-column="(\d+)"', answer.text)
    assert found is not None
    line = text.split("\n")[int(found[1]) - 1]
    assert line[int(found[2]) - 1 :].startswith('"Nowhere"')
    assert "ERROR" in words(answer.text)
    assert "MISSING_TRANSITION_TARGET" in words(answer.text)
    assert 'id="drawing"' in answer.text
    assert 'data-state="Nowhere"' in answer.text


def test_a_broken_text_keeps_the_last_graph(author: Author) -> None:
    answer = author.http.post("/definitions/draft", data={"csrf": author.secret, "text": "{"})
    assert "The graph is that of the last text that could be read" in words(answer.text)
    assert 'id="drawing"' not in answer.text


def test_a_draft_needs_the_forms_secret(author: Author) -> None:
    assert author.http.post("/definitions/draft", data={"text": "{}"}).status_code == 403


YAML = f"StartAt: A\nStates:\n  A: {{Type: Task, Resource: '{TASK}Pack', End: true}}"


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_a_new_version_is_kept_registered_and_can_be_run(
    stage: Stage, author: Author, definitions: Path, form: str
) -> None:
    text = {
        "json": text_of(machine("Pack")),
        "yaml": YAML,
    }[form]

    led = author.saves(text.replace("\n", "\r\n"), "Parcel", "2.0")

    assert led == "/definitions/Parcel/2.0?saved=1"
    assert "Saved" in author.sees(led)
    assert (definitions / f"Parcel@2.0.asl.{form}").read_text(encoding="utf-8") == text + "\n"
    assert [path.name for path in definitions.iterdir()] == [f"Parcel@2.0.asl.{form}"]
    assert stage.starter.start_workflow({"order_id": "1"}, definition="Parcel@2.0")["run_id"]


def test_a_published_version_does_not_change_its_shape(author: Author, definitions: Path) -> None:
    author.saves(machine("Pack"), "Parcel", "1.0")
    before = (definitions / "Parcel@1.0.asl.json").read_text(encoding="utf-8")

    said = author.saves(machine("Pack", "Ship"), "Parcel", "1.0", 409)

    assert "Parcel 1.0 is published with another shape" in said
    assert "save the new one as Parcel@1.1" in said
    assert (definitions / "Parcel@1.0.asl.json").read_text(encoding="utf-8") == before
    author.saves(machine("Pack", Comment="The same shape"), "Parcel", "1.0")
    assert "The same shape" in (definitions / "Parcel@1.0.asl.json").read_text(encoding="utf-8")


def test_what_the_engine_has_under_a_version_counts_too(author: Author, definitions: Path) -> None:
    author.saves(machine("Pack"), "Parcel", "1.0")
    (definitions / "Parcel@1.0.asl.json").unlink()

    assert "another shape in domain" in author.saves(machine("Ship"), "Parcel", "1.0", 409)
    assert not list(definitions.iterdir())


def test_a_process_in_python_is_not_overwritten(author: Author, definitions: Path) -> None:
    said = author.saves(machine("Pack"), "BusinessProcess", "1.0", 409)
    assert "process.py" in said or "another shape" in said
    assert not list(definitions.iterdir())


@pytest.mark.parametrize(
    ("document", "kind", "told"),
    [
        (machine("Pack"), ("a/b", "1.0"), "a name is not 'arn'"),
        (machine("Pack"), ("../up", "1.0"), "a name is not 'arn'"),
        (machine("Pack"), ("", "1.0"), "a name has 1 to 256 characters"),
        (machine("Pack"), ("Parcel", "1@2"), "a version is not 'arn'"),
        (machine("Pack"), ("x" * 250, "1.0"), "make a file name of over 255 bytes"),
        ({"StartAt": "A", "States": {}}, ("Parcel", "1.0"), "it has errors"),
        ("{", ("Parcel", "1.0"), "it has errors"),
    ],
)
def test_what_cannot_be_saved_is_refused_with_the_reason_and_stays_in_the_form(
    author: Author, definitions: Path, document: Any, kind: tuple[str, str], told: str
) -> None:
    said = author.saves(document, *kind, 422 if told.startswith("a ") else 409)
    assert told in said
    assert "StartAt" in said or document == "{"
    assert not list(definitions.iterdir())


def test_yaml_does_not_take_the_place_of_json(author: Author) -> None:
    author.saves(machine("Pack"), "Parcel", "1.0")
    assert "save it as 1.1" in author.saves(YAML, "Parcel", "1.0", 409)


def test_a_value_that_is_missing_is_told_and_nothing_is_registered(author: Author) -> None:
    lacking = machine("Pack")
    lacking["States"]["Pack"]["Resource"] = TASK + "${NOT_SET_ANYWHERE}"

    led = author.saves(lacking, "Parcel", "1.0")

    shown = author.sees(led)
    assert "set NOT_SET_ANYWHERE" in shown
    assert "not registered yet" in shown
    other = machine("Pack", "Ship")
    other["States"]["Pack"]["Resource"] = TASK + "${NOT_SET_ANYWHERE}"
    assert "whether this has its shape cannot be told" in author.saves(other, "Parcel", "1.0", 409)


def test_a_page_that_only_shows_saves_nothing(stage: Stage, definitions: Path) -> None:
    published.write(process("Own", "1.0", [step("First")]))
    author = Author(stage, read_only=True)

    author.saves(machine("Pack"), "Parcel", "1.0", 403)

    assert [path.name for path in definitions.iterdir()] == ["Own@1.0.asl.json"]
    assert "Save as a new version" not in author.sees("/definitions/Own/1.0/edit")
    assert "Valid" in author.sends("/definitions/draft", text=text_of(machine("Pack")))
    author.sends("/definitions/Own/1.0/register", 403)


def test_a_page_of_saved_histories_has_no_definitions(stage: Stage) -> None:
    author = Author(stage, offline=True)
    for path in ("/definitions", "/definitions/BusinessProcess/1.0", "/definitions/new"):
        author.sees(path, 404)


# --- comparing -----------------------------------------------------------------------------


def test_versions_are_compared_in_words_pictures_and_lines(author: Author) -> None:
    author.saves(machine("Pack", "Ship"), "Parcel", "1.0")
    changed = machine("Pack", "Weigh")
    changed["States"]["Pack"]["TimeoutSeconds"] = 60
    author.saves(changed, "Parcel", "1.1")

    page = author.http.get("/definitions/Parcel/compare?from=1.0&to=1.1").text
    told = words(page)

    assert "changed Pack : Next, TimeoutSeconds" in told
    assert "added Weigh" in told
    assert "removed Ship" in told
    assert "They differ in shape" in told
    assert re.search(r'data-state="Weigh" class="[^"]*\badded\b', page)
    assert re.search(r'data-state="Ship" class="[^"]*\bremoved\b', page)
    assert 'class="added"' in page
    assert author.sees("/definitions/Parcel/compare") == told  # the newest and the one before


def test_versions_of_one_shape_are_said_to_be_alike(author: Author) -> None:
    author.saves(machine("Pack"), "Parcel", "1.0")
    author.saves(machine("Pack", Comment="Better words"), "Parcel", "1.1")
    told = author.sees("/definitions/Parcel/compare?from=1.0&to=1.1")
    assert "They have the same shape" in told
    assert "The document itself: Comment" in told


def test_open_executions_are_checked_against_the_other_version(
    stage: Stage, author: Author
) -> None:
    older, newer = (process("Own", v, [step(first), step("Last")]) for v, first in VERSIONS)
    gate = stage.hold("First")
    stage.serve(older)
    stage.publish(newer)
    stage.start(older, workflow_id="under-way")
    gate.wait()

    told = author.sees("/definitions/Own/compare?from=1.0&to=2.0&check=1")

    assert "0 of 1 could go on under 2.0" in told
    assert "under-way 1.0" in told
    assert "1 of 1 could go on under 1.0" in author.sees(
        "/definitions/Own/compare?from=2.0&to=1.0&check=1"
    )


VERSIONS = (("1.0", "First"), ("2.0", "Other"))


# --- simulating ----------------------------------------------------------------------------


def rows(*attempts: tuple[str, str, str, str], **more: Any) -> dict[str, Any]:
    """The fields of a form with some attempts."""
    columns = zip(*attempts, strict=True)
    named = dict(zip(("step", "how", "says", "after"), map(list, columns), strict=False))
    return {"input": "{}", "run": "1", **named, **more}


def test_a_simulation_tells_how_it_ends_in_words_graph_and_times(author: Author) -> None:
    author.saves(machine("Pack", "Ship"), "Parcel", "1.0")
    form = author.http.get("/definitions/Parcel/1.0/simulate").text
    assert form.count('name="how"') == 2

    given = rows(("Pack", "result", '{"kg": 2}', "3"), ("Ship", "fatal", "RoadError: ice", "60"))
    answer = author.http.post(
        "/definitions/Parcel/1.0/simulate", data={"csrf": author.secret, **given}
    )

    told = words(answer.text)
    assert "FAILED It ends after 1 min 3 s: RoadError" in told
    assert "Cause: ice" in told
    assert "0:01:03 Ship failed RoadError: ice" in told
    assert re.search(r'data-state="Pack" class="[^"]*\bsucceeded\b', answer.text)
    assert re.search(r'data-state="Ship" class="[^"]*\bfailed\b', answer.text)
    assert "2 visits in 1 min 3 s" in answer.text  # the chart
    assert 'value="RoadError: ice"' in answer.text  # what was filled in is still there


def test_successive_attempts_are_lines_of_their_own(author: Author) -> None:
    retried = machine("Pack")
    retried["States"]["Pack"]["Retry"] = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10}]
    author.saves(retried, "Parcel", "1.0")
    path = "/definitions/Parcel/1.0/simulate"

    more = rows(("Pack", "error", "X: y", ""), more="Pack")
    del more["run"]
    grown = author.http.post(path, data={"csrf": author.secret, **more}).text
    told = author.sends(path, **rows(("Pack", "error", "X: y", ""), ("Pack", "", "", "")))

    assert grown.count('name="how"') == 2
    assert "What would happen" not in words(grown)
    assert "COMPLETED It ends after 10 s" in told
    assert "Pack (attempt 2) completed" in told


def test_signals_reach_a_simulation(author: Author) -> None:
    waiting = {
        "StartAt": "Ask",
        "States": {"Ask": {"Type": "Task", "Resource": "arn:aws:states:::signal:OK", "End": True}},
    }
    author.saves(waiting, "Asking", "1")
    path = "/definitions/Asking/1/simulate"

    alone = author.sends(path, input="{}", run="1")
    answered = author.sends(
        path, input="{}", run="1", at="90", signal="OK", signal_input='{"by": "ada"}'
    )

    assert "WAITING" in alone
    assert "It waits for a signal or an operator" in alone
    assert "COMPLETED It ends after 1 min 30 s" in answered


def test_outcomes_may_be_given_as_json(author: Author) -> None:
    author.saves(machine("Pack"), "Parcel", "1.0")
    plan = json.dumps({"steps": {"Pack": {"error": "X: y"}, "Nobody": {"result": 1}}})
    told = author.sends("/definitions/Parcel/1.0/simulate", input="{}", run="1", plan=plan)
    assert "FAILED" in told
    assert "No step asked for the outcomes of Nobody" in told


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"input": "{"}, "the input is not JSON"),
        ({"input": "[" * 50_000}, "nested too deeply"),
        ({"plan": "{"}, "the list of outcomes is not JSON"),
        ({"plan": '{"steps": {"Pack": {"what": 1}}}'}, "unknown member what"),
        (rows(("Pack", "result", "{", "")), "the result of Pack is not JSON"),
        (rows(("Pack", "error", "X", "soon")), "'soon' is not a number of seconds"),
        ({"at": "-1", "signal": "X", "signal_input": ""}, "signals[0]"),
    ],
)
def test_what_is_wrong_with_a_simulation_is_told(
    author: Author, fields: dict[str, Any], told: str
) -> None:
    author.saves(machine("Pack"), "Parcel", "1.0")
    given = {"input": "{}", "run": "1", **fields}
    assert told in author.sends("/definitions/Parcel/1.0/simulate", 422, **given)


def endless() -> dict[str, Any]:
    rule = {"Variable": "$", "IsString": True, "Next": "Done"}
    return {
        "StartAt": "Round",
        "States": {
            "Round": {"Type": "Choice", "Choices": [rule], "Default": "Again"},
            "Again": {"Type": "Pass", "Next": "Round"},
            "Done": {"Type": "Succeed"},
        },
    }


def test_an_endless_definition_ends_with_a_message(author: Author) -> None:
    author.saves(endless(), "Endless", "1")
    told = author.sends("/definitions/Endless/1/simulate", 422, input="{}", run="1")
    assert "this does not come to an end" in told


def test_a_text_that_was_not_saved_is_simulated_and_goes_back_to_the_editor(
    author: Author, definitions: Path
) -> None:
    draft = {"text": text_of(machine("Pack")), "name": "Parcel", "version": "3"}

    form = author.sends("/definitions/simulate", **draft)
    told = author.sends("/definitions/simulate", **draft, **rows(("Pack", "", "", "5")))
    back = author.http.post("/definitions/edit", data={"csrf": author.secret, **draft}).text

    assert "Simulate Parcel 3 not saved" in form
    assert "COMPLETED It ends after 5 s" in told
    assert 'name="version" value="3"' in back
    assert not list(definitions.iterdir())
    assert "It cannot be simulated" in author.sends("/definitions/simulate", text="{")


def test_a_simulation_asks_no_engine(stage: Stage, author: Author) -> None:
    author.saves(machine("Pack"), "Parcel", "1.0")
    before = len(stage.starter.list_workflows())
    author.sends("/definitions/Parcel/1.0/simulate", **rows(("Pack", "", "", "")))
    assert len(stage.starter.list_workflows()) == before


def test_values_that_are_missing_stand_as_they_are_in_a_simulation(author: Author) -> None:
    lacking = machine("Pack")
    lacking["States"]["Pack"]["Parameters"] = {"to": "${NOT_SET_ANYWHERE}"}
    told = author.sends(
        "/definitions/simulate", text=text_of(lacking), **rows(("Pack", "", "", ""))
    )
    assert "COMPLETED" in told
