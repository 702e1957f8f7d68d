"""Times as texts: `$fromMillis` and `$toMillis`, by the pictures of XPath 3.1.

All arithmetic is in UTC on the proleptic calendar; nothing is read from the machine.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

from expressions import patterns
from expressions.errors import ExpressionSyntaxError
from expressions.jsonata import integers
from expressions.jsonata.errors import PATTERN, TOO_LARGE, JsonataError
from expressions.jsonata.integers import Format

PICTURE = 256  # characters of a picture
WRITTEN = 100_000  # characters of the pattern that is made of a picture
ISO = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]"


def _split(words: str) -> list[str]:
    return words.split()


_DAYS = _split("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
_MONTHS = _split(
    "January February March April May June July August September October November December"
)
_DEFAULTS = {
    "Y": "1", "M": "1", "D": "1", "d": "1", "F": "n", "W": "1", "w": "1", "X": "1", "x": "1",
    "H": "1", "h": "1", "P": "n", "m": "01", "s": "01", "f": "1", "Z": "01:01", "z": "01:01",
    "C": "n", "E": "n",
}  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ISO = re.compile(
    r"([0-9]{4})(?:-([01][0-9])(?:-([0-3][0-9]))?)?"
    r"(?:T([0-2][0-9]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,30}))?)?)?"
    r"(Z|[+-][0-2][0-9]:?[0-5][0-9])?"
)


class Part(NamedTuple):
    """A literal, or a component of a time and how it is written."""

    literal: str = ""
    component: str = ""
    most: int | None = None
    modifier: str = ""
    names: str = ""
    """upper, lower or title for a name; empty for a number"""
    form: Format | None = None
    digits: int = -1
    """Of a year: how many of its last digits are written; -1 for all."""


@lru_cache(maxsize=256)
def _analysed(picture: str) -> tuple[Part, ...]:
    if len(picture) > PICTURE:
        raise JsonataError(TOO_LARGE, f"a picture may have {PICTURE:,} characters")
    parts: list[Part] = []
    start = at = 0

    def literal(end: int) -> None:
        if end > start:
            parts.append(Part(picture[start:end].replace("]]", "]")))

    while at < len(picture):
        if picture[at] != "[":
            at += 1
            continue
        literal(at)
        if picture.startswith("[[", at):
            parts.append(Part("["))
            at = start = at + 2
            continue
        end = picture.find("]", at)
        if end < 0:
            raise JsonataError("D3135", "no closing bracket in the picture of a time")
        parts.append(_marker("".join(picture[at + 1 : end].split())))
        at = start = end + 1
    literal(len(picture))
    return tuple(parts)


def _marker(text: str) -> Part:
    component = text[:1]
    presentation, comma, width = text[1:].rpartition(",")
    if not comma:
        presentation, width = width, ""
    least, _, most = width.partition("-")
    part = Part(component=component, most=_width(most))
    modifier = ""
    if not presentation:
        presentation = _DEFAULTS.get(component, "")
    elif len(presentation) > 1 and presentation[-1] in "atco":
        presentation, modifier = presentation[:-1], presentation[-1]
    if component not in _DEFAULTS:
        raise JsonataError("D3132", f"unknown component {component!r} in the picture of a time")
    part = part._replace(modifier=modifier)
    if presentation[0] == "n":
        return part._replace(names="lower")
    if presentation[0] == "N":
        return part._replace(names="title" if presentation[1:2] == "n" else "upper")
    if component in "Zz":
        return part._replace(form=integers.format_of(presentation))
    if component not in "YMDdFWwXxHhmsf":
        return part
    return _numbered(part, presentation, modifier, _width(least))


def _width(text: str) -> int | None:
    if not text or text == "*":
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 3:
        raise JsonataError("D3132", "a width in the picture of a time must be a number")
    return int(text)


def _numbered(part: Part, presentation: str, modifier: str, least: int | None) -> Part:
    picture = f"{presentation};{modifier}" if modifier else presentation
    form = integers.format_of(picture)._replace(ordinal=modifier == "o")
    if least is not None and form.mandatory < least:
        form = form._replace(mandatory=least)
    digits = -1
    if part.component == "Y":
        if part.most is not None:
            digits = part.most
            form = form._replace(mandatory=digits)
        elif form.mandatory + form.optional >= 2:
            digits = form.mandatory + form.optional
    return part._replace(form=form, digits=digits)


# --- writing ----------------------------------------------------------------------------------


def format_time(millis: int, picture: str | None, zone: str | None) -> str:
    """A time as a picture says, in a zone such as `+0100`; ISO 8601 without a picture."""
    hours, minutes = _offset(zone)
    moment = _moment(millis + (hours * 60 + minutes) * 60_000)
    parts = _analysed(ISO if picture is None else picture)
    return "".join(
        part.literal if not part.component else _written(moment, part, hours, minutes)
        for part in parts
    )


def _offset(zone: str | None) -> tuple[int, int]:
    if not zone:
        return 0, 0
    found = re.match(r"\s*([+-]?[0-9]{1,6})", zone)
    if found is None:
        raise JsonataError("D3134", f"no time zone: {zone[:20]!r}")
    offset = int(found.group(1))
    return math.trunc(offset / 100), int(math.fmod(offset, 100))


def _moment(millis: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=millis)
    except OverflowError:
        raise JsonataError("D3110", "a time outside of the years 1 to 9999") from None


def _written(moment: datetime, part: Part, hours: int, minutes: int) -> str:
    component = part.component
    if component in "Zz":
        return _zone(part, hours, minutes)
    if component == "P":
        half = "am" if moment.hour < 12 else "pm"
        return half.upper() if part.names == "upper" else half
    if component in "CE":
        return "ISO"
    value = _fragment(moment, component)
    if part.names:
        return _name(value, part)
    if component == "Y" and part.digits != -1:
        value %= 10**part.digits
    assert part.form is not None  # noqa: S101 - all the others are numbers
    return integers.formatted(value, part.form)


def _name(value: int, part: Part) -> str:
    if part.component in "Mx":
        name = _MONTHS[value - 1]
    elif part.component == "F":
        name = _DAYS[value - 1]
    else:
        raise _no_name(part)
    name = {"upper": name.upper(), "lower": name.lower(), "title": name}[part.names]
    return name if part.most is None else name[: part.most]


def _no_name(part: Part) -> JsonataError:
    return JsonataError("D3133", f"the component {part.component} has no names")


def _zone(part: Part, hours: int, minutes: int) -> str:
    assert part.form is not None  # noqa: S101 - zones have one
    offset = hours * 100 + minutes
    if part.form.regular:
        text = integers.formatted(offset, part.form)
    elif part.form.mandatory in (1, 2):
        text = integers.formatted(hours, part.form)
        if minutes:
            text += f":{abs(minutes):02d}"
    elif part.form.mandatory in (3, 4):
        text = integers.formatted(offset, part.form)
    else:
        raise JsonataError("D3134", "a time zone has four digits at most")
    if offset >= 0:
        text = "+" + text
    if part.component == "z":
        text = "GMT" + text
    return "Z" if offset == 0 and part.modifier == "t" else text


_FRAGMENTS: dict[str, Callable[[datetime], int]] = {
    "Y": lambda moment: moment.year,
    "M": lambda moment: moment.month,
    "D": lambda moment: moment.day,
    "d": lambda moment: moment.timetuple().tm_yday,
    "F": lambda moment: moment.isoweekday(),
    "W": lambda moment: moment.isocalendar()[1],
    "w": lambda moment: _thursday(moment)[1],
    "X": lambda moment: moment.isocalendar()[0],
    "x": lambda moment: _thursday(moment)[0],
    "H": lambda moment: moment.hour,
    "h": lambda moment: moment.hour % 12 or 12,
    "m": lambda moment: moment.minute,
    "s": lambda moment: moment.second,
    "f": lambda moment: moment.microsecond // 1000,
}


def _fragment(moment: datetime, component: str) -> int:
    try:
        return _FRAGMENTS[component](moment)
    except (OverflowError, ValueError):
        raise JsonataError("D3110", "a time outside of the years 1 to 9999") from None


def _thursday(moment: datetime) -> tuple[int, int]:
    """The month that a week belongs to, which its Thursday tells, and the week's number in it."""
    thursday = moment.date() + timedelta(days=4 - moment.isoweekday())
    return thursday.month, (thursday.day - 1) // 7 + 1


