"""Secrets are taken out of what is said: log lines, errors, diagnostics.

A value goes by the name that it stands under (`password`, `api_key`, `card_number`...), and a
text by its shape (keys of AWS and others, bearer tokens, private keys, JSON web tokens, card
numbers, passwords in addresses).  What goes is replaced by `[redacted]`; what stays is as it
was.  Business data (inputs, results, histories) are not touched by this: `suspicions` only
says where one looks like a secret.

Pure but for one value: what the process has chosen (`use`), by default everything.  Imports
nothing of ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

GONE = "[redacted]"
"""What stands where something was taken out."""

NAMES: tuple[str, ...] = (
    "accesskey", "apikey", "authorization", "bearer", "cardnumber", "cardno", "ccnumber",
    "clientkey", "cookie", "creditcard", "credential", "cvv", "debitcard", "encryptionkey",
    "masterkey", "passcode", "passphrase", "passwd", "password", "payloadkey", "pincode",
    "privatekey", "pwd", "secret", "securitycode", "sharedkey", "signingkey", "sshkey", "token",
    # as the first users write them
    "cartaodecredito", "chaveapi", "chavedeapi", "chaveprivada", "codigodeseguranca", "credencia",
    "numerocartao", "numerodocartao", "numerodecartao", "segredo", "senha",
)  # fmt: skip
"""Parts of names whose values are secret, in lower case without what is no letter or digit."""

WHOLE_NAMES = frozenset({"auth", "cvc", "cvc2", "jwt", "pan", "pass", "pin", "xauth"})
"""Names whose values are secret where they are the whole name: as parts they stand in others."""

HARMLESS = frozenset(
    {
        *("completiontokens", "inputtokens", "maxtokens", "outputtokens", "prompttokens"),
        *("passwordpolicy", "secretarn", "secretname", "tokencount", "tokens", "tokentype"),
        *("totaltokens",),
    }
)
"""Names that say something about secrets, and hold none."""

REMEMBERED = 10_000  # names; those of others must not fill the memory
DEPTH = 64  # levels of a value that are looked at; deeper ones go as a whole
TEXT_CHARACTERS = 1_000_000  # of one text in a log; what is longer is cut first

Shape = tuple[str, "re.Pattern[str]", Callable[["re.Match[str]"], str]]
"""What it is called, how it is found, and what stands there afterwards."""


def _whole(_: re.Match[str]) -> str:
    return GONE


def _after_first(found: re.Match[str]) -> str:
    """The first group stays."""
    return found[1] + GONE


LEAST_CARD, MOST_CARD = 10**12, 10**19
"""What a number is at least, and less than, that may be a card's."""


def _is_card(text: str) -> bool:
    """Whether digits are a card's: its length, its first digit, its check digit (Luhn)."""
    digits = [int(character) for character in text if character.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in (2, 3, 4, 5, 6) or len(set(digits)) < 2:
        return False
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _card(found: re.Match[str]) -> str:
    return GONE if _is_card(found[0]) else found[0]


def _is_aws_secret(text: str) -> bool:
    """Whether 40 characters of base64 look drawn by chance, and are no path or hash."""
    others = sum(not character.isalpha() for character in text)
    mixed = any(map(str.isupper, text)) and any(map(str.islower, text))
    return mixed and others >= 2 and text.count("/") <= 4


def _aws_secret(found: re.Match[str]) -> str:
    return GONE if _is_aws_secret(found[0]) else found[0]


SHAPES: tuple[Shape, ...] = (
    (
        "a private key",
        re.compile(
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
            r"(?:(?!-----END).)*(?:-----END [A-Z0-9 ]{0,40}-----)?",
            re.DOTALL,
        ),
        _whole,
    ),
    (
        "a JSON web token",
        re.compile(r"(?<![\w-])eyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)*"),
        _whole,
    ),
    (
        "an authorization",
        re.compile(r"(?i)(\b(?:bearer|basic|digest|negotiate)\s+)(?=\S*[\d=+/._-])[\w.~+/=-]{12,}"),
        _after_first,
    ),
    (
        "a password in an address",
        re.compile(
            r"(\b[A-Za-z][A-Za-z0-9+.-]{0,30}:/{1,2}[^\s/@:\"'<>]{0,256}:)[^\s/@\"'<>]+(?=@)"
        ),
        _after_first,
    ),
    (
        "an AWS access key",
        re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
        _whole,
    ),
    (
        "an AWS secret key",
        re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"),
        _aws_secret,
    ),
    (
        "a key of a service",
        re.compile(
            r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}"
            r"|xox[abeoprs]-[\w-]{10,}|[rs]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_\w{16,}"
            r"|sk-[\w-]{20,}|AIza[\w-]{30,}|npm_[A-Za-z0-9]{30,}|pypi-[\w-]{30,})"
        ),
        _whole,
    ),
    (
        "a card number",
        re.compile(
            r"(?<![0-9A-Za-z_.])(?<![0-9a-fA-F]{4}-)[2-6][0-9](?:[ -]?[0-9]){11,17}"
            r"(?![0-9A-Za-z_]|[.-][0-9])"
        ),
        _card,
    ),
)
"""Every shape by which a secret is known, in the order in which they are looked for."""

