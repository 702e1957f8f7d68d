"""JSONata as States Language has it: values, errors, AWS's functions, static checks."""

import json
import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from errors import BusinessProcessError
from expressions import jsonata_batch
from expressions.errors import QUERY_EVALUATION_ERROR, ExpressionError
from expressions.jsonata import UNDEFINED, JsonataError, check_for_states, compile  # noqa: A004


def draws(*numbers):
    left = list(numbers)
    return lambda: left.pop(0)


def value(text, *, states=True, chance=None, now=0.0, **variables):
    expression = compile(text, states=states)
    return expression.evaluate(bindings=variables, chance=chance or draws(), now=now)


def error(text, *, states=True, **variables):
    with pytest.raises(JsonataError) as raised:
        value(text, states=states, **variables)
    return raised.value


# --- values -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$states.input.a + 1", 2),
        ("$states.input.a / 2", 0.5),
        ("4 / 2", 2),
        ("$states.input.list[n > 1].n", [2, 3]),
        ("$states.input.list[n = 2].n", 2),
        ("$states.input.list[n = 2].n[]", [2]),
        ("$states.input.list.n", [1, 2, 3]),
        ("$states.input.list[-1].n", 3),
        ("$sum($states.input.list.n)", 6),
        ("$map($states.input.list, function($v) { $v.n * 2 })", [2, 4, 6]),
        ("$states.input.none", None),
        ('{"a": $states.input.none, "b": $states.input.missing}', {"a": None}),
        ('"x" & $states.input.a', "x1"),
        ("$states.input.list{$string(n): n}", {"1": 1, "2": 2, "3": 3}),
        ("$states.input.list^(>n).n", [3, 2, 1]),
        ("($x := $states.input.a; $x + $x)", 2),
        ("$states.input ~> |$|{'b': 2}, ['list', 'none']|", {"a": 1, "b": 2}),
        ("$replace('a1b22', /[0-9]+/, '-')", "a-b-"),
        ("$match('ab12', /([a-z])([0-9])/).groups", ["b", "1"]),
        ("$states.input.missing ?? 'default'", "default"),
        ("[1..3] ~> $count()", 3),
    ],
)
def test_an_expression_gives_a_json_value(text, expected):
    given = {"a": 1, "none": None, "list": [{"n": 1}, {"n": 2}, {"n": 3}]}
    result = compile(text, states=True).evaluate(bindings={"states": {"input": given}})
    assert result == expected
    assert json.loads(json.dumps(result)) == expected


@pytest.mark.parametrize("text", ["$states.input.b", "$nothing", "[][0]", "()", "$x.y.z"])
def test_nothing_is_told_from_null(text):
    assert value(text, x={"y": None}) is UNDEFINED
    assert value("$x.y", x={"y": None}) is None


def plain_types(result):
    if type(result) in (list, dict):
        inner = result if isinstance(result, list) else result.values()
        return all(map(plain_types, inner))
    return type(result) in (str, int, float, bool, type(None))


@pytest.mark.parametrize(
    "text",
    ["$a.b", "{'x': $a.b}", "[[$a.b], $a.b[]]", "$a.[b]", "$keys($a[0])", "$a.b^($)", "$a[0]"],
)
def test_results_are_pythons_own_types(text):
    assert plain_types(value(text, a=[{"b": 1}, {"b": 2.5}]))


@pytest.mark.parametrize("text", ["6 / 3", "1.0", "1e3", "$floor(2.5)", "$sum([0.5, 0.5])"])
def test_whole_numbers_are_ints(text):
    assert type(value(text)) is int


def test_values_are_not_copied():
    large = {"a": [1, 2, 3]}
    assert value("$x", x=large) is large
    assert value("{'kept': $x.a}", x=large)["kept"] is large["a"]


# --- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1 +", "S0207"),
        ("'a", "S0101"),
        ("'a' + 1", "T2001"),
        ("1 + 'a'", "T2002"),
        ("$foo()", "T1006"),
        ("$eval('1')", "T1006"),
        ("$length(1)", "T0410"),
        ("$sum(['a'])", "T0412"),
        ("$string(1/0)", "D3001"),
        ("1/0", "D1001"),
        ("0/0", "D1001"),
        ("$error('mine')", "D3137"),
        ("$sum", "U1004"),
        ("[$sum]", "U1004"),
        ("$contains('a', /(?=a)/)", "U1006"),
        (r"$contains('a', /(a)\1/)", "U1006"),
        ("$ + 1", "U1005"),
        ("$$.a", "U1005"),
    ],
)
def test_errors_keep_jsonatas_codes(text, code):
    problem = error(text)
    assert problem.code == code
    assert problem.error == QUERY_EVALUATION_ERROR
    assert isinstance(problem, ExpressionError)
    assert isinstance(problem, BusinessProcessError)
    assert problem.message
    assert str(problem).startswith(code)


def test_errors_say_where():
    assert error("  1 + 'a'").position == 4
    assert error("[1, 2").position == 5