# --- reading ----------------------------------------------------------------------------------


def parse_iso(text: str) -> int:
    """The milliseconds of an ISO 8601 time; D3110 for another text."""
    found = _ISO.fullmatch(text) if len(text) <= 100 else None
    if found is None:
        raise _no_time(text)
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    fraction, zone = found.group(7) or "", found.group(8) or "Z"
    offset = 0
    if zone != "Z":
        offset = int(zone[1:3]) * 60 + int(zone[-2:])
        offset = -offset if zone[0] == "-" else offset
    try:
        days = date(year, month or 1, day or 1).toordinal() - date(1970, 1, 1).toordinal()
    except ValueError:
        raise _no_time(text) from None
    if hour > 24 or (hour == 24 and (minute or second)):
        raise _no_time(text)
    seconds = ((days * 24 + hour) * 60 + minute - offset) * 60 + second
    return seconds * 1000 + int(fraction[:3].ljust(3, "0"))


def _no_time(text: str) -> JsonataError:
    return JsonataError("D3110", f"no ISO 8601 time: {text[:100]!r}")


class Reader(NamedTuple):
    """The regular expression of a part, and what it makes of the text found."""

    form: str
    component: str = ""
    read: Callable[[str], int] | None = None


def pattern_size(picture: str) -> int:
    """Characters of the regular expression that a picture becomes."""
    return sum(len(reader.form) for reader in _readers(picture))


