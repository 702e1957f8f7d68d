"""Regular expressions in linear time: what is found, what is refused, what it costs."""

from __future__ import annotations

import pytest

from expressions import patterns
from expressions.errors import ExpressionSyntaxError
from expressions.patterns import Match


@pytest.mark.parametrize(
    ("pattern", "flags", "text", "whole"),
    [
        ("a+b", "", "aab", True),
        ("a+b", "", "xaab", False),
        ("A+B", "i", "aab", True),
        ("a.b", "", "a\nb", False),
        ("a.b", "s", "a\nb", True),
        ("^a$\n^b$", "m", "a\nb", True),
        ("a|b", "i", "B", True),
        (r"\d{4}-\d\d", "", "2024-05", True),
        ("é+", "", "éé", True),
        (".", "", "\U0001f600", True),
        (".", "", "\ud800", True),
        (r"\/", "", "/", True),
    ],
)
def test_a_full_match_takes_the_whole_text(pattern, flags, text, whole):
    assert (patterns.compile(pattern, flags).fullmatch(text) is not None) is whole


def test_where_a_pattern_is_found_is_counted_in_characters():
    found = patterns.compile("(b)(c)?")
    assert found.search("éab") == Match(2, 3, "b", ("b", None))
    assert found.search("\ud800bc") == Match(1, 3, "bc", ("b", "c"))
    assert found.search("bab", 1) == Match(2, 3, "b", ("b", None))
    assert found.search("xyz") is None
    assert [match.start for match in found.finditer("béb")] == [0, 2]


@pytest.mark.parametrize(
    "pattern", ["(", "a(?=b)", r"(a)\1", "a++", "[", "*", "\ud800", "a" * 1_001]
)
def test_what_cannot_be_used_is_refused_by_name(pattern):
    with pytest.raises(ExpressionSyntaxError):
        patterns.compile(pattern)


def test_patterns_that_grow_are_refused():
    with pytest.raises(ExpressionSyntaxError):
        patterns.compile("(((a{100}){100}){100})")
    with pytest.raises(ExpressionSyntaxError):
        patterns.compile("a", "x")


def test_cost_grows_with_pattern_and_text():
    small, large = patterns.compile("a"), patterns.compile("[a-z]{1,100}x")
    assert small.cost("a" * 10_000) < large.cost("a" * 10_000) < large.cost("a" * 100_000)
    assert small.cost("") == 1


def test_catastrophic_patterns_take_linear_time():
    for pattern in ("(a*)*b", "(a|aa)+$b", "(.*)(.*)(.*)x"):
        assert patterns.compile(pattern).fullmatch("a" * 200_000) is None
