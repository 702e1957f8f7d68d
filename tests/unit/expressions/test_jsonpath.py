"""Paths: what each form finds, table by table; writing; what is refused."""

from __future__ import annotations

import pytest

from expressions import jsonpath
from expressions.budget import Budget
from expressions.errors import (
    RESULT_PATH_MATCH_FAILURE,
    RUNTIME,
    BudgetError,
    ExpressionSyntaxError,
    MissingPathError,
    ResultPathError,
)
from expressions.scope import Scope
from expressions.values import MISSING

BOOKS = [
    {"title": "Alpha", "price": 8.5, "tags": ["old", "red"], "year": 1997},
    {"title": "beta", "price": 12, "tags": [], "isbn": "0-1", "year": 1998},
    {"title": "Gamma", "price": 8, "tags": ["red"], "isbn": "0-2", "year": 1997},
]
DATA = {
    "a": {"b": {"c": 1}, "d": [10, 20, 30, 40]},
    "books": BOOKS,
    "null": None,
    "zero": 0,
    "text": "hello",
    "empty": [],
    "it's": "quote",
    'say "x"': "double",
    "back\\slash": "slash",
    "a key": "blank",
    "a.b": "dot",
    "ключ": "unicode",
    "1st": "digit",
    "a-b": "dash",
    "@type": "at",
    "line\nend": "control",
    "nested": [[1, [2]], {"price": 3, "in": {"price": 4}}],
    "limit": 10,
}


def read(text, value=DATA):
    return jsonpath.compile(text).read(value)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$", DATA),
        ("$.a.b.c", 1),
        ("$.a['b'].c", 1),
        ('$["a"]["b"]["c"]', 1),
        ("$[ 'a' ].b", {"c": 1}),
        ("$.['a'].b.c", 1),
        ("$.a.d[0]", 10),
        ("$.a.d[ 3 ]", 40),
        ("$.a.d[-1]", 40),
        ("$.a.d[-4]", 10),
        ("$.null", None),
        ("$.zero", 0),
        ("$.ключ", "unicode"),
        ("$.1st", "digit"),
        ("$.a-b", "dash"),
        ("$.@type", "at"),
        ("$.text ", "hello"),
    ],
)
def test_a_definite_path_gives_the_value(text, found):
    assert jsonpath.compile(text).definite
    assert read(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "$.nothing",
        "$.a.nothing.c",
        "$.null.x",
        "$.text.x",
        "$.text[0]",
        "$.zero[0]",
        "$.a[0]",
        "$.a.d.x",
        "$.a.d[4]",
        "$.a.d[-5]",
        "$.a.d['0']",
        "$.books.title",
        "$.empty[0]",
    ],
)
def test_a_definite_path_without_a_match_is_missing(text):
    assert read(text) is MISSING


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"$['it\'s']", "quote"),
        ('$["it\'s"]', "quote"),
        ("$['say \"x\"']", "double"),
        (r'$["say \"x\""]', "double"),
        (r"$['back\\slash']", "slash"),
        ("$['a key']", "blank"),
        ("$['a.b']", "dot"),
        (r"$['\u043a\u043b\u044e\u0447']", "unicode"),
        (r"$['line\nend']", "control"),
    ],
)
def test_escapes_in_brackets_name_any_key(text, found):
    """[rec] Keys with quotes and backslashes can be addressed with escapes."""
    assert read(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "$.items[*]",
        "$[*]",
        "$.items[1:]",
        "$.item.items[1:5].x",
        "$..x",
        "$.x[?(@.y)]",
        "$['x','y']",
        "$.x[0,1]",
        "$.*",
    ],
)
def test_an_indefinite_path_without_a_match_is_an_empty_list(text):
    """[rec] `$.items[*]`, `$[*]`, `$.items[1:]`, `$.item.items[1:5].x` on `{}` all give `[]`."""
    assert not jsonpath.compile(text).definite
    assert read(text, {}) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$.a.d[*]", [10, 20, 30, 40]),
        ("$.a.b.*", [1]),
        ("$.a.*.c", [1]),
        ("$.books[*].title", ["Alpha", "beta", "Gamma"]),
        ("$.books[*].isbn", ["0-1", "0-2"]),
        ("$.books[*].tags[0]", ["old", "red"]),
        ("$.text.*", []),
        ("$.a.d[1:3]", [20, 30]),
        ("$.a.d[1:]", [20, 30, 40]),
        ("$.a.d[:2]", [10, 20]),
        ("$.a.d[-2:]", [30, 40]),
        ("$.a.d[:-1]", [10, 20, 30]),
        ("$.a.d[2:99]", [30, 40]),
        ("$.a.d[3:1]", []),
        ("$.a.d[ 1 : 2 ]", [20]),
        ("$.a.d[0,2]", [10, 30]),
        ("$.a.d[ -1 , 0, 9 ]", [40, 10]),
        ("$.a['d','b']", [[10, 20, 30, 40], {"c": 1}]),
        ("$.books[0:2]['title', 'isbn']", ["Alpha", "beta", "0-1"]),
        ("$.a.b[0:1]", []),
    ],
)
def test_wildcards_slices_and_unions_give_lists(text, found):
    assert read(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$..price", [8.5, 12, 8, 3, 4]),
        ("$..in.price", [4]),
        ("$.nested..[0]", [[1, [2]], 1, 2]),
        ("$.nested[0]..*", [1, [2], 2]),
        ("$.nested..['price']", [3, 4]),
        ("$.nested..[?(@.price > 3)]", [{"price": 4}]),
        ("$.text..x", []),
        ("$..b..c", [1]),
    ],
)
def test_a_deep_scan_goes_outside_in_and_in_order(text, found):
    assert read(text) == found