_HINT = re.compile(
    r"(?i)[0-9]{2}|PRIVATE KEY|eyJ|://|bearer|basic|digest|negotiate|[a-z0-9/+]{20}"
    r"|[rs]k[_-]|gh[pousr]_|github_|glpat|xox|whsec|AIza|npm_|pypi-"
)
"""What a text has at least in which a shape can be found: most have nothing of it."""

_NAMED = re.compile(
    r"(?<![\w.-])(?:(?P<option>--[A-Za-z][\w-]{1,60})(?P<blank>\s)"
    r"|(?P<name>[\w.-]{1,200})(?P<middle>\\{0,3}[\"']?\s{0,3}(?:=>|:=|=|:)\s{0,3}))"
)
"""`name=`, `name: `, `"name": `, the same within a JSON text in quotes; and `--name `."""
_VALUE = re.compile(
    r"\{[^{}]*\}?|\[[^\[\]]*\]?"
    r"|\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?"
    r"|\\\"(?:[^\"\\]|\\\\\\\"|\\[^\"])*(?:\\\")?"  # within a JSON text in quotes
    r"|(?:(?:bearer|basic|digest|negotiate)\s+)?[^\s\"',;&)}\]]+",
    re.IGNORECASE | re.DOTALL,
)
"""What follows: what is in brackets or quotes, or all up to a blank or separator."""


class Redactor:
    """Takes secrets out, by names and shapes; `further` names are the user's."""

    def __init__(self, further: Iterable[str] = (), *, on: bool = True) -> None:
        self.on = on
        """Whether anything is taken out."""
        own = tuple(filter(None, map(_plain, further)))
        self._harmless = HARMLESS - frozenset(own)
        self._parts = (*NAMES, *own)
        self._known: dict[str, bool] = {}

    def is_secret(self, name: str) -> bool:
        """Whether what stands under a name is secret."""
        found = self._known.get(name)
        if found is None:
            plain = _plain(name)
            found = plain not in self._harmless and (
                plain in WHOLE_NAMES or any(part in plain for part in self._parts)
            )
            if len(self._known) < REMEMBERED:
                self._known[name] = found
        return found

    def text(self, text: str) -> str:
        """A text without the secrets in it."""
        if not self.on or not text:
            return text
        if len(text) > TEXT_CHARACTERS:
            text = text[:TEXT_CHARACTERS] + "…"
        if "=" in text or ":" in text or "--" in text:
            text = "".join(self._without_named(text))
        if _HINT.search(text):
            for _, pattern, replaced in SHAPES:
                text = pattern.sub(replaced, text)
        return text

    def value(self, value: Any, depth: int = 0) -> Any:
        """A copy of a value, at any depth, without the secrets in it; other objects as they are."""
        if not self.on:
            return value
        if isinstance(value, (Mapping, list, tuple, set, frozenset)):
            return GONE if depth >= DEPTH else self._inside(value, depth + 1)
        return self._scalar(value)

    def _inside(self, value: Any, depth: int) -> Any:
        if not isinstance(value, Mapping):
            return [self.value(item, depth) for item in value]
        return {self._scalar(name): self.field(name, item, depth) for name, item in value.items()}

    def _scalar(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, (bytes, bytearray)):
            return self.text(bytes(value).decode("utf-8", "replace"))
        if isinstance(value, int) and not isinstance(value, bool):
            return GONE if LEAST_CARD <= value < MOST_CARD and _is_card(str(value)) else value
        return value

    def field(self, name: Any, value: Any, depth: int = 0) -> Any:
        """A value without secrets; nothing of it where it stands under a secret name."""
        if not self.on:
            return value
        if isinstance(name, str) and self.is_secret(name) and _holds(value):
            return GONE
        return self.value(value, depth)

    def _without_named(self, text: str) -> Iterator[str]:
        """The pieces of a text, what stands under secret names replaced."""
        done = 0
        for found in _NAMED.finditer(text):
            if found.start() < done or not self.is_secret(found["name"] or found["option"]):
                continue
            value = _VALUE.match(text, found.end())
            if value is None or text.startswith(GONE, found.end()):
                continue
            yield text[done : found.end()]
            yield _in_quotes(value[0])
            done = value.end()
        yield text[done:]