# --- what AWS adds ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$partition([1,2,3,4,5], 2)", [[1, 2], [3, 4], [5]]),
        ("$partition([1,2,3], 2.9)", [[1, 2], [3]]),
        ("$partition([7], 2)", [[7]]),
        ("$exists($partition([], 2))", False),
        ("$exists($partition([1], 0))", False),
        ("$range(0, 10, 5)", [0, 5, 10]),
        ("$range(3, 1, -1)", [3, 2, 1]),
        ("$exists($range(1, 0, 1))", False),
        ("$exists($range(1, 2, 0))", False),
        ("$range(-1.7, 2, 1.5)", [-1, 0, 1, 2]),
        ("$range(5, 5, 1)", 5),
        ("$random(42)", 0.7275636800328681),
        ("$hash('a', 'MD5')", "0cc175b9c0f1b6a831c399e269772661"),
        ("$hash('a', 'SHA-1')", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
        ("$length($hash('é', 'SHA-256'))", 64),
        ("$length($hash('a', 'SHA-384'))", 96),
        ("$length($hash('a', 'SHA-512'))", 128),
        ("$parse('{\"a\": [1, null]}')", {"a": [1, None]}),
        ("$parse('null')", None),
        ("$random(7) = $random(7)", True),
        ("$random(7) = $random(8)", False),
    ],
)
def test_functions_of_step_functions(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "$hash('a', 'CRC32')",
        "$parse('{')",
        "$parse('NaN')",
    ],
)
def test_functions_of_step_functions_refuse_what_makes_no_sense(text):
    assert error(text).code == "D3137"


# --- time and chance --------------------------------------------------------------------------


def test_time_is_what_is_given():
    assert value("$millis()", now=1.5) == 1500
    assert value("$now()", now=0.0) == "1970-01-01T00:00:00.000Z"
    assert value("$now('[Y0001]', '+0100')", now=1_700_000_000.0) == "2023"


def test_chance_is_what_is_drawn():
    assert value("$random()", chance=draws(0.25)) == 0.25
    zeros = draws(*[0.0] * 16)
    assert value("$uuid()", chance=zeros) == "00000000-0000-4000-8000-000000000000"
    assert value("$shuffle([1,2,3])", chance=draws(0.0, 0.0)) == [2, 3, 1]


def test_the_same_draws_give_the_same_result():
    text = "[$random(), $uuid(), $now(), $shuffle([1..20])]"
    numbers = [math.modf(index * 0.618)[0] for index in range(100)]
    first = value(text, chance=draws(*numbers), now=5.0)
    assert value(text, chance=draws(*numbers), now=5.0) == first


def test_an_evaluation_may_be_given_no_chance():
    with pytest.raises(ExpressionError):
        compile("$random()").evaluate()


def test_threads_share_an_expression():
    expression = compile(
        "($f := function($n) { $n = 0 ? [] : $append($f($n - 1), $n + $x) }; $f(20))"
    )

    def evaluate(number):
        return expression.evaluate(bindings={"x": number})

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(evaluate, range(200)))
    assert results == [[n + number for n in range(1, 21)] for number in range(200)]


# --- checks without running -------------------------------------------------------------------


def test_usage_is_told_without_running():
    usage = check_for_states(
        "($a := $states.input.x; $b + $a + $sum($states.result[0].y) + $own($c) ~> $string())"
    )
    assert usage.variables == {"b", "c"}
    assert usage.states == {"input", "result"}
    assert usage.functions == {"own"}


def test_usage_of_the_whole_of_states():
    assert check_for_states("$states").states == {"*"}
    assert check_for_states("$map([1], function($v) { $v })").variables == frozenset()
    assert check_for_states("$eval('1')").functions == {"eval"}


@pytest.mark.parametrize("text", ["$", "$$", "$.a", "{'a': $}", "$map($, $f)", "$x + $$.y"])
def test_the_context_is_refused_at_the_top(text):
    with pytest.raises(JsonataError, match="U1005"):
        check_for_states(text)


@pytest.mark.parametrize("text", ["$x[$ > 1]", "$x.($ + 1)", "$x{$string($): $}", "$x^($)"])
def test_the_context_is_free_within_steps(text):
    check_for_states(text)
    assert value(text, x=[1, 2, 3]) is not UNDEFINED


# --- batches ----------------------------------------------------------------------------------


def test_one_bad_case_never_stops_a_batch():
    cases = [
        {"id": 1, "expr": "a", "data": {"a": 1}, "bindings": {}},
        {"id": 2, "expr": "a", "bindings": {}},
        {"id": 3, "expr": "a +"},
        {"id": 4},
        {"id": 5, "expr": "$x", "bindings": {"x": None}},
        {"id": 6, "expr": "($f := function() { $f() }; $f())"},
    ]
    assert [
        {key: item for key, item in jsonata_batch.run(case).items() if key != "message"}
        for case in cases
    ] == [
        {"id": 1, "result": 1},
        {"id": 2, "undefined": True},
        {"id": 3, "error": "S0207"},
        {"id": 4, "error": "INTERNAL"},
        {"id": 5, "result": None},
        {"id": 6, "error": "U1001"},
    ]