@pytest.mark.parametrize(
    ("test", "titles"),
    [
        ("@.year == 1997", ["Alpha", "Gamma"]),
        ("1997 == @.year", ["Alpha", "Gamma"]),
        ("@.year != 1997", ["beta"]),
        ("@.year == 1997.0", ["Alpha", "Gamma"]),
        ("@.year == '1997'", []),
        ("@.price < 8.5", ["Gamma"]),
        ("@.price <= 8.5", ["Alpha", "Gamma"]),
        ("@.price > 8.5", ["beta"]),
        ("@.price >= 8.5", ["Alpha", "beta"]),
        ("@.price > -1e3", ["Alpha", "beta", "Gamma"]),
        ("@.title < 'a'", ["Alpha", "Gamma"]),
        ("@.title < 3", []),
        ("@.isbn", ["beta", "Gamma"]),
        ("!@.isbn", ["Alpha"]),
        ("!(@.isbn || @.year == 1998)", ["Alpha"]),
        ("@.isbn && @.year == 1997", ["Gamma"]),
        ("@.year == 1998 || @.price == 8 && @.isbn == '0-2'", ["beta", "Gamma"]),
        ("(@.year == 1998 || @.price == 8) && @.isbn == '0-2'", ["Gamma"]),
        ("@.isbn == null", []),
        ("@.isbn != 'x'", ["Alpha", "beta", "Gamma"]),
        ("@['title'] == \"beta\"", ["beta"]),
        ("@.tags[0] == 'red'", ["Gamma"]),
        ("@.tags[*]", ["Alpha", "Gamma"]),
        ("@.title =~ /.*a/", ["Alpha", "beta", "Gamma"]),
        ("@.title =~ /[A-Z].*/", ["Alpha", "Gamma"]),
        ("@.title =~ /BETA/i", ["beta"]),
        ("@.title =~ /et/", []),
        ("@.isbn =~ /0\\-2/", ["Gamma"]),
        ("@.tags =~ /r.d/", ["Alpha", "Gamma"]),
        ("@.year =~ /1997/", []),
        ("/Alpha/ =~ @.title", ["Alpha"]),
        ("@.title in ['beta', 'x', 1, null]", ["beta"]),
        ("@.title in []", []),
        ("@.title nin ['beta']", ["Alpha", "Gamma"]),
        ("@.isbn nin ['0-1']", ["Alpha", "Gamma"]),
        ("'red' in @.tags", ["Alpha", "Gamma"]),
        ("@.tags subsetof ['red', 'blue']", ["beta", "Gamma"]),
        ("@.tags anyof ['old', 'blue']", ["Alpha"]),
        ("@.tags noneof ['old']", ["beta", "Gamma"]),
        ("@.tags contains 'old'", ["Alpha"]),
        ("@.title contains 'mm'", ["Gamma"]),
        ("@.tags all ['old', 'red']", ["Alpha"]),
        ("@.tags size 2", ["Alpha"]),
        ("@.title size 4", ["beta"]),
        ("@.tags SIZE 0", ["beta"]),
        ("@.tags empty true", ["beta"]),
        ("@.tags empty false", ["Alpha", "Gamma"]),
        ("@.tags.length() > 0", ["Alpha", "Gamma"]),
        ("@.length() == 4", ["Alpha"]),
        ("@.price < $.limit", ["Alpha", "Gamma"]),
        ("@.tags == ['red']", ["Gamma"]),
        ("@.price == true", []),
    ],
)
def test_filters_keep_the_elements_that_pass(test, titles):
    """[rec] Filters may be applied to an array and keep order."""
    assert read(f"$.books[?({test})].title") == titles
    assert read(f"$.books[ ? ( {test} ) ]['title']") == titles


