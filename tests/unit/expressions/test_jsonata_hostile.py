"""Expressions written to run for ever or to fill the memory end by count, soon and by name."""

import json
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expressions.budget import Budget
from expressions.jsonata import UNDEFINED, JsonataError, compile  # noqa: A004
from expressions.jsonata.library import LIBRARY

GROW = "$f := function($v, $n) {{ $n = 0 ? $v : $f({}, $n - 1) }}; $f({}, {})"


def grow(step, start, rounds):
    return f"({GROW.format(step, start, rounds)})"


def repeat(body, of="1..100000", given="1"):
    return f"($s := {given}; $map([{of}], function($x) {{ {body} }}))"


LONG = "$pad('a', 1000000, 'a')"
HOSTILE = [
    ("($f := function($n) { $n + $f($n + 1) }; $f(1))", "U1001"),
    ("($f := function() { $f() }; $f())", "U1001"),
    ("($y := function($f) { $f($f) }; $y($y))", "U1001"),
    ("($f := function($n) { $map([1], function($x) { $f($n) }) }; $f(1))", "U1001"),
    ("($f := function($n) { $sort([2, 1], function($a, $b) { $f($n) }) }; $f(1))", "U1001"),
    ("($f := function($n) { [1].($f($n)) }; $f(1))", "U1001"),
    ("($f := function($n) { {'a': [1][$f($n)]} }; $f(1))", "U1001"),
    ("($f := function($n) { $replace('a', /a/, function() { $f($n) }) }; $f(1))", "U1001"),
    ("($f := function($n) { {'a': 1} ~> |$|{'b': $f($n)}| }; $f(1))", "U1001"),
    ("($e := '$eval($e)'; $eval($e))", "U1001"),
    ("[1..10000000]", "U1002"),
    ("[1..10000001]", "D2014"),
    ("[1..1000].[1..1000].[1..1000]", "U1002"),
    ("$pad('x', 1000000000)", "U1002"),
    ("$pad('x', -2147483648, 'ab')", "U1002"),
    (grow("$v & $v", "'aaaa'", 60), "U1002"),
    (grow("$join([$v, $v, $v])", "'aaaa'", 60), "U1002"),
    (grow("$append($v, $v)", "[1]", 60), "U1002"),
    (grow("[$v, $v]", "1", 60), "U1002"),
    (grow("{'a': $v, 'b': $v}", "1", 100), "U1001"),
    (f"$string({grow('[[$v]]', '1', 400)})", "U1001"),
    (grow("{'a': $v}", "1", 400), "U1001"),
    ("{'a': 1} ~> |$|{'self': $}|", "U1001"),
    ("$replace($pad('a', 1000000, 'a'), 'a', $pad('b', 1000, 'b'))", "U1002"),
    ("$replace($pad('a', 100000, 'a'), /a/, $pad('b', 1000, 'b'))", "U1002"),
    ("$formatInteger(1e300, 'I')", "U1002"),
    ("$range(1, 1e12, 1)", "U1002"),
    (repeat("$contains($s, 'b')", given=LONG), "U1001"),
    (repeat("$contains($s, /b/)", given=LONG), "U1001"),
    (repeat("$substringAfter($s, 'b')", given=LONG), "U1001"),
    (repeat("$s < $s", given="$pad('é', 1000000, 'é')"), "U1001"),
    (repeat("$uppercase($s)", given=LONG), "U1002"),
    ("($f := function($n) { ($formatNumber(1, '0.0'); $f($n + 1)) }; $f(1))", "U1001"),
    ("($f := function($n) { ($match('aaaaaa', /a/); $f($n + 1)) }; $f(1))", "U1001"),
    ("($f := function($n) { ($toMillis('1', '[Yw]' & $n); $f($n + 1)) }; $f(1))", "U1001"),
    ("($f := function($n) { ($eval('1+1+1+1+' & $n); $f($n + 1)) }; $f(1))", "U1001"),
    (repeat("$sum($s)", given="[1..100000]"), "U1001"),
    (repeat("99999 in $s", given="[1..100000]"), "U1001"),
    (repeat("$s[$s]", given="[1..300]"), "U1001"),
    (repeat("$distinct($s)", given="[1..100000]"), "U1002"),
    ("(" * 5000 + "1" + ")" * 5000, "U1003"),
    ("[" * 500 + "]" * 500, "U1003"),
    ("1" + "+1" * 20_000, "U1003"),
    ("a" + ".a" * 20_000, "U1003"),
    ("-" * 5000 + "1", "U1003"),
    ("$f(" * 3000, "U1003"),
    ("'" + "a" * 70_000 + "'", "U1003"),
]


