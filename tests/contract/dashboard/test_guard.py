"""Who may look at the page and who may act: hosts, the token, forged forms, escaping."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboard.app import make_app
from dashboard.guard import COOKIE
from dashboard.options import Options
from dashboard.pages import execution_url
from tests.contract.steering.conftest import Stage
from workflow import process, step

EVIL = """<script>alert(1)</script>'"><img src=x onerror=alert(1)>"""


def visitor(stage: Stage, **options: Any) -> TestClient:
    app = make_app(stage.starter, Options(**options))
    return TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)


def secret(text: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found is not None
    return found[1]


def waiting(stage: Stage, **options: Any) -> dict[str, str]:
    made = process("Guarded", "1", [step("Only")])
    stage.publish(made)
    return stage.start(made, **options)


def test_every_answer_forbids_what_a_page_of_ours_never_does(stage: Stage) -> None:
    for path in ("/executions", "/static/page.js", "/nowhere"):
        headers = visitor(stage).get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.7:8421"])
def test_a_name_of_another_site_is_not_answered(stage: Stage, host: str) -> None:
    answer = visitor(stage).get("/executions", headers={"host": host})
    assert answer.status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1:8421", "localhost:8421", "localhost"])
def test_this_machines_own_names_are(stage: Stage, host: str) -> None:
    assert visitor(stage).get("/executions", headers={"host": host}).status_code == 200


def test_with_a_token_only_who_has_it_looks(stage: Stage) -> None:
    guest = visitor(stage, host="0.0.0.0", token="s3cret")
    for path in ("/executions", "/static/page.css", "/executions/a/b/live"):
        assert guest.get(path).status_code == 401
    assert guest.get("/executions?token=wrong").status_code == 401
    assert guest.get("/executions", headers={"cookie": f"{COOKIE}=wrong"}).status_code == 401

    entered = guest.get("/executions?tag=a&token=s3cret")

    assert (entered.status_code, entered.headers["location"]) == (303, "/executions?tag=a")
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert guest.get("/executions", headers={"host": "any.name"}).status_code == 200


def test_a_token_does_not_lead_to_another_site(stage: Stage) -> None:
    guest = visitor(stage, token="s3cret")
    assert (
        guest.get("http://127.0.0.1//evil.example/?token=s3cret")
        .headers["location"]
        .startswith("/evil")
    )


@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ({}, ""),
        ({}, "guessed"),
        ({"origin": "http://evil.example"}, "right"),
        ({"sec-fetch-site": "cross-site"}, "right"),
        ({"sec-fetch-site": "same-site"}, "right"),
    ],
)
def test_a_forged_form_does_nothing(stage: Stage, headers: dict[str, str], field: str) -> None:
    run = waiting(stage)
    guest = visitor(stage)
    form = {"csrf": secret(guest.get("/executions").text) if field == "right" else field}

    answer = guest.post(execution_url(run, "act", "terminate"), data=form, headers=headers)

    assert answer.status_code == 403
    assert stage.status(run)["closed_at"] is None


def test_the_same_form_from_the_page_does_it(stage: Stage) -> None:
    run = waiting(stage)
    guest = visitor(stage)
    form = {"csrf": secret(guest.get(execution_url(run, "act", "terminate")).text), "reason": "no"}
    headers = {"origin": "http://127.0.0.1", "sec-fetch-site": "same-origin"}

    answer = guest.post(execution_url(run, "act", "terminate"), data=form, headers=headers)

    assert answer.status_code == 303
    assert stage.status(run)["state"] == "TERMINATED"


def test_no_address_changes_anything_by_being_looked_at(stage: Stage) -> None:
    run = waiting(stage)
    guest = visitor(stage)
    for action in ("terminate", "cancel", "rollback", "pause"):
        assert guest.get(execution_url(run, "act", action)).status_code == 200
    assert stage.status(run)["closed_at"] is None
    assert stage.starter.audit(run["workflow_id"], run["run_id"]) == []


def test_a_page_that_only_shows_changes_nothing(stage: Stage) -> None:
    run = waiting(stage)
    guest = visitor(stage, read_only=True)
    page = guest.get(execution_url(run)).text
    assert "/act/" not in page
    form = {"csrf": secret(page)}
    for action in ("terminate", "cancel", "pause", "rollback"):
        answer = guest.post(execution_url(run, "act", action), data=form)
        assert answer.status_code == 403
        assert "changes nothing" in answer.text or "change nothing" in answer.text
    assert stage.status(run)["closed_at"] is None
    form |= {"theme": "dark", "language": "pt-BR", "back": "/executions"}
    assert guest.post("/preferences", data=form).status_code == 303


@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "/\\evil.example", ""])
def test_preferences_lead_back_here_only(stage: Stage, back: str) -> None:
    guest = visitor(stage)
    form = {"csrf": secret(guest.get("/executions").text), "back": back, "theme": "dark"}
    answer = guest.post("/preferences", data=form)
    assert answer.headers["location"] == "/"
    assert 'data-theme="dark"' in guest.get("/executions").text


@pytest.mark.parametrize("chunked", [False, True])
def test_a_form_that_is_too_long_is_refused_before_it_is_kept(
    stage: Stage, *, chunked: bool
) -> None:
    guest = visitor(stage)

    def pieces() -> Iterator[bytes]:
        for _ in range(10):
            yield b"x" * 1_000_000

    body = pieces() if chunked else b"".join(pieces())
    answer = guest.post("/preferences", content=body)
    assert answer.status_code == 413


def test_whatever_users_write_is_text(stage: Stage) -> None:
    made = process("Guarded", "1", [step("Only")])
    stage.play("Only", lambda _: {EVIL: EVIL})
    stage.serve(made)
    run = stage.start(made, {"order_id": EVIL, EVIL: [EVIL]}, tags=[EVIL])
    stage.ends(run)
    guest = visitor(stage)
    stage.starter.resume_workflow_from_step(**run, step_name="Only", reason=EVIL, actor=EVIL)
    newest = guest.get(f"/executions/{run['workflow_id']}").headers["location"]

    paths = ["", "?step=Only", "/data", "/events", "/events/1", "/audit", "/forecast", "/relations"]
    paths += ["/act/resume?step_name=" + "%3Cscript%3Ealert(1)%3C/script%3E", "/export.html"]
    for base in (execution_url(run), newest):
        for path in paths:
            answer = guest.get(base + path)
            assert answer.status_code == 200, path
            assert "<script>alert" not in answer.text, path
            assert "<img" not in answer.text, path
    assert "&lt;script&gt;" in guest.get(execution_url(run, "data")).text
    assert "&lt;script&gt;" in guest.get(newest + "/audit").text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/executions/nobody", 404),
        ("/executions/nobody/22abc", 404),
        ("/executions/a/b/events/0", 404),
        ("/executions/a/b/act/explode", 404),
        ("/nowhere", 404),
    ],
)
def test_what_is_not_there_is_said_on_a_page(stage: Stage, path: str, status: int) -> None:
    answer = visitor(stage).get(path)
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert "Traceback" not in answer.text