def parse_time(text: str, picture: str, now: int) -> int | None:
    """The milliseconds of a time written as a picture says; None where the text differs.

    What the picture lacks on the left is taken from `now`, on the right it is the first.
    """
    readers = _readers(picture)
    try:
        form = "".join(f"({reader.form})" for reader in readers)
        pattern = patterns.compile(form, "i", WRITTEN)
    except ExpressionSyntaxError as error:
        raise JsonataError(PATTERN, str(error)) from None
    found = pattern.fullmatch(text)
    if found is None:
        return None
    values: dict[str, int] = {}
    for reader, part in zip(readers, found.groups, strict=True):
        if reader.read is not None:
            values[reader.component] = reader.read(part or "")
    return _combined(values, now) if values else None


@lru_cache(maxsize=256)
def _readers(picture: str) -> tuple[Reader, ...]:
    return tuple(map(_reader, _analysed(picture)))


def _reader(part: Part) -> Reader:
    component, form = part.component, part.form
    if not component:
        return Reader(re.escape(part.literal).replace("\\ ", " "))
    if component in "Zz":
        return _zone_reader(part)
    if form is not None:
        return Reader(_number_form(component, form), component, _number_reader(component, form))
    if component in "Mx":
        names = _MONTHS
    elif component == "F":
        names = _DAYS
    elif component == "P":
        names = ["am", "pm"]
    else:
        raise _no_name(part)
    first = 0 if component == "P" else 1
    numbers = {name[: part.most].lower(): at for at, name in enumerate(names, first)}

    def named(text: str) -> int:
        number = numbers.get(text.lower())
        if number is None:
            raise JsonataError("D3110", f"an unknown name in a time: {text[:30]!r}")
        return number

    return Reader("[a-zA-Z]+", component, named)


