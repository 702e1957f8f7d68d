"""Random texts and values: only typed errors come out, and results equal a naive evaluator's.

The naive evaluator walks the same steps value by value, recursively and without any compiling.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from expressions import choices, intrinsics, jsonpath, templates
from expressions.budget import Budget
from expressions.errors import ExpressionError, ExpressionSyntaxError, ResultPathError
from expressions.moments import instant
from expressions.scope import Scope
from expressions.values import MISSING, identity, same, size

NAMES = ["a", "b", "c", "it's"]
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, 1.0, -0.0]),
    st.sampled_from(["", "a", "ab", "2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00", "{}"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=25,
)
any_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


def tree(depth: int) -> st.SearchStrategy[Any]:
    """Documents deep and full enough for long paths to find something in."""
    if depth == 0:
        return scalars
    inner = tree(depth - 1)
    members = st.fixed_dictionaries({"a": inner}, optional={"b": inner, "it's": inner})
    return st.one_of(members, st.lists(inner, min_size=1, max_size=3))


# --- a naive evaluator ------------------------------------------------------------------------

Step = tuple[Any, ...]


def naive(value: Any, steps: list[Step]) -> list[Any]:
    """All that steps find, one value after the other."""
    if not steps:
        return [value]
    return [found for inner in taken(value, steps[0]) for found in naive(inner, steps[1:])]


def taken(value: Any, step: Step) -> list[Any]:  # noqa: PLR0911 - a case after the other
    kind, *what = step
    if kind == "scan":
        inside = inner_containers(value)
        if what[0][0] == "filter":
            return [item for item in inside if passes(item, what[0][1])]
        return [found for item in inside for found in taken(item, what[0])]
    if kind == "filter":
        if isinstance(value, list):
            return [item for item in value if passes(item, what[0])]
        return [value] if isinstance(value, dict) and passes(value, what[0]) else []
    if isinstance(value, dict):
        keys = list(value) if kind == "all" else what if kind in ("key", "keys") else []
        return [value[key] for key in keys if key in value]
    if not isinstance(value, list):
        return []
    if kind == "slice":
        return value[what[0] : what[1]]
    numbers = range(len(value)) if kind == "all" else what if kind in ("index", "indexes") else []
    return [value[number] for number in numbers if -len(value) <= number < len(value)]


def inner_containers(value: Any) -> list[Any]:
    if not isinstance(value, dict | list):
        return []
    members = value.values() if isinstance(value, dict) else value
    return [value] + [found for member in members for found in inner_containers(member)]


def passes(value: Any, test: tuple[Any, ...]) -> bool:
    kind, *what = test
    if kind == "not":
        return not passes(value, what[0])
    if kind in ("&&", "||"):
        return (all if kind == "&&" else any)(passes(value, part) for part in what)
    found = naive(value, what[0])
    if kind == "exists":
        return bool(found)
    return related(found[0] if found else MISSING, what[1], what[2])


def related(left: Any, sign: str, right: Any) -> bool:
    equal = left is not MISSING and canonical(left) == canonical(right)
    if sign in ("==", "!="):
        return equal is (sign == "==")
    numbers = all(type(side) in (int, float) for side in (left, right))
    if not numbers and not (isinstance(left, str) and isinstance(right, str)):
        return False
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign]


def canonical(value: Any) -> Any:
    """Text that is alike for equal values: 1 for 1.0 and -0.0 as 0, true unlike 1."""
    if isinstance(value, dict):
        return {key: canonical(item) for key, item in sorted(value.items())}, "object"
    if isinstance(value, list):
        return [canonical(item) for item in value], "list"
    return (value, "truth") if isinstance(value, bool) else (value, "other")


# --- paths as steps, and their texts ----------------------------------------------------------

names = st.sampled_from(NAMES)
numbers = st.integers(-3, 3)
simple = st.one_of(
    st.tuples(st.just("key"), names),
    st.tuples(st.just("index"), numbers),
)
many = st.one_of(
    st.just(("all",)),
    st.just(("all",)),
    st.tuples(st.just("slice"), st.none() | numbers, st.none() | numbers),
    st.tuples(st.just("keys"), names, names),
    st.tuples(st.just("indexes"), numbers, numbers, numbers),
)
comparison = st.tuples(
    st.just("compare"),
    st.lists(simple, max_size=2),
    st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
    st.one_of(st.none(), st.booleans(), numbers, st.sampled_from(["a", "ab", "it's", 0.5])),
)
exists = st.tuples(st.just("exists"), st.lists(st.one_of(simple, many), max_size=3))
tests = st.recursive(
    st.one_of(comparison, exists),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["&&", "||"]), inner, inner),
    ),
    max_leaves=4,
)
filters = st.tuples(st.just("filter"), tests)
plain = st.one_of(simple, simple, many, filters)
paths = st.lists(st.one_of(plain, plain, st.tuples(st.just("scan"), plain)), max_size=5)


def quoted(name: str) -> str:
    return "'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"


def text_of(steps: list[Step]) -> str:
    return "".join(step_text(step) for step in steps)


def step_text(step: Step) -> str:
    kind, *what = step
    if kind == "scan":
        return ".." + step_text(what[0])
    if kind == "filter":
        return f"[?({test_text(what[0])})]"
    if kind == "slice":
        return "[" + ":".join("" if end is None else str(end) for end in what) + "]"
    items = [quoted(item) if isinstance(item, str) else str(item) for item in what]
    return f"[{','.join(items) if items else '*'}]"


def test_text(test: tuple[Any, ...]) -> str:
    kind, *what = test
    if kind == "not":
        return f"!({test_text(what[0])})"
    if kind in ("&&", "||"):
        return f" {kind} ".join(f"({test_text(part)})" for part in what)
    left = "@" + text_of(what[0])
    if kind == "exists":
        return left
    right = quoted(what[2]) if isinstance(what[2], str) else json.dumps(what[2])
    return f"{left} {what[1]} {right}"


test_text.__test__ = False  # type: ignore[attr-defined]


@settings(max_examples=150)
@given(st.one_of(values, tree(3), tree(4)), paths)
def test_compiled_paths_find_what_the_naive_evaluator_finds(value, steps):
    before = copy.deepcopy(value)
    path = jsonpath.compile("$" + text_of(steps))
    found = path.read(value)
    expected = naive(value, steps)
    assert path.definite == all(step[0] in ("key", "index") for step in steps)
    if path.definite:
        expected = expected[0] if expected else MISSING
    assert repr(found) == repr(expected)
    assert repr(path.get(Scope(value))) == repr(expected)
    assert repr(value) == repr(before)


@settings(max_examples=100)
@given(values, st.lists(st.one_of(st.tuples(st.just("key"), names), simple), max_size=4), values)
def test_what_is_written_is_read_again_and_the_rest_is_as_it_was(document, steps, new):
    path = jsonpath.compile("$" + text_of(steps))
    before = copy.deepcopy(document)
    try:
        written = path.write(document, new)
    except ResultPathError:
        assert naive(document, steps) == []
    else:
        assert path.read(written) is new
        if path.read(document) is not MISSING:
            assert repr(path.write(written, path.read(document))) == repr(before)
    assert repr(document) == repr(before)


@given(values, values)
def test_equality_is_that_of_json(left, right):
    equal = canonical(left) == canonical(right)
    assert same(left, right, Budget()) is equal
    assert (identity(left, Budget()) == identity(right, Budget())) is equal
    assert same(left, copy.deepcopy(left), Budget())


@given(any_json.filter(lambda value: "NaN" not in repr(value)))
def test_the_measured_size_is_a_lower_bound(value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert size(value) <= len(text) * 3 // 2 + 3


# --- templates and rules against naive ones ---------------------------------------------------

CONTEXT = {"a": {"b": 1}, "c": [1, 2]}
VARIABLES = {"v": {"a": "x"}, "w": None}
sources = st.sampled_from(["$.a", "$.b.a", "$.a[0]", "$$.a.b", "$v.a", "$w", "$.a[*]", "$", "$..a"])
template_values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(names, inner, max_size=3),
        st.dictionaries(names.map(lambda name: f"{name}x.$"), sources, max_size=3),
    ),
    max_leaves=15,
)


def fill(template: Any, scope: Scope) -> Any:
    if isinstance(template, list):
        return [fill(item, scope) for item in template]
    if not isinstance(template, dict):
        return template
    filled = {}
    for key, item in template.items():
        if key.endswith(".$"):
            found = jsonpath.compile(item).get(scope)
            if found is MISSING:
                raise LookupError(item)
            filled[key[:-2]] = found
        else:
            filled[key] = fill(item, scope)
    return filled


def outcome(function, *arguments):
    try:
        return "value", repr(function(*arguments))
    except (LookupError, ExpressionError):
        return ("error",)


@given(template_values, values)
def test_templates_are_filled_as_the_naive_way_does(template, document):
    scope = Scope(document, CONTEXT, VARIABLES)
    assert templates.problems(template) == []
    compiled = templates.compile(template)
    assert outcome(compiled.fill, scope) == outcome(fill, template, scope)


ORDERS = {
    "Equals": "==",
    "LessThan": "<",
    "GreaterThan": ">",
    "LessThanEquals": "<=",
    "GreaterThanEquals": ">=",
}
rule_paths = st.sampled_from(["$", "$.a", "$.b", "$.a.b", "$.c[0]", "$$.a.b", "$v.a"])
rules = st.recursive(
    st.one_of(
        st.builds(
            lambda path, order, operand: {"Variable": path, f"Numeric{order}": operand},
            rule_paths, st.sampled_from(list(ORDERS)), numbers,
        ),
        st.builds(
            lambda path, order, operand: {"Variable": path, f"String{order}Path": operand},
            rule_paths, st.sampled_from(list(ORDERS)), rule_paths,
        ),
        st.builds(
            lambda path, order: {"Variable": path, f"Timestamp{order}": "2024-01-01T00:00:00.0Z"},
            rule_paths, st.sampled_from(list(ORDERS)),
        ),
        st.builds(
            lambda path, name, wanted: {"Variable": path, name: wanted},
            rule_paths,
            st.sampled_from(["IsPresent", "IsNull", "IsNumeric", "IsString", "IsBoolean"]),
            st.booleans(),
        ),
    ),
    lambda inner: st.one_of(
        st.builds(lambda part: {"Not": part}, inner),
        st.builds(
            lambda word, parts: {word: parts},
            st.sampled_from(["And", "Or"]), st.lists(inner, min_size=1, max_size=3),
        ),
    ),
    max_leaves=6,
)  # fmt: skip


def naive_holds(rule: dict[str, Any], scope: Scope) -> bool:  # noqa: C901, PLR0911 - as above
    if "Not" in rule:
        return not naive_holds(rule["Not"], scope)
    if "And" in rule:
        return all(naive_holds(part, scope) for part in rule["And"])
    if "Or" in rule:
        return any(naive_holds(part, scope) for part in rule["Or"])
    (_, path), (name, operand) = rule.items()
    value = jsonpath.compile(path).get(scope)
    if name == "IsPresent":
        return (value is not MISSING) is operand
    if value is MISSING:
        raise LookupError(path)
    kinds = {"IsNull": type(None), "IsNumeric": (int, float), "IsString": str, "IsBoolean": bool}
    if name in kinds:
        is_kind = isinstance(value, kinds[name])
        return (is_kind and not (name == "IsNumeric" and isinstance(value, bool))) is operand
    if name.endswith("Path"):
        operand = jsonpath.compile(operand).get(scope)
        if operand is MISSING:
            raise LookupError(path)
        name = name[:-4]
    kind = next(kind for kind in ("Numeric", "String", "Timestamp") if name.startswith(kind))
    sign = ORDERS[name[len(kind) :]]
    if kind == "Timestamp":
        value = instant(value)
        return value is not None and related(value, sign, instant(operand))
    if any(isinstance(side, str) is (kind == "Numeric") for side in (value, operand)):
        return False
    return not isinstance(value, dict | list | bool | None) and related(value, sign, operand)


@settings(max_examples=100)
@given(rules, values)
def test_rules_hold_as_the_naive_way_says(rule, document):
    scope = Scope(document, CONTEXT, VARIABLES)
    assert choices.problems(rule) == []
    assert outcome(choices.compile(rule), scope) == outcome(naive_holds, rule, scope)


# --- noise ------------------------------------------------------------------------------------

pieces = st.sampled_from(
    [
        "$",
        "$$",
        "$v",
        "@",
        ".",
        "..",
        "[",
        "]",
        "(",
        ")",
        "?",
        "*",
        "'",
        '"',
        "\\",
        ",",
        ":",
        "!",
        "a",
        "b",
        "[?(",
        ")]",
        "==",
        "!=",
        "=~",
        "/a*/",
        "/(/i",
        " in ",
        " size ",
        " empty ",
        "true",
        "1",
        "-1",
        "0.5",
        "1e999",
        "null",
        "[0]",
        "['a']",
        ".length()",
        ".max()",
        "index(",
        "&&",
        "||",
        "<",
        " ",
        "States.",
        "Format(",
        "'{}'",
        "Array(",
        "StringToJson('",
        "MathAdd(",
        "UUID()",
        "ArrayRange(",
        "'[1,'",
        "Hash(",
        "'MD5'",
        "\\{",
        "�",
        "é",
        "\n",
        "{",
        "}",
        " subsetof ",
        "Base64Decode(",
    ]
)
noise = st.one_of(st.text(max_size=40), st.lists(pieces, max_size=25).map("".join))


def repr_of(value: Any) -> str:
    """A value's text, where Python will write its numbers."""
    try:
        return json.dumps(value)
    except ValueError:
        return ""