def test_a_filter_on_an_array_at_the_root_keeps_order():
    """[rec] `$.users[?(@.year == 1997)]`."""
    assert read("$[?(@.year == 1997)]", BOOKS) == [BOOKS[0], BOOKS[2]]


def test_a_filter_tests_scalars_and_an_object_by_itself():
    assert read("$.a.d[?(@ > 15)]") == [20, 30, 40]
    assert read("$.a.b[?(@.c == 1)]") == [{"c": 1}]
    assert read("$.text[?(@ == 'hello')]") == []


def test_true_is_not_one_in_filters():
    values = [{"x": 1}, {"x": True}, {"x": 0}, {"x": False}]
    assert read("$[?(@.x == 1)]", values) == [{"x": 1}]
    assert read("$[?(@.x == false)]", values) == [{"x": False}]
    assert read("$[?(@.x in [true])]", values) == [{"x": True}]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$.books.length()", 3),
        ("$.a.length()", 2),
        ("$.length()", len(DATA)),
        ("$.text.length()", None),
        ("$.books[?(@.year == 1997)].length()", 2),
        ("$..price.max()", 12.0),
        ("$.books[*].price.min()", 8.0),
        ("$.a.d.sum()", 100.0),
        ("$.a.d.avg()", 25.0),
        ("$.a.d.stddev()", pytest.approx(11.18, abs=0.01)),
        ("$.a.keys()", ["b", "d"]),
        ("$.a.d.first()", 10),
        ("$.a.d.last()", 40),
        ("$.a.d.index(-2)", 30),
        ("$.empty.max()", MISSING),
        ("$.nothing.length()", MISSING),
        ("$.text.keys()", MISSING),
        ("$.empty.first()", MISSING),
    ],
)
def test_a_function_at_the_end_takes_all_that_was_found(text, found):
    assert jsonpath.compile(text).definite
    assert read(text) == found if found is not MISSING else read(text) is MISSING


