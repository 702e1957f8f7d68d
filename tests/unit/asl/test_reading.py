"""Reading definitions: JSON and YAML, what is refused and where, positions, substitution."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import asl
from asl import DocumentError, of, read, substitute
from asl.pointers import join, split
from errors import DefinitionError

JSON_TEXT = """{
  "StartAt": "A/b",
  "States": {
    "A/b": {"Type": "Pass", "Result": [1, {"~x": "\\"y\\", {"}], "End": true}
  }
}"""
YAML_TEXT = """\
# a comment
StartAt: A/b
States:
  A/b:
    Type: Pass
    Result:
      - 1
      - {~x: one, when: 2020-01-01}
    End: true
"""


@pytest.mark.parametrize(
    ("text", "pointer", "position"),
    [
        (JSON_TEXT, "", (1, 1)),
        (JSON_TEXT, "/StartAt", (2, 14)),
        (JSON_TEXT, "/States/A~1b", (4, 12)),
        (JSON_TEXT, "/States/A~1b/Result", (4, 39)),
        (JSON_TEXT, "/States/A~1b/Result/1/~0x", (4, 50)),
        (JSON_TEXT, "/States/A~1b/End", (4, 71)),
        (JSON_TEXT, "/States/A~1b/Next", (4, 12)),
        (JSON_TEXT, "/States/None/Next", (3, 13)),
        (JSON_TEXT, "/Nothing", (1, 1)),
        ("\ufeff" + JSON_TEXT, "/StartAt", (2, 14)),
        (YAML_TEXT, "", (2, 1)),
        (YAML_TEXT, "/StartAt", (2, 10)),
        (YAML_TEXT, "/States/A~1b/Result/0", (7, 9)),
        (YAML_TEXT, "/States/A~1b/Result/1/~0x", (8, 14)),
        (YAML_TEXT, "/States/A~1b/Result/1/no", (8, 9)),
        ("a: &x {b: 1}\nc: *x\n", "/c/b", (2, 4)),
    ],
)
def test_a_pointer_leads_to_a_line_and_a_column(text, pointer, position):
    assert read(text).position(pointer) == position


def test_a_value_has_no_positions():
    source = of({"a": [1]})
    assert source.document == {"a": [1]}
    assert source.position("/a/0") == (0, 0)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True), ("True", True), ("false", False), ("null", None), ("~", None), ("", None),
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("Off", "Off"), ("y", "y"),
        ("1", 1), ("-2.5e3", -2500.0), ("0", 0), ("1.0", 1.0),
        ("2020-01-01", "2020-01-01"), ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
        ("0x1F", "0x1F"), ("012", "012"), ("1_000", "1_000"), ("12:30", "12:30"), ("+1", "+1"),
        ("'1'", "1"), ('"true"', "true"), ("!!str 5", "5"), ("! 5", "5"),
        ("{% $states.input %}", DocumentError), ("'{% $states.input %}'", "{% $states.input %}"),
        ("|\n  a\n  b", "a\nb\n"), ("[1, [two], {three: 3}]", [1, ["two"], {"three": 3}]),
    ],
)  # fmt: skip
def test_words_of_yaml_are_what_json_has_or_text(written, value):
    text = f"x: {written}\n"
    if value is DocumentError:
        with pytest.raises(DocumentError):
            read(text)
    else:
        assert read(text).document == {"x": value}


@pytest.mark.parametrize("text", ["1: a\ntrue: b\n~: c\n2020-01-01: d\n", "'1': a\n? true\n: b\n"])
def test_keys_of_yaml_are_text(text):
    assert all(isinstance(key, str) for key in read(text).document)


def test_aliases_repeat_values():
    retry = "a: &retry\n  - {ErrorEquals: [States.ALL]}\nb: *retry\n"
    assert read(retry).document["b"] == [{"ErrorEquals": ["States.ALL"]}]


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)
DEEP_ALIASES = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 700))


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        ("", "SCHEMA_VALIDATION_FAILED", (0, 0)),
        (" \n", "SCHEMA_VALIDATION_FAILED", (0, 0)),
        ("[]", "SCHEMA_VALIDATION_FAILED", (0, 0)),
        ('"text"', "SCHEMA_VALIDATION_FAILED", (0, 0)),
        ("null", "SCHEMA_VALIDATION_FAILED", (0, 0)),
        ("# nothing\n", "INVALID_JSON_DESCRIPTION", (0, 0)),
        ("- a\n- b\n", "SCHEMA_VALIDATION_FAILED", (0, 0)),
        ("not a definition", "INVALID_JSON_DESCRIPTION", (1, 1)),
        ('{"a": }', "INVALID_JSON_DESCRIPTION", (1, 7)),
        ('{"a": 1', "INVALID_JSON_DESCRIPTION", (1, 8)),
        ('{\n "a": tru}', "INVALID_JSON_DESCRIPTION", (2, 7)),
        ("{a: 1}", "INVALID_JSON_DESCRIPTION", (1, 2)),
        ('{"a": 1} {"b": 2}', "INVALID_JSON_DESCRIPTION", (1, 10)),
        ('{"a": 1, "b": 2,\n "a": 3}', "INVALID_JSON_DESCRIPTION", (2, 2)),
        ('{"x": [{"a": 1, "\\u0061": 2}]}', "INVALID_JSON_DESCRIPTION", (1, 17)),
        ('{"a": NaN}', "INVALID_JSON_DESCRIPTION", (1, 7)),
        ('{"a": -Infinity}', "INVALID_JSON_DESCRIPTION", (1, 7)),
        ('{"a": 1e999}', "INVALID_JSON_DESCRIPTION", (1, 7)),
        ('{"a": ' + "1" * 9999 + "}", "INVALID_JSON_DESCRIPTION", (1, 7)),
        ('{"a": "\\ud800"}', "INVALID_JSON_DESCRIPTION", (1, 8)),
        ('{"a": "\ud800"}', "INVALID_JSON_DESCRIPTION", (1, 8)),
        ('{"a": "\x01"}', "INVALID_JSON_DESCRIPTION", (1, 8)),
        ('{"a": ' * 501 + "1" + "}" * 501, "TOO_DEEPLY_NESTED", (1, 3001)),
        ("[" * 500_000, "TOO_DEEPLY_NESTED", (1, 501)),
        ("- " * 300_000, "TOO_DEEPLY_NESTED", (1, 1001)),
        ("a: " + "[" * 550 + "]" * 550, "TOO_DEEPLY_NESTED", (1, 503)),
        ("a: " + "[" * 300_000, "INVALID_JSON_DESCRIPTION", (1, 1003)),
        ("a: 1\nb: 2\na: 3\n", "INVALID_JSON_DESCRIPTION", (3, 1)),
        ("a: [1, 2\n", "INVALID_JSON_DESCRIPTION", (2, 1)),
        ("a: b: c\n", "INVALID_JSON_DESCRIPTION", (1, 5)),
        ("a: .nan\n", "INVALID_JSON_DESCRIPTION", (1, 4)),
        ("a: -.inf\n", "INVALID_JSON_DESCRIPTION", (1, 4)),
        ("a: 1e999\n", "INVALID_JSON_DESCRIPTION", (1, 4)),
        ("a: " + "1" * 9999 + "\n", "INVALID_JSON_DESCRIPTION", (1, 4)),
        ("a: !!python/object/apply:os.getcwd []\n", "INVALID_JSON_DESCRIPTION", (1, 4)),
        ("a: !Ref Function\n", "INVALID_JSON_DESCRIPTION", (1, 4)),
        ("a: !!binary aGk=\n", "INVALID_JSON_DESCRIPTION", (1, 4)),
        ("a: !!set {x: }\n", "INVALID_JSON_DESCRIPTION", (1, 4)),
        ("a: &x {b: 1}\nc: {<<: *x}\n", "INVALID_JSON_DESCRIPTION", (2, 5)),
        ("a: *nothing\n", "INVALID_JSON_DESCRIPTION", (1, 4)),
        ("a: &a [*a]\n", "INVALID_JSON_DESCRIPTION", (1, 8)),
        ("? [1]\n: 2\n", "INVALID_JSON_DESCRIPTION", (1, 3)),
        ("a: &x b\n*x : c\n", "INVALID_JSON_DESCRIPTION", (2, 1)),
        ("a: b\n---\nc: d\n", "INVALID_JSON_DESCRIPTION", (2, 1)),
        ("a: \x00", "INVALID_JSON_DESCRIPTION", (0, 0)),
        (BOMB, "INVALID_JSON_DESCRIPTION", (0, 0)),
        (DEEP_ALIASES, "TOO_DEEPLY_NESTED", (500, 14)),
        ('{"a": "' + "x" * 1_048_576 + '"}', "SCHEMA_VALIDATION_FAILED", (0, 0)),
        ('{"a": "' + "é" * 600_000 + '"}', "SCHEMA_VALIDATION_FAILED", (0, 0)),
        ('"' + '\\"' * 500_000, "INVALID_JSON_DESCRIPTION", (1, 1_000_002)),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text, code, position):
    began = time.process_time()
    with pytest.raises(DefinitionError) as caught:
        read(text)
    first = caught.value.diagnostics[0]
    assert (first.code, (first.line, first.column)) == (code, position)
    assert first.severity == "ERROR"
    assert len(str(caught.value)) < 500
    assert time.process_time() - began < 5


def test_brackets_in_a_text_are_no_nesting():
    text = "a: |\n  " + "[" * 300 + "\nb: '" + "{" * 300 + "'\n"
    assert read(text).document["b"] == "{" * 300
    assert read(json.dumps({"a": "[" * 300})).document == {"a": "[" * 300}


def test_every_key_that_comes_twice_is_named():
    with pytest.raises(DocumentError) as caught:
        read('{"a": 1, "b": {"c/d": 1, "c/d": 2, "e": [{}, {"f": 1, "f": 2}]}, "a": 2}')
    assert [item.pointer for item in caught.value.diagnostics] == ["/b/c~1d", "/b/e/1/f", "/a"]


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)  # fmt: skip
documents = st.dictionaries(st.text(max_size=5), values, min_size=1)


def pointers(value, pointer=""):
    yield pointer, value
    items = (
        value
        if isinstance(value, dict)
        else dict(enumerate(value))
        if isinstance(value, list)
        else {}
    )
    for key, inner in items.items():
        yield from pointers(inner, join(pointer, key))


@settings(max_examples=50)
@given(documents)
def test_json_is_read_as_python_reads_it_and_every_value_is_found(document):
    text = json.dumps(document, indent=1)
    source = read(text)
    assert source.document == document
    lines = text.split("\n")
    for pointer, value in pointers(document):
        line, column = source.position(pointer)
        assert lines[line - 1][column - 1 :].startswith(json.dumps(value)[0])


plain = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8)
plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e300, 1e300) | plain,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(plain, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=50)
@given(st.dictionaries(plain, plain_values, min_size=1))
def test_json_is_the_same_when_it_is_read_as_yaml(document):
    assert read(f"# a comment\n{json.dumps(document, indent=1)}").document == document


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    for attempt in (text, "{" + text, "a: " + text, json.dumps({"a": text})):
        with suppress(DocumentError):
            assert isinstance(read(attempt).document, dict)


@given(st.lists(st.text()))
def test_pointers_keep_their_keys(keys):
    pointer = ""
    for key in keys:
        pointer = join(pointer, key)
    assert split(pointer) == keys


def test_the_room_offers_a_closed_list():
    assert sorted(asl.__all__) == [
        "Diagnostic", "DocumentError", "Source", "errors_of", "is_valid", "of", "read",
        "substitute", "validate",
    ]  # fmt: skip


# --- substitution -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("${A}", "1"),
        ("x${A}y${B_2}z", "x1ytwoz"),
        ("${A}${A}", "11"),
        ("$${A}", "${A}"),
        ("$${A} is ${A}", "${A} is 1"),
        ("$A {A} $ {A} ${}", "$A {A} $ {A} ${}"),
        ("${2A} ${A B} ${A", "${2A} ${A B} ${A"),
        ("{% ${'k': $states.input.a} %}", "{% ${'k': $states.input.a} %}"),
        ("{% $states.input.x & '${A}' %}", "{% $states.input.x & '1' %}"),
        ("$.path", "$.path"),
    ],
)
def test_names_in_texts_are_filled_in(text, filled):
    document = {"k": [text, {"${A}": text}], "n": 1, "e": {}}
    before = json.dumps(document)
    result = substitute(document, {"A": "1", "B_2": "two"})
    assert result == {"k": [filled, {"${A}": filled}], "n": 1, "e": {}}
    assert json.dumps(document) == before


def test_every_missing_name_is_named_with_its_place():
    with pytest.raises(DefinitionError) as caught:
        substitute({"a": ["${X}", "${Y}${Z}"], "b/c": "${X}", "d": "$${Q}"}, {"Z": ""})
    found = [(item.pointer, item.message.split("set ")[1]) for item in caught.value.diagnostics]
    assert found == [("/a/0", "X"), ("/a/1", "Y"), ("/b~1c", "X")]


def test_substitution_goes_as_deep_as_a_document_may():
    deep = "${A}"
    for _ in range(5000):
        deep = [deep]
    result = substitute(deep, {"A": "1"})
    for _ in range(5000):
        (result,) = result
    assert result == "1"
