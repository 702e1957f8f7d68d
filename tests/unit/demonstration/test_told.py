"""What the demo says of itself with `--json`."""

from __future__ import annotations

import json

import demo
from demonstration import show
from demonstration.scene import CheckFailedError, Scene


def scene(name: str, play) -> Scene:
    made = Scene(name, f"The {name}", play, "demo-1", starter=None, tell=lambda *_: None)
    made.perform()
    return made


def fail(_: Scene) -> None:
    raise CheckFailedError("no marker")


def test_each_scenario_tells_how_it_went():
    told = [scene("good", lambda _: None).told(), scene("bad", fail).told()]
    assert [(item["name"], item["state"], item["runs"]) for item in told] == [
        ("good", "ok", []), ("bad", "FAILED", []),
    ]  # fmt: skip
    assert "no marker" in told[1]["note"]


def test_json_is_all_that_stands_on_standard_output(monkeypatch, capsys):
    class Show:
        def __init__(self, endpoint, screen) -> None:
            self._screen = screen

        def run(self) -> None:
            self._screen.write("Engine: none")

        def told(self):
            return {"scenarios": []}

        def close(self) -> None:
            pass

    monkeypatch.setattr(show, "Show", Show)
    assert demo.main(["--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"scenarios": []}
    assert printed.err == "Engine: none\n"