def test_members_come_in_the_order_of_the_document():
    assert read("$.*", {"z": 1, "a": 2, "m": 3}) == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$$", {"State": {"Name": "S"}, "Map": {"Item": {"Value": [7]}}}),
        ("$$.State.Name", "S"),
        ("$$.Map.Item.Value[0]", 7),
        ("$$.Map.*.Value", [[7]]),
        ("$rows", [{"x": 1}, {"x": 2}]),
        ("$rows[1].x", 2),
        ("$rows[*].x", [1, 2]),
        ("$rows[?(@.x > $[0].x)]", [{"x": 2}]),
        ("$_n1", None),
        ("$.rows", "input"),
    ],
)
def test_roots_are_the_input_the_context_and_variables(text, found):
    context = {"State": {"Name": "S"}, "Map": {"Item": {"Value": [7]}}}
    scope = Scope({"rows": "input"}, context, {"rows": [{"x": 1}, {"x": 2}], "_n1": None})
    assert jsonpath.compile(text).need(scope) == found
    assert jsonpath.compile(text).get(scope) == found


@pytest.mark.parametrize(
    "text",
    [
        "$.x",
        "$.x.y",
        "$.a.x",
        "$.a.b.x",
        "$.a.d[9]",
        "$.text[0]",
        "$$.x",
        "$$[0]",
        "$x",
        "$x.y",
        "$x[0]",
        "$v.x",
        "$.a.x.length()",
    ],
)
def test_what_a_definite_path_needs_and_does_not_find_is_a_runtime_error(text):
    """[rec] A definite path without a match gives States.Runtime."""
    path = jsonpath.compile(text)
    scope = Scope(DATA, {}, {"v": {}})
    assert path.get(scope) is MISSING
    with pytest.raises(MissingPathError) as raised:
        path.need(scope)
    assert raised.value.error == RUNTIME
    assert raised.value.path == text


def test_an_indefinite_path_of_an_unknown_variable_is_missing_too():
    assert jsonpath.compile("$x[*]").get(Scope({})) is MISSING


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (r"$.store\.book", "store.book"),
        (r"$.\stor\e", "store"),
        (r"$.foo\@bar\[\[", "foo@bar[["),
        (r"$.\?pretty", "?pretty"),
        (r"$.\ ", " "),
        ("$.&Ж中", "&Ж中"),
        (r"$.\uD800\uDF46", "\U00010346"),
        (r"$['\uD800\uDF46']", "\U00010346"),
        (r"$.\u0041", "A"),
        ("$.a:b", "a:b"),
    ],
)
def test_escapes_in_names_after_a_dot(text, key):
    """The ASL specification's own examples of reference paths."""
    assert read(text, {key: 1}) == 1
    assert jsonpath.compile(text).write({}, 2) == {key: 2}


ODD = [None, True, float("inf"), float("nan"), 10**400, -(10**5_000), "\ud800", "x", [10**400], {}]


@pytest.mark.parametrize(
    "word", ["==", "<", ">=", "in", "subsetof", "all", "contains", "size", "empty"]
)
def test_operators_take_whatever_python_reads_as_json(word):
    path = jsonpath.compile(f"$[?(@.a {word} @.b)]")
    for left in ODD:
        for right in ODD:
            pair = {"a": left, "b": right}
            assert path.read([pair]) in ([pair], [])
            assert path.read([{"a": [left], "b": [right]}]) is not None


def test_sums_beyond_doubles_are_missing():
    assert read("$.sum()", [1e308, 1e308]) is MISSING
    assert read("$.max()", [10**400]) is MISSING
    assert read("$.stddev()", [1e200, -1e200]) is MISSING


# --- references to large values ---------------------------------------------------------------


