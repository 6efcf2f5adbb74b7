"""What the log contains, and what it never contains."""

from __future__ import annotations

import json
import logging
import urllib.parse
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.runtime import logs
from bot.runtime.logs import REDACTED, JsonFormatter, Redactor, TextFormatter

SECRET = 's3cr/t "ö"+\''


def record(message: str, *args: object, name: str = "bot.test", **kwargs: object):
    values = {"exc_info": None, **kwargs}
    return logging.LogRecord(name, logging.WARNING, "x.py", 1, message, args, **values)  # type: ignore[arg-type]


def raised(text: str):
    return (ValueError, ValueError(text), None)


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        urllib.parse.quote(SECRET),
        urllib.parse.quote(SECRET, safe=""),
        urllib.parse.quote_plus(SECRET),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        repr(SECRET)[1:-1],
    ],
)
def test_a_secret_is_found_in_every_spelling(spelling: str):
    assert Redactor([SECRET])(f"before {spelling} after") == f"before {REDACTED} after"


def test_the_longer_of_two_secrets_goes_first():
    assert Redactor(["keys", "keys-and-more"])("keys-and-more keys") == f"{REDACTED} {REDACTED}"


@pytest.mark.parametrize("secret", ["p", "sql", "dispatch"])
def test_a_short_secret_stays_part_of_other_words(secret: str):
    text = "postgresql: the user dispatch_bot dispatches"
    assert Redactor([secret])(text) == text


def test_a_secret_of_a_few_letters_stays_a_word():
    text = "a bot of a user"
    assert Redactor(["a", "bot"])(text) == text


@pytest.mark.parametrize(
    "text", ["%s", "key=%s,", "a%%3A%s%%40b", "line\\n%s\\n", "postgresql://bot:%s@db/x"]
)
def test_a_short_secret_is_found_as_a_whole_value(text: str):
    assert Redactor(["dispatch"])(text % "dispatch") == text % REDACTED


def test_a_long_secret_is_found_inside_of_a_word():
    secret = "MTIzNDU2Nzg5MDEyMzQ1Njc4"
    assert Redactor([secret])(f"key{secret}key") == f"key{REDACTED}key"


@pytest.mark.parametrize("password", ["p", "p:w", "pw%40x"])
def test_the_password_of_an_address_is_a_secret_of_any_length(password: str):
    text = Redactor([password])(f"no route to postgresql+asyncpg://bot:{password}@db:5432/bot")
    assert text == f"no route to postgresql+asyncpg://bot:{REDACTED}@db:5432/bot"


def test_without_secrets_a_text_stays_as_it_is():
    assert Redactor(["", ""])("all of it") == "all of it"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "POST https://discord.com/api/v10/webhooks/12/aW50token/messages/@original",
            f"POST https://discord.com/api/v10/webhooks/12/{REDACTED}/messages/@original",
        ),
        ("/interactions/12/token/callback", f"/interactions/12/{REDACTED}/callback"),
        ("token: aW50ZXJhY3Rpb246MTIz-x_y=, 1", f"token: {REDACTED}, 1"),
        ("/channels/12/messages", "/channels/12/messages"),
    ],
)
def test_the_token_of_an_interaction_is_a_secret(text: str, shown: str):
    assert Redactor([])(text) == shown


@pytest.mark.parametrize("formatter", [TextFormatter, JsonFormatter])
def test_a_secret_hides_nowhere_in_a_record(formatter: type[logging.Formatter]):
    text = formatter(Redactor(["hush"])).format(  # type: ignore[arg-type]
        record("say %s", "hush", exc_info=raised("hush, hush"), sinfo="Stack: hush")
    )
    assert "hush" not in text
    assert text.count(REDACTED) == 4