def _plain(name: str) -> str:
    """A name as the lists have it."""
    folded = name.lower() if name.isascii() else _unaccented(name.lower())
    return "".join(filter(str.isalnum, folded))


_ACCENTS = str.maketrans("áàâãçéêíóôõúü", "aaaaceeiooouu")


def _unaccented(text: str) -> str:
    return text.translate(_ACCENTS)


def _holds(value: Any) -> bool:
    """Whether a value can be a secret: not nothing, and not yes or no."""
    return value is not None and not isinstance(value, bool) and value not in ("", [], {}, ())


def _in_quotes(value: str) -> str:
    """What stands for an assigned value, in the same quotes."""
    opening = re.match(r"\\{0,3}[\"']", value)
    if opening is None:
        return GONE
    quote = opening[0]
    return quote + GONE + (quote if len(value) > len(quote) and value.endswith(quote[-1]) else "")


# --- inputs ------------------------------------------------------------------------------

Suspicion = tuple[str, str]
"""Where in a value (`$.customer.card`), and what it looks like; never the value."""

PATH_CHARACTERS = 200


def suspicions(value: Any, redactor: Redactor | None = None) -> Iterator[Suspicion]:
    """Where a JSON value looks like a card number, a key or a password."""
    judge = redactor or current()
    pending: list[tuple[Any, str, str]] = [(value, "$", "")]
    while pending:
        item, path, name = pending.pop()
        if isinstance(item, Mapping):
            inside = [(child, _below(path, key), str(key)) for key, child in item.items()]
            pending.extend(reversed(inside))
            yield from ((_below(path, key), kind) for key in item for kind in _kinds(str(key)))
        elif isinstance(item, list):
            pending.extend(
                (item[index], f"{path}[{index}]", name) for index in range(len(item) - 1, -1, -1)
            )
        else:
            yield from _suspicion(item, path, name, judge)


def _suspicion(item: Any, path: str, name: str, judge: Redactor) -> Iterator[Suspicion]:
    """What one text or number looks like; the first that is found."""
    if isinstance(item, bool) or not isinstance(item, (str, int)) or item == "":
        return
    kinds = list(_kinds(str(item)))
    if not kinds and isinstance(item, str) and name and judge.is_secret(name):
        kinds = ["a password or key"]
    if kinds:
        yield path, kinds[0]


def _kinds(text: str) -> Iterator[str]:
    if _HINT.search(text):
        for kind, pattern, replaced in SHAPES:
            if any(replaced(found) != found[0] for found in pattern.finditer(text)):
                yield kind


def _below(path: str, key: Any) -> str:
    """The path of a member; a key that is a secret itself is not told."""
    name = str(key)
    if any(True for _ in _kinds(name)):
        name = GONE
    plain = name.isidentifier() or name == GONE
    below = f"{path}.{name}" if plain else f"{path}[{name!r}]"
    return below if len(below) <= PATH_CHARACTERS else below[:PATH_CHARACTERS] + "…"


# --- of this process ---------------------------------------------------------------------

_current = Redactor()


def current() -> Redactor:
    """What this process has chosen; everything is redacted until it has."""
    return _current


def use(chosen: Redactor) -> Redactor:
    """Choose for this process."""
    global _current
    _current = chosen
    return chosen


def sealed(reason: str) -> str:
    """What may be told of a failure where payloads are encrypted: its exception's name.

    That is what stands in SWF's history; the rest may quote an input.
    """
    name, colon, _ = reason.partition(": ")
    return f"{name}: [sealed]" if colon and _NAME.fullmatch(name) else "[sealed]"


_NAME = re.compile(r"[A-Za-z_][\w.]{0,99}")


def text(said: object) -> str:
    """A text for people, without secrets, as the process has chosen."""
    return _current.text(str(said))
