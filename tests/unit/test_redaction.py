"""Secrets are known by the names that they stand under and by their shapes."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redaction import GONE, Redactor, suspicions

REDACTOR = Redactor()
CARD = "4111111111111111"
AWS_KEY, AWS_SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
PRIVATE_KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----"

SHAPED = [
    (AWS_KEY, AWS_KEY),
    ("ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"),
    (AWS_SECRET, AWS_SECRET),
    (f"Bearer {JWT[:30]}", JWT[:30]),
    ("bearer abcdef-123456789", "abcdef-123456789"),
    ("Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA"),
    (JWT, JWT),
    (PRIVATE_KEY, "MIIEow"),
    (PRIVATE_KEY.replace("RSA ", "")[:50], "MIIEow"),
    (PRIVATE_KEY.replace("\n", "\\n"), "MIIEow"),
    (CARD, CARD),
    ("4111 1111 1111 1111", "1111 1111"),
    ("4111-1111-1111-1111.", "1111-1111"),
    ("378282246310005", "378282246310005"),
    ("order-5555555555554444", "5555555555554444"),
    ("postgresql://ana:geheim@db/orders", "geheim"),
    ("redis://:geheim@cache:6379", "geheim"),
    ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghp_abc"),
    ("xoxb-123456789012-abcdef", "xoxb"),
    ("sk_live_abcdefghijkl", "sk_live"),
    ("AIzaSyA-abcdefghijklmnopqrstuvwxyz01234", "AIzaSy"),
]


@pytest.mark.parametrize(("text", "secret"), SHAPED)
def test_secrets_of_a_known_shape_go_out_of_texts(text: str, secret: str) -> None:
    found = REDACTOR.text(f"before {text} after")
    assert secret not in found
    assert GONE in found
    assert found.startswith("before ")


NAMED = [
    "password=hunter2",
    "password = 'hunter2'",
    'password="hunter2 hunter2"',
    "PASSWORD: hunter2",
    '{"password": "hunter2", "other": 1}',
    json.dumps({"outer": json.dumps({"password": "hunter2"})}),
    json.dumps({"password": 'hunter2"hunter2'}),
    "{'db_password': 'hunter2'}",
    "AWS_SECRET_ACCESS_KEY=hunter2",
    "x-api-key: hunter2",
    "apiKey=hunter2&next=1",
    "https://host/path?access_token=hunter2",
    "Authorization: Bearer hunter2",
    "authorization: hunter2",
    "Set-Cookie: hunter2",
    "--token hunter2",
    "--client-secret=hunter2",
    "senha: hunter2",
    "número do cartão" + "_número_do_cartão=hunter2",
    "passphrase => hunter2",
    "password='hunter2",
    '{"secrets": ["hunter2", "hunter2"], "credentials": {"a": "hunter2"}}',
]


@pytest.mark.parametrize("text", NAMED)
def test_what_stands_under_a_secret_name_goes_out_of_texts(text: str) -> None:
    found = REDACTOR.text(text)
    assert "hunter2" not in found
    assert GONE in found


KEPT = [
    "Received decision task for workflow: workflow-3f0e8a4c-1c1c-4a4b-8c8d-123456789012",
    "Activity 'ValidateInput' failed: ValueError: total is 4 and not 5",
    "Retrying activity: ProcessData (attempt 2)",
    "Activity 'SaveResults' completed successfully",
    "Scheduling next activity: NotifyCompletion",
    "Executing: EnrichData",
    "Started workflow: w (run 22wqRDAHXUnmTpD1OnMK7aGnSYpZLb7D4Vt1vZJTAB0vM=)",
    "Engine: embedded SWF in /srv/orders/.data, domain business-process-domain",
    "the page asks for DASHBOARD_TOKEN, or one that is made",
    "write AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in .env, set AWS_PROFILE",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",  # a hash
    "1764136626123 20261126055706 4111111111111112",  # times, and digits that are no card's
    "0000000000000000",
    "tokens=5 idempotency_key=w/1/2 page: 3",
    "arn:aws:iam::123456789012:role/orders",
    'File "/srv/app/starter/control/operating.py", line 12, in send',
    "basic understanding, bearer of news",
]


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_secret_stays_word_for_word(text: str) -> None:
    assert REDACTOR.text(text) == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"password": "x", "user": "ana"}, {"password": GONE, "user": "ana"}),
        ({"a": [{"apiKey": "x"}, "b"]}, {"a": [{"apiKey": GONE}, "b"]}),
        ({"credentials": {"user": "a", "x": "y"}}, {"credentials": GONE}),
        ({"card_number": 4111111111111111}, {"card_number": GONE}),
        ({"id": 4111111111111111, "n": 7}, {"id": GONE, "n": 7}),
        ({"token": None, "secret": "", "password": False}, None),
        ({"pin": 1234, "spin": 1}, {"pin": GONE, "spin": 1}),
        ({CARD: 1}, {GONE: 1}),
        (("a", AWS_KEY), ["a", GONE]),
        (b"password=x", "password=" + GONE),
        (1.5, None),
    ],
)
def test_values_lose_secrets_at_any_depth(value: Any, expected: Any) -> None:
    assert REDACTOR.value(value) == (value if expected is None else expected)


def test_a_value_that_is_too_deep_to_look_at_goes_as_a_whole() -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    assert GONE in str(REDACTOR.value(deep))
    endless: list[Any] = []
    endless.append(endless)
    assert GONE in str(REDACTOR.value(endless))


def test_names_of_users_are_added_to_those_that_are_known() -> None:
    own = Redactor(["IBAN", "customer-tax_id", " tokens"])
    assert own.text("iban=DE89 customerTaxId: 12345, tokens=5") == (
        f"iban={GONE} customerTaxId: {GONE}, tokens={GONE}"
    )
    assert own.value({"tax": 1, "x_iban": "DE"}) == {"tax": 1, "x_iban": GONE}


def test_it_can_be_switched_off() -> None:
    off = Redactor(on=False)
    assert off.text("password=x") == "password=x"
    assert off.field("password", "x") == "x"
    assert off.value({"password": "x"}) == {"password": "x"}


pieces = st.sampled_from(
    [
        *("password", "token", "=", ":", " ", '"', "'", "\\", "\\\\", ",", "{", "}", "--", "/"),
        *("://", "@", "bearer ", CARD, AWS_KEY, JWT, "-----BEGIN PRIVATE KEY-----", "a", "1", GONE),
        *("\n", "é", "\ud800", "\x00"),
    ]
)
texts = st.lists(st.one_of(pieces, st.text(max_size=5)), max_size=20).map("".join)


@given(texts)
def test_once_is_enough(text: str) -> None:
    once = REDACTOR.text(text)
    assert REDACTOR.text(once) == once


@given(texts)
def test_nothing_of_a_password_is_left_in_json(text: str) -> None:
    secret = f"needle{text}needle"
    written = json.dumps({"a": 1, "password": secret, "b": [secret and 2]}, ensure_ascii=False)
    assert "needle" not in REDACTOR.text(written)


@pytest.mark.parametrize(
    "piece",
    [
        *("a", "4 ", "4-", 'a="', "a.", "://", "x://", "eyJ", "-----BEGIN PRIVATE KEY-----", "a:b"),
        *("Bearer ", "token", "\\", "password:'", "1234567890123 ", "--a ", '\\"', 'password=\\"'),
    ],
)
def test_long_texts_take_time_linear_to_their_length(piece: str) -> None:
    started = time.process_time()
    REDACTOR.text(piece * (500_000 // len(piece)))
    assert time.process_time() - started < 5


class TestSuspicions:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ({"order_id": "ORD-1", "items": ["a"], "total": 4111}, []),
            ({"customer": {"card": CARD}}, [("$.customer.card", "a card number")]),
            ([1, {"n": 4111111111111111}], [("$[1].n", "a card number")]),
            ({"a b": f"card {CARD}"}, [("$['a b']", "a card number")]),
            ({"password": "x"}, [("$.password", "a password or key")]),
            ({"tokens": ["x"], "api_keys": ["y"]}, [("$.api_keys[0]", "a password or key")]),
            ({"x": AWS_KEY}, [("$.x", "an AWS access key")]),
            ({"x": JWT}, [("$.x", "a JSON web token")]),
            ({CARD: 1}, [(f"$.{GONE}", "a card number")]),
            ({"password": None, "has_token": True, "secret": ""}, []),
            ("text", []),
        ],
    )
    def test_places_and_kinds(self, value: Any, expected: list[tuple[str, str]]) -> None:
        assert list(suspicions(value, REDACTOR)) == expected

    @given(st.recursive(st.text() | st.integers() | st.none(), lambda inner: st.lists(inner)
        | st.dictionaries(st.text() | st.just(CARD) | st.just("password"), inner)))  # fmt: skip
    def test_no_value_is_told_and_no_input_breaks_it(self, value: Any) -> None:
        marked = {"password": f"needle-{value}", "x": {f"AKIA{'A' * 16}": value}}
        for path, kind in suspicions(marked, REDACTOR):
            assert "needle" not in path + kind
            assert "AKIA" not in path + kind
