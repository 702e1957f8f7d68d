"""Numbers as texts: `$formatNumber`, by the pictures of XPath 3.1 (`#,##0.00`)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import NamedTuple

from expressions.jsonata.errors import TOO_LARGE, JsonataError
from expressions.jsonata.values import Value

PICTURE = 256  # characters of a picture
_EXACT = Context(prec=800, rounding=ROUND_HALF_EVEN)
_DEFAULTS = {
    "decimal-separator": ".", "grouping-separator": ",", "exponent-separator": "e",
    "infinity": "Infinity", "minus-sign": "-", "NaN": "NaN", "percent": "%", "per-mille": "\u2030",
    "zero-digit": "0", "digit": "#", "pattern-separator": ";",
}  # fmt: skip


class Signs(NamedTuple):
    """The signs that a picture uses."""

    point: str
    group: str
    exponent: str
    minus: str
    percent: str
    mille: str
    digit: str
    pattern: str
    digits: str
    """The ten digits."""

    @property
    def active(self) -> str:
        """Those that mean something within a number."""
        return self.digits + self.point + self.exponent + self.group + self.digit


class Parts(NamedTuple):
    """A sub-picture in parts."""

    prefix: str
    suffix: str
    active: str
    mantissa: str
    exponent: str | None
    integer: str
    fraction: str
    whole: str


class Rules(NamedTuple):
    """What a sub-picture says."""

    prefix: str
    suffix: str
    integer_groups: list[int]
    regular: int
    fraction_groups: list[int]
    integer_least: int
    scaling: int
    fraction_least: int
    fraction_most: int
    exponent_least: int
    text: str


def format_number(value: int | float, picture: str, options: Mapping[str, Value]) -> str:
    """A number as a picture says; D308x and D309x for pictures that say nothing."""
    if len(picture) > PICTURE:
        raise JsonataError(TOO_LARGE, f"a picture may have {PICTURE:,} characters")
    signs = _signs(options)
    pictures = picture.split(signs.pattern)
    if len(pictures) > 2:
        raise JsonataError("D3080", "a picture has two sub-pictures at most")
    parts = [_parts(text, signs) for text in pictures]
    for part in parts:
        _check(part, signs)
    rules = [_rules(part, signs) for part in parts]
    if len(rules) == 1:
        rules.append(rules[0]._replace(prefix=signs.minus + rules[0].prefix))
    return _written(value, rules[0] if value >= 0 else rules[1], signs)


def _signs(options: Mapping[str, Value]) -> Signs:
    given = dict(_DEFAULTS)
    for name, sign in options.items():
        if name in given:
            if not isinstance(sign, str) or not sign:
                raise JsonataError("D3137", f"the option {name} must be a text")
            given[name] = sign
    zero = ord(given["zero-digit"][0])
    if zero > 0x10FFF0:
        raise JsonataError("D3137", "there are no ten digits from this zero-digit on")
    return Signs(
        given["decimal-separator"], given["grouping-separator"], given["exponent-separator"],
        given["minus-sign"], given["percent"], given["per-mille"], given["digit"],
        given["pattern-separator"], "".join(chr(zero + digit) for digit in range(10)),
    )  # fmt: skip


def _parts(text: str, signs: Signs) -> Parts:
    active = signs.active
    passive = active.replace(signs.exponent, "")
    first = next((at for at, sign in enumerate(text) if sign in passive), len(text))
    last = next((at for at in range(len(text) - 1, -1, -1) if text[at] in passive), -1)
    prefix, suffix = text[:first], text[last + 1 :]
    if last < 0:
        prefix, suffix = text, ""
    inner = text[first : last + 1]
    at = text.find(signs.exponent, len(prefix))
    if at < 0 or at > len(text) - len(suffix):
        mantissa, exponent = inner, None
    else:
        mantissa, _, exponent = inner.partition(signs.exponent)
    integer, point, fraction = mantissa.partition(signs.point)
    if not point:
        fraction = suffix
    return Parts(prefix, suffix, inner, mantissa, exponent, integer, fraction, text)


def _check(parts: Parts, signs: Signs) -> None:
    text = parts.whole
    for code, sign in (("D3081", signs.point), ("D3082", signs.percent), ("D3083", signs.mille)):
        if text.count(sign) > 1:
            _refuse(code, f"has more than one {sign}", text, when=parts.active != "")
            if parts.active:
                return
    if signs.percent in text and signs.mille in text and parts.active:
        _refuse("D3084", "has both percent and per-mille", text)
    if not any(sign in signs.digits or sign == signs.digit for sign in parts.mantissa):
        _refuse("D3085" if parts.active else "D3086", "has no digits", text)
    if any(sign not in signs.active for sign in parts.active):
        _refuse("D3086", "has a passive sign between active ones", text)
    _check_groups(parts, signs)
    _check_exponent(parts, signs)


def _refuse(code: str, message: str, text: str, *, when: bool = True) -> None:
    if when:
        raise JsonataError(code, f"the sub-picture {text!r} {message}")


def _check_groups(parts: Parts, signs: Signs) -> None:
    text, group, point = parts.whole, signs.group, signs.point
    at = text.find(point)
    if at >= 0:
        beside = text[at - 1 : at] == group or text[at + 1 : at + 2] == group
        _refuse("D3087", f"has {group} beside {point}", text, when=beside)
    else:
        _refuse("D3088", f"ends with {group}", text, when=parts.integer.endswith(group))
    _refuse("D3089", f"has {group} twice in a row", text, when=group * 2 in text)
    optional = parts.integer.find(signs.digit, _first_digit(parts.integer, signs))
    late = _first_digit(parts.integer, signs) >= 0 and optional >= 0
    _refuse("D3090", f"has {signs.digit} after a digit", text, when=late)
    first = parts.fraction.find(signs.digit)
    early = first >= 0 and any(sign in signs.digits for sign in parts.fraction[first:])
    _refuse("D3091", f"has a digit after {signs.digit} in its fraction", text, when=early)


def _first_digit(text: str, signs: Signs) -> int:
    return next((at for at, sign in enumerate(text) if sign in signs.digits), -1)


def _check_exponent(parts: Parts, signs: Signs) -> None:
    if not parts.exponent:
        return
    text = parts.whole
    scaled = signs.percent in text or signs.mille in text
    _refuse("D3092", "has an exponent and percent or per-mille", text, when=scaled)
    digits = all(sign in signs.digits for sign in parts.exponent)
    _refuse("D3093", "has an exponent of other than digits", text, when=not digits)


def _rules(parts: Parts, signs: Signs) -> Rules:
    def digits(text: str, also: str = "") -> int:
        return sum(1 for sign in text if sign in signs.digits + also)

    def groups(text: str) -> list[int]:
        return [at for at, sign in enumerate(text) if sign == signs.group]

    whole, rest = parts.integer, parts.fraction
    integer_groups = [digits(whole[at:], signs.digit) for at in groups(whole)]
    fraction_groups = [digits(rest[:at], signs.digit) for at in groups(rest)]
    integer_least = digits(parts.integer)
    scaling = integer_least
    fraction_least = digits(parts.fraction)
    fraction_most = digits(parts.fraction, signs.digit)
    exponent = parts.exponent is not None
    if integer_least == 0 and fraction_most == 0:
        if exponent:
            fraction_least = fraction_most = 1
        else:
            integer_least = 1
    if exponent and integer_least == 0 and signs.digit in parts.integer:
        integer_least = 1
    if integer_least == 0 and fraction_least == 0:
        fraction_least = 1
    return Rules(
        parts.prefix, parts.suffix, integer_groups, _regular(integer_groups), fraction_groups,
        integer_least, scaling, fraction_least, fraction_most, digits(parts.exponent or ""),
        parts.whole,
    )  # fmt: skip


def _regular(places: list[int]) -> int:
    if not places:
        return 0
    factor = min(places)
    wanted = [factor * number for number in range(1, len(places) + 1)]
    return factor if factor and sorted(places) == wanted else 0


def _written(value: int | float, rules: Rules, signs: Signs) -> str:
    number = Decimal(str(value)) if isinstance(value, int) else Decimal(repr(value))
    if signs.percent in rules.text:
        number = number * 100
    elif signs.mille in rules.text:
        number = number * 1000
    exponent = 0
    if rules.exponent_least:
        # the mantissa has as many digits before the point as the picture says
        if number:
            exponent = number.adjusted() + 1 - rules.scaling
        number = number.scaleb(-exponent, context=_EXACT)
    text = _fixed(number, rules, signs)
    at = text.index(signs.point)
    text = _grouped(text[:at], rules, signs) + signs.point + _behind(text[at + 1 :], rules, signs)
    text = text.removesuffix(signs.point)
    if rules.exponent_least:
        digits = _digits(str(abs(exponent)), signs).rjust(rules.exponent_least, signs.digits[0])
        text += signs.exponent + (signs.minus if exponent < 0 else "") + digits
    return rules.prefix + text + rules.suffix


def _digits(text: str, signs: Signs) -> str:
    return "".join(signs.digits[int(sign)] for sign in text)


def _fixed(number: Decimal, rules: Rules, signs: Signs) -> str:
    """The digits before and behind the point, as many as the picture says."""
    rounded = abs(number).quantize(Decimal(1).scaleb(-rules.fraction_most), context=_EXACT)
    whole, _, fraction = f"{rounded:f}".partition(".")
    whole = whole.lstrip("0").rjust(rules.integer_least, "0")
    fraction = fraction.rstrip("0").ljust(rules.fraction_least, "0")
    return _digits(whole, signs) + signs.point + _digits(fraction, signs)


def _grouped(whole: str, rules: Rules, signs: Signs) -> str:
    if rules.regular:
        places = list(range(rules.regular, len(whole), rules.regular))
    else:
        places = rules.integer_groups
    for place in sorted(places, reverse=True):
        at = len(whole) - place
        if at > 0:
            whole = whole[:at] + "\0" + whole[at:]
    return _separated(whole, signs)


def _separated(text: str, signs: Signs) -> str:
    return text.replace("\0", signs.group)


def _behind(fraction: str, rules: Rules, signs: Signs) -> str:
    for place in sorted(rules.fraction_groups, reverse=True):
        if place < len(fraction):
            fraction = fraction[:place] + "\0" + fraction[place:]
    return _separated(fraction, signs)