def named(error: ExpressionError) -> None:
    assert error.error.startswith("States.")
    assert str(error)


@settings(max_examples=200)
@given(noise, st.one_of(values, any_json))
@example("$[?(@.a =~ /" + "(" * 500, {})
@example("States.Array(" * 500, {})
def test_random_texts_raise_nothing_but_typed_errors(text, document):
    for prefix in ("", "$", "$.a[?(@", "States.Array("):
        scope = Scope(document, CONTEXT, VARIABLES, chance=lambda: 0.5)
        for compiler in (jsonpath.compile, intrinsics.compile):
            try:
                compiled = compiler(prefix + text)
            except ExpressionSyntaxError:
                continue
            try:
                compiled.need(scope)
            except ExpressionError as error:
                named(error)
        jsonpath.problems(prefix + text)
        intrinsics.check(prefix + text)


oddities = st.one_of(
    scalars,
    st.sampled_from([float("inf"), float("-inf"), 1e308, 2**53, 2.0**53, 10**400, -(10**5_000)]),
    st.sampled_from(["\ud800", "x" * 10_001, "[" * 300, "1" * 5_000, "\x00", "1e999", "NaN"]),
)
odd = st.dictionaries(st.sampled_from(["a", "b"]), st.one_of(oddities, st.lists(oddities)))