def test_references_are_looked_into_on_the_way_and_passed_on_at_the_end():
    stored = {"big": {"x": {"ref": "list"}}, "list": [{"y": 1}, {"ref": "item"}], "item": {"y": 2}}

    def content(value):
        return stored[value["ref"]] if isinstance(value, dict) and "ref" in value else value

    scope = Scope({"in": {"ref": "big"}}, content=content)
    cases = {
        "$.in": {"ref": "big"},
        "$.in.x": {"ref": "list"},
        "$.in.x[0].y": 1,
        "$.in.x[*]": [{"y": 1}, {"ref": "item"}],
        "$.in.x[*].y": [1, 2],
        "$.in.x[?(@.y == 2)]": [{"ref": "item"}],
        "$..y": [1, 2],
        "$.in.x.length()": 2,
    }
    for text, found in cases.items():
        assert jsonpath.compile(text).need(scope) == found
    whole = jsonpath.compile("$.in.z").write({"in": {"ref": "big"}}, 5, content)
    assert whole == {"in": {"x": {"ref": "list"}, "z": 5}}


# --- writing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "document", "written"),
    [
        ("$", {"a": 1}, "new"),
        ("$.a", {"a": 1, "b": 2}, {"a": "new", "b": 2}),
        ("$.c", {"a": 1}, {"a": 1, "c": "new"}),
        ("$.a.b.c", {}, {"a": {"b": {"c": "new"}}}),
        ("$['it\\'s'].x", {}, {"it's": {"x": "new"}}),
        ("$.l[1].x", {"l": [0, {"y": 1}]}, {"l": [0, {"y": 1, "x": "new"}]}),
        ("$.l[-1]", {"l": [0, 1]}, {"l": [0, "new"]}),
        ("$[0]", [1, 2], ["new", 2]),
    ],
)
def test_result_paths_replace_and_create(text, document, written):
    before = repr(document)
    assert jsonpath.compile(text).write(document, "new") == written
    assert repr(document) == before


def test_writing_shares_what_is_not_on_the_way():
    document = {"a": {"x": 1}, "b": {"y": [1, 2]}}
    written = jsonpath.compile("$.a.x").write(document, 2)
    assert written["b"] is document["b"]
    assert written["a"] is not document["a"]


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("$.a", [1]),
        ("$.a", "text"),
        ("$.a", None),
        ("$.a.b", {"a": 1}),
        ("$.a.b", {"a": None}),
        ("$.a.b", {"a": [1]}),
        ("$.a[0]", {}),
        ("$.a[0]", {"a": []}),
        ("$.a[1]", {"a": [0]}),
        ("$.a[-2]", {"a": [0]}),
        ("$.a[0]", {"a": {"0": 1}}),
        ("$.a[0]", {"a": "text"}),
    ],
)
def test_a_result_path_that_cannot_be_applied_is_a_match_failure(text, document):
    with pytest.raises(ResultPathError) as raised:
        jsonpath.compile(text).write(document, 1)
    assert raised.value.error == RESULT_PATH_MATCH_FAILURE


@pytest.mark.parametrize("text", ["$$.a", "$v", "$.a[*]", "$..a", "$.a[0:1]", "$['a','b']"])
def test_only_reference_paths_from_the_input_are_result_paths(text):
    assert jsonpath.problems(text, result=True)
    with pytest.raises(ExpressionSyntaxError):
        jsonpath.compile(text).write({}, 1)


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a.b",
        " $.a",
        "@.a",
        "$.",
        "$..",
        "$.a.",
        "$[",
        "$[]",
        "$['a",
        "$['a'",
        "$.a b",
        "$.a\\",
        "$a-b",
        "$1",
        "$.a[b]",
        "$.a[1:2:3]",
        "$.a[::2]",
        "$[?]",
        "$[?()]",
        "$[?(@.x]",
        "$[?(1)]",
        "$[?(@.x ==)]",
        "$[?(@.x = 1)]",
        "$[?(@.x && )]",
        "$[?(@.x foo 1)]",
        "$[?(@.x =~ 'a')]",
        "$[?(@.x == /a/)]",
        "$[?(@.x =~ /(/)]",
        "$[?(@.x =~ /a(?=b)/)]",
        "$[?(@.x =~ /a/q)]",
        "$[?(@.x == $v)]",
        "$[?(@.x == $$.a)]",
        "$.foo()",
        "$.length().x",
        "$..length()",
        "$.index()",
        "$.length(1)",
        "$.a)",
        "$.a,b",
        "$[0,]",
        "$[,0]",
        "$['a',0]",
        "$[99999999999]",
        "$" + ".a" * 201,
        "$" + ".a" * 5_000,
        "$[?(@.x =~ /" + "a" * 2000 + "/)]",
    ],
)
def test_what_is_no_path_is_refused(text):
    with pytest.raises(ExpressionSyntaxError):
        jsonpath.compile(text)
    [problem] = jsonpath.problems(text)
    assert problem.pointer == ""
    assert problem.message