@given(message=st.text(), secrets=st.lists(st.text(max_size=4), max_size=3))
def test_json_is_one_valid_line_whatever_the_secrets_are(message: str, secrets: list[str]):
    text = JsonFormatter(Redactor(secrets)).format(record("%s", message, exc_info=raised(message)))
    assert "\n" not in text
    entry = json.loads(text)
    assert set(entry) == {"time", "level", "logger", "message", "exception"}
    assert (entry["level"], entry["logger"]) == ("WARNING", "bot.test")


def test_json_tells_the_time_in_utc():
    one = record("now")
    one.created = 0.25
    assert json.loads(JsonFormatter(Redactor([])).format(one))["time"] == (
        "1970-01-01T00:00:00.250+00:00"
    )


def test_a_lost_connection_is_one_line():
    one = record("Attempting a reconnect in %.2fs", 1.5, exc_info=raised("no route"))
    assert logs.shorten_outage(one)
    assert (
        TextFormatter(Redactor([]))
        .format(one)
        .endswith(
            "No connection to Discord (ValueError('no route')). Attempting a reconnect in 1.50s"
        )
    )


class Late(Exception):
    code = 10062


def test_a_late_suggestion_is_one_line():
    text = "Ignoring exception in autocomplete for %r (Guild: %s, User: %s)"
    one = record(text, "attach", 1, 2, exc_info=(Late, Late(), None))
    assert logs.shorten_late_autocomplete(one)
    line = TextFormatter(Redactor([])).format(one)
    assert line.endswith("suggestions for 'attach' came too late (Guild: 1, User: 2)")
    assert " WARNING " in line


def test_another_fault_in_a_suggestion_keeps_its_traceback():
    one = record("Ignoring exception in autocomplete for %r", "x", exc_info=raised("a bug"))
    assert logs.shorten_late_autocomplete(one)
    assert one.exc_info
    other = record("It broke", exc_info=(Late, Late(), None))
    assert logs.shorten_late_autocomplete(other)
    assert other.exc_info


def test_another_error_keeps_its_traceback():
    one = record("It broke", exc_info=raised("no route"))
    assert logs.shorten_outage(one)
    assert one.exc_info


@pytest.mark.usefixtures("loggers")
@pytest.mark.parametrize(
    ("level", "lines"),
    [
        ("DEBUG", ["ours debug", "cog info", "theirs warning"]),
        ("INFO", ["cog info", "theirs warning"]),
        ("ERROR", []),
    ],
)
def test_libraries_speak_only_when_something_is_wrong(
    capsys: pytest.CaptureFixture[str], level: str, lines: list[str]
):
    logs.configure(level, "text", [])
    logging.getLogger("bot.services.x").debug("ours debug")
    logging.getLogger("cogs.x").info("cog info")
    logging.getLogger("discord.http").info("theirs info")
    logging.getLogger("discord.http").warning("theirs warning")
    written = capsys.readouterr().err.splitlines()
    assert [" ".join(line.split()[-2:]) for line in written] == lines


@pytest.mark.usefixtures("loggers")
def test_the_log_goes_to_standard_error_in_json(capsys: pytest.CaptureFixture[str]):
    logs.configure("INFO", "json", ["hush"])
    logging.getLogger("bot").info("say %s", "hush")
    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err)["message"] == f"say {REDACTED}"


@pytest.mark.usefixtures("loggers")
@pytest.mark.parametrize("style", ["text", "json"])
def test_a_secret_that_is_read_later_is_kept_out_too(
    style: Literal["text", "json"], capsys: pytest.CaptureFixture[str]
):
    logs.configure("INFO", style, ["first-secret"])
    logs.redact("second-secret-which-is-long")
    logging.getLogger("bot.test").info("first-secret second-secret-which-is-long third")
    assert f"{REDACTED} {REDACTED} third" in capsys.readouterr().err


def test_thousands_of_secrets_are_found():
    redactor = Redactor([f"secret-number-{number:08}" for number in range(5_000)])
    assert redactor("a secret-number-00004999 b") == f"a {REDACTED} b"