def _number_form(component: str, form: Format) -> str:
    if form.kind == "letters":
        return "[A-Z]+"
    if form.kind == "roman":
        return "[MDCLXVI]+"
    if form.kind == "words":
        words = sorted(integers.WORDS, key=len, reverse=True)
        return f"(?:{'|'.join(words)}|and|[\\-, ])+"
    if form.kind != "decimal":
        raise JsonataError("D3130", f"a sequence starting with {form.token!r} is not supported")
    zero = form.zero
    digit = "[0-9]" if zero == 0x30 else f"[\\x{{{zero:x}}}-\\x{{{zero + 9:x}}}]"
    times = "+"
    if component == "Y":
        times = "{2,4}"
    elif component in "MDHhms":
        times = "{1,2}"
    for sign in {separator.sign for separator in form.separators}:
        digit = f"(?:{digit}|{re.escape(sign)})"
    return digit + times + ("(?:th|st|nd|rd)" if form.ordinal else "")


def _number_reader(component: str, form: Format) -> Callable[[str], int]:
    def number(text: str) -> int:
        if component == "f" and form.kind == "decimal":
            text = text[:3]
        return int(integers.read(text, form))

    return number


def _zone_reader(part: Part) -> Reader:
    assert part.form is not None  # noqa: S101 - zones have one
    separators = part.form.separators
    between = separators[0].sign if len(separators) == 1 and part.form.regular else ""
    form = "GMT" if part.component == "z" else ""
    form += "[-+][0-9]+" + (f"{re.escape(between)}[0-9]+" if between else "")

    def minutes(text: str) -> int:
        text = text[3:] if part.component == "z" else text
        if between:
            hours, _, rest = text.partition(between)
        else:
            hours, rest = (text, "") if len(text) <= 3 else (text[:3], text[3:])
        if len(text) > 20:
            raise _no_time(text)
        return int(hours) * 60 + int(rest or 0) * (-1 if text[0] == "-" else 1)

    return Reader(form, part.component, minutes)


def _combined(values: dict[str, int], now: int) -> int:
    by_day_of_year = _has(values, "YXMxWwdD", needs="d", allows="YXMxWwdD"[:1] + "d")
    by_month_week = _has(values, "YXMxWwdD", needs="xw", allows="Xxw")
    by_week = not by_month_week and _has(values, "YXMxWwdD", needs="W", allows="XW")
    half_day = _has(values, "PHhmsf", needs="", allows="Phmsf") and "h" in values
    if by_month_week or by_week:
        raise _missing()
    dates_used = "Yd" if by_day_of_year else "YMD"
    times_used = "Phmsf" if half_day else "Hmsf"
    if (
        not by_day_of_year
        and any(component in values for component in "XxWwF")
        and not any(component in values for component in "YMD")
    ):
        raise _missing()
    _complete(values, dates_used + times_used, _moment(now))
    hour = values["H"] if not half_day else values["h"] % 12 + 12 * values["P"]
    try:
        if by_day_of_year:
            day = date(values["Y"], 1, 1) + timedelta(days=values["d"] - 1)
        else:
            day = date(values["Y"], values["M"] or 1, 1) + timedelta(days=values["D"] - 1)
        days = day.toordinal() - date(1970, 1, 1).toordinal()
    except (ValueError, OverflowError):
        raise JsonataError("D3110", "a time that is not in the calendar") from None
    seconds = (days * 24 + hour) * 3600 + values["m"] * 60 + values["s"]
    zone = values.get("Z", values.get("z", 0))
    return (seconds - zone * 60) * 1000 + values["f"]


def _has(values: dict[str, int], among: str, *, needs: str, allows: str) -> bool:
    """Whether a way to name a day or hour is used, and no other."""
    used = {component for component in among if component in values}
    return used <= set(allows) and bool(used) and used >= set(needs)


def _complete(values: dict[str, int], order: str, now: datetime) -> None:
    started = ended = False
    for component in order:
        if component in values:
            started = True
            if ended:
                raise _missing()
        elif started:
            values[component] = 1 if component in "MDd" else 0
            ended = True
        elif component == "P":
            values[component] = int(now.hour >= 12)
        else:
            values[component] = _fragment(now, component)


def _missing() -> JsonataError:
    return JsonataError("D3136", "the picture of a time lacks components to tell it")