@pytest.mark.parametrize("value", [None, 1, {}, ["$"]])
def test_a_path_must_be_a_text(value):
    assert jsonpath.problems(value)


def test_a_path_that_is_fine_has_no_problems():
    assert jsonpath.problems("$.a[*]") == []
    assert jsonpath.problems("$.a[0].b", result=True) == []


def test_paths_are_compiled_once():
    assert jsonpath.compile("$.once") is jsonpath.compile("$.once")


# --- budgets ----------------------------------------------------------------------------------

WIDE = [list(range(1_000)) for _ in range(100)]
CHAIN: list = []
for _ in range(3_000):
    CHAIN = [CHAIN]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$..*..*", CHAIN),
        ("$[" + ",".join(["0"] * 3_000) + "][*]", WIDE),
        ("$[*][*]" + "['a','b']" * 5 + "..*" * 9, [[{"a": {}, "b": {}}] * 400] * 900),
        ("$[?(@[?(@[?(@ > 0)])])]", [[[1] * 400] * 60] * 60),
        ("$[?(@.a in $..x)]", [{"a": 1, "x": 2}] * 1_500),
        ("$[?(@ == $)]", [1] * 1_500_000),
        ("$[?($[0] < $[0])]", ["x" * 100_000] + [1] * 50_000),
        ("$[?($[0] contains @)]", ["x" * 100_000] + ["xy"] * 50_000),
    ],
    ids=["scans", "union", "tree", "filters", "in", "long", "order", "substring"],
)
def test_hostile_paths_end_with_a_budget_error(text, value):
    with pytest.raises(BudgetError) as raised:
        jsonpath.compile(text).read(value)
    assert raised.value.error == RUNTIME


def test_catastrophic_patterns_are_cheap_and_large_ones_counted():
    assert read("$[?(@ =~ /(a*)*b/)]", ["a" * 50_000]) == []
    with pytest.raises(BudgetError):
        read("$[?(@ =~ /(.{0,500}x){1,2}/)]", ["ab" * 100_000])


def test_steps_are_counted_alike_each_time():
    def left(text):
        budget = Budget()
        jsonpath.compile(text).read(DATA, budget)
        return budget.steps

    for text in ("$..price", "$.books[?(@.price > 8 && @.tags)]", "$.*.*"):
        assert left(text) == left(text) < Budget().steps


def test_deep_documents_are_scanned_without_recursion():
    deep: list = [1]
    for _ in range(100_000):
        deep = [deep]
    assert read("$..x", deep) == []
    assert len(read("$..[0]", deep)) == 100_001
    assert read("$[?(@ == $[0])]", deep) == [deep[0]]
    with pytest.raises(BudgetError):
        read("$[?(@ subsetof $[0])]", deep)


@pytest.mark.parametrize(
    "text",
    [
        "$" + "[?(@" * 2000,
        "$[?(" + "(" * 3000,
        "$[?(" + "!" * 3000 + "@.x)]",
        "$[?(@.x in " + "[" * 3000,
        "$" + "[?(@" * 40 + ")]" * 40,
    ],
)
def test_deep_expressions_are_refused(text):
    with pytest.raises(ExpressionSyntaxError):
        jsonpath.compile(text)