def outcome(text, budget=None):
    try:
        compile(text).evaluate(budget=budget or Budget(), chance=lambda: 0.5)
    except JsonataError as error:
        return error.code
    return "a value"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(("text", "code"), HOSTILE, ids=lambda part: part[:50])
def test_hostile_expressions_end_by_name(text, code):
    assert outcome(text) == code


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        "$match('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', /^(a+)+$/)",
        "$contains($pad('a', 100000, 'a'), /(a*)*b/)",
        "$contains($pad('a', 100000, 'a'), /(a|aa|aaa){1,20}b/)",
        f"λ($a)<{'x?' * 60}>{{1}}({','.join(['1'] * 60)})",
        "$toMillis($pad('1', 5000, '1'), '[f][f][f][f][f][f][f][f][f][f][f][f][f]x')",
    ],
)
def test_patterns_take_linear_time(text):
    assert outcome(text) == "a value"


@pytest.mark.parametrize("text", [text for text, code in HOSTILE if code == "U1001"][:10])
def test_the_end_does_not_depend_on_the_stack_beneath(text):
    left = []
    for depth in (0, 250):
        budget = Budget()

        def descend(levels, spent=budget):
            return outcome(text, spent) if levels == 0 else descend(levels - 1, spent)

        assert descend(depth) == "U1001"
        left.append((budget.steps, budget.bytes))
    assert left[0] == left[1]


def test_the_end_is_the_same_in_a_thread():
    budgets = [Budget(), Budget()]
    text = HOSTILE[0][0]
    outcome(text, budgets[0])
    worker = threading.Thread(target=outcome, args=(text, budgets[1]))
    worker.start()
    worker.join()
    assert budgets[0].steps == budgets[1].steps


def test_the_recursion_limit_is_left_alone():
    before = sys.getrecursionlimit()
    outcome(HOSTILE[0][0])
    assert sys.getrecursionlimit() == before


def test_a_budget_is_spent():
    budget = Budget(steps=1_000, bytes=1_000)
    compile("[1..10].($ & '')").evaluate(budget=budget)
    assert budget.steps < 1_000
    assert budget.bytes < 1_000
    assert outcome("[1..1000].($ & '')", Budget(steps=1_000)) == "U1001"
    assert outcome("$pad('', 2000)", Budget(bytes=1_000)) == "U1002"


@pytest.mark.parametrize(
    "text",
    ["__class__", "$x.__class__", "$x.`__dict__`", "$lookup($x, '__class__')", "$x.keys", "$x.*"],
)
def test_no_attribute_of_python_is_reached(text):
    assert compile(text).evaluate(bindings={"x": {}}) is UNDEFINED


# --- random texts -----------------------------------------------------------------------------

VALUES = [
    "1", "-1", "0.5", "1e300", "'a'", "''", "null", "true", "[]", "{}", "[1,2,3]", "{'a':1}",
    "nothing", "$big", "$sum", "function($x){$x}", "1/0", "0/0", "'\\ud800'", "/a/", "$", "[null]",
]  # fmt: skip
SIGNS = [
    *"+-*/%=<>&.,;:?()[]{}|^@#~!$ ", ":=", "~>", "..", "**", "!=", "?:", "??", " in ", " and ",
    "function($a){", "$a", "a", "$states",
]  # fmt: skip
calls = st.builds(
    lambda name, values: f"${name}({','.join(values)})",
    st.sampled_from(sorted(LIBRARY)),
    st.lists(st.sampled_from(VALUES), max_size=4),
)
texts = st.one_of(
    st.text(max_size=30),
    st.lists(st.sampled_from(SIGNS + VALUES), max_size=20).map("".join),
    calls,
    st.tuples(calls, st.sampled_from(SIGNS), calls).map("".join),
)


@settings(max_examples=600, deadline=None)
@given(texts)
def test_any_text_gives_a_value_or_an_error_of_ours(text):
    budget = Budget(100_000, 500_000)
    try:
        result = compile(text).evaluate(
            {"a": [1, None]}, {"big": 10**400}, budget=budget, chance=lambda: 0.5
        )
    except JsonataError:
        return
    if result is not UNDEFINED:
        json.dumps(result, allow_nan=False)
