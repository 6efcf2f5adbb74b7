"""The values of single settings: which are taken, as what, and why others are not."""

from __future__ import annotations

import pytest
from pydantic import HttpUrl, SecretStr, TypeAdapter, ValidationError

from bot.config import setting_fields
from bot.config.setting_fields import Secret, Snowflake, Snowflakes, Text, Token

A, B, C = (1100000000000000000 + number for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (f"{A}, {B}", {A, B}),
        (f"{A} {B},,\n{C}", {A, B, C}),
        ("", set()),
        (f"{A},{A}", {A}),
    ],
)
def test_a_list_of_ids(text: str, ids: set[int]):
    assert TypeAdapter(Snowflakes).validate_python(text) == ids


@pytest.mark.parametrize("text", [f"{A};{B}", "@Dispatch", "0", "-1", "123", str(2**63)])
def test_a_list_with_something_else(text: str):
    with pytest.raises(ValidationError):
        TypeAdapter(Snowflakes).validate_python(text)


@pytest.mark.parametrize(
    ("text", "fits"),
    [(str(10**16), True), (str(2**63 - 1), True), (str(10**16 - 1), False), ("0", False)],
)
def test_an_id(text: str, fits: bool):
    adapter = TypeAdapter(Snowflake)
    if fits:
        assert adapter.validate_python(text) == int(text)
    else:
        with pytest.raises(ValidationError):
            adapter.validate_python(text)


@pytest.mark.parametrize("text", ["a-key", "  a-key\n"])
def test_a_secret_is_one_word(text: str):
    secret = TypeAdapter(Secret).validate_python(text)
    assert secret == SecretStr("a-key")
    assert "a-key" not in repr(secret)


@pytest.mark.parametrize("text", ["", "  ", "Bot abc", "clé", "a\x00b", "a\tb"])
def test_a_secret_of_another_kind_is_refused_without_being_shown(text: str):
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Secret).validate_python(text)
    assert "must" in caught.value.errors()[0]["msg"]


def test_text_is_stripped_and_not_empty():
    assert TypeAdapter(Text).validate_python(" spaced ") == "spaced"
    with pytest.raises(ValidationError):
        TypeAdapter(Text).validate_python("  ")


def test_words_in_one_letter_case_and_numbers_in_words():
    assert setting_fields.to_upper(" warning ") == "WARNING"
    assert setting_fields.to_lower(" JSON ") == "json"
    for convert in (setting_fields.to_upper, setting_fields.to_lower):
        assert convert(None) is None


@pytest.mark.parametrize(
    ("value", "version"), [(" 2 ", 2), (1, 1), (" Auto ", "auto"), ("seven", "seven"), (None, None)]
)
def test_a_version_of_the_api_is_a_number_or_a_word(value: object, version: object):
    assert setting_fields.to_api_version(value) == version


@pytest.mark.parametrize("text", ["{hex}", "steam:{HEX}", "x{steam64}y"])
def test_a_format_with_an_id_in_it(text: str):
    assert setting_fields.valid_id_format(text) == text


@pytest.mark.parametrize("text", ["", "steam", "{hex", "{other}", "{0}", "{hex.real}", "{}"])
def test_a_format_without_an_id_in_it(text: str):
    with pytest.raises(ValueError, match="must contain"):
        setting_fields.valid_id_format(text)


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ("sqlite+aiosqlite:///data/dispatch.db", True),
        ("postgresql+asyncpg://bot@host/name", True),
        ("postgresql+psycopg://bot@host/name", True),
        ("sqlite:///data/dispatch.db", False),
        ("postgresql://host/name", False),
        ("mysql+aiomysql://host/name", False),
        (" sqlite+aiosqlite://", False),
    ],
)
def test_the_driver_of_a_database_is_named(text: str, is_valid: bool):
    if is_valid:
        assert setting_fields.valid_database_url(text) == text
    else:
        with pytest.raises(ValueError, match="must start with"):
            setting_fields.valid_database_url(text)


@pytest.mark.parametrize("text", ["0.0.0.0:8080", " [::1]:1 ", "localhost:65535"])
def test_an_address_to_listen_on(text: str):
    assert setting_fields.valid_listen_address(text) == text.strip()


@pytest.mark.parametrize("text", ["", "8080", ":8080", "host", "host:", "host:x", "h:0", "h:65536"])
def test_an_address_without_host_and_port(text: str):
    with pytest.raises(ValueError, match="host:port"):
        setting_fields.valid_listen_address(text)


@pytest.mark.parametrize("text", ["https://cad.example", "https://cad.example/"])
def test_an_address_ends_without_a_slash(text: str):
    assert setting_fields.valid_api_url(HttpUrl(text)) == "https://cad.example"


@pytest.mark.parametrize("rest", ["/x?y=1", "/?", "/#part", "/x#"])
def test_an_address_to_which_no_path_can_be_added_is_refused(rest: str):
    with pytest.raises(ValueError, match="without"):
        setting_fields.valid_api_url(HttpUrl(f"https://cad.example{rest}"))
    with pytest.raises(ValueError, match="without"):
        setting_fields.valid_api_url(HttpUrl("https://user:word@cad.example"))


@pytest.mark.parametrize("text", ["MTIz.abc-d.e_f", " a.b.c "])
def test_a_token_has_three_parts(text: str):
    assert TypeAdapter(Token).validate_python(text).get_secret_value() == text.strip()


@pytest.mark.parametrize("text", ["hello", "a.b", "a..c", "a.b.c.d", "a.b.c!", "Bot a.b.c"])
def test_a_token_of_another_shape_is_refused_without_being_shown(text: str):
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Token).validate_python(text)
    assert "must be" in caught.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ('"a b"', "a b"),
        (" 'a' ", "a"),
        ('""', ""),
        ('"', '"'),
        ("'a\"", "'a\""),
        (" a ", " a "),
        (7, 7),
    ],
)
def test_quotes_around_a_text_are_taken_off(value: object, taken: object):
    assert setting_fields.strip_quotes(value) == taken
