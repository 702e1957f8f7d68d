import re

import pytest
from hypothesis import given, settings

from pictures import Seen, mermaid
from pictures.mermaid import escaped
from pictures.reading import every_scope, read

from .documents import chain, machine, nested, scopes, spoiled, task

LABEL = r'"(?:[^"`<>\[\]{}|#;&\\\n]|#\d+;|<br/>)*"'
LINES = [
    re.compile(pattern)
    for pattern in (
        r"flowchart TD",
        rf"\s+s\d+(?:\[{LABEL}\]|\({LABEL}\)|\(\[{LABEL}\]\)|\{{\{{{LABEL}\}}\}})",
        r"\s+s\d+(?:\(\(#32;\)\)|\(\(\(#32;\)\)\))",
        rf"\s+s\d+ (?:-->|-\.->)(?:\|{LABEL}\|)? s\d+",
        rf"\s+subgraph s\d+\[{LABEL}\]",
        r"\s+end",
        r"\s+classDef \w+ [\w:#,\- ]+",
        r"\s+class s\d+(?:,s\d+)* \w+",
    )
]


def lines(text: str) -> list[str]:
    found = text.removesuffix("\n").split("\n")
    wrong = [line for line in found if not any(one.fullmatch(line) for one in LINES)]
    assert wrong == []
    return found


@given(scopes() | spoiled())
@settings(max_examples=150, deadline=None)
def test_every_line_is_well_formed(document):
    found = lines(mermaid(document))
    opened = sum("subgraph " in line for line in found)
    assert opened == sum(line.strip() == "end" for line in found)


@given(scopes())
@settings(max_examples=40, deadline=None)
def test_every_state_is_defined_once(document):
    text = mermaid(document)
    nodes = re.findall(r"^\s+(?:subgraph )?(s\d+)(?=[\[({])", text, re.MULTILINE)
    assert len(nodes) == len(set(nodes))
    states = sum(len(scope.states) for scope in every_scope(read(document)))
    assert len(nodes) >= states


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain name", "plain name"),
        ('"quoted"', "#34;quoted#34;"),
        ("#quot;", "#35;quot#59;"),
        ("<b>&amp;</b>", "#60;b#62;#38;amp#59;#60;#47;b#62;"),
        ("a\nb", "a b"),
        ("`md`", "#96;md#96;"),
        ("[x](y){z}|", "#91;x#93;#40;y#41;#123;z#125;#124;"),
        ("Pão 日本 ✓", "Pão 日本 ✓"),
        ("\x00\ud800", "��"),
    ],
)
def test_signs_become_entities(text, expected):
    assert escaped(text) == expected


def test_catches_are_dotted_and_choices_labelled():
    document = machine(
        A=task("B", Catch=[{"ErrorEquals": ["Busy", "Gone"], "Next": "C"}]),
        B={
            "Type": "Choice",
            "Choices": [{"Variable": "$.total", "NumericGreaterThan": 5, "Next": "A"}],
            "Default": "C",
        },
        C={"Type": "Succeed"},
    )
    found = [line.strip() for line in lines(mermaid(document))]
    assert 's1 -.->|"Busy, Gone"| s3' in found
    assert 's2 -->|"total #62; 5"| s1' in found
    assert 's2 -->|"else"| s3' in found


def test_outcomes_are_classes_and_words():
    text = mermaid(machine(A=task("B"), B=task()), {"A": Seen("failed", attempts=2)})
    assert 's1["A<br/>activity Work<br/>failed<br/>×2"]' in text
    assert "  class s1 failed" in text
    assert "classDef failed " in text


def test_large_and_deep_documents():
    lines(mermaid(chain(1000)))
    lines(mermaid(nested(2000)))