functions = st.sampled_from(sorted(intrinsics.FUNCTIONS))
arguments = st.sampled_from(
    [
        "$",
        "$.a",
        "$.b",
        "$v",
        "$$",
        "1",
        "0",
        "-7.5",
        "2147483647",
        "null",
        "true",
        "false",
        "''",
        "','",
        "'MD5'",
        "'{}'",
        "'[1]'",
        "'YQ=='",
        "$.a[*]",
        "States.Array()",
        "States.Array($, 1)",
    ]
)


@settings(max_examples=200)
@given(functions, st.lists(arguments, max_size=3), st.one_of(values, odd, any_json))
def test_random_calls_give_json_or_typed_errors(name, given_arguments, document):
    scope = Scope(document, CONTEXT, VARIABLES, chance=lambda: 0.5)
    text = f"States.{name}({', '.join(given_arguments)})"
    try:
        repr_of(intrinsics.compile(text).need(scope))
    except ExpressionSyntaxError:
        assert intrinsics.check(text)
    except ExpressionError as error:
        named(error)


@given(st.one_of(any_json, rules), any_json)
def test_random_rules_and_templates_raise_nothing_but_typed_errors(definition, document):
    scope = Scope(document)
    for problems, compiler in (
        (choices.problems, choices.compile),
        (templates.problems, lambda value: templates.compile(value).fill),
    ):
        found = problems(definition)
        try:
            compiled = compiler(definition)
        except ExpressionSyntaxError:
            assert found
        else:
            assert not found
            outcome(compiled, scope)
