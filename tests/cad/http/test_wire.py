"""Requests, responses, and the reading that both API versions share."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.errors import (
    CadError,
    CadRateLimited,
    CadRedirected,
    CadRefused,
    CadUnavailable,
    CadUnreadable,
)
from bot.cad.http import wire
from bot.cad.http.wire import Request
from tests.cad.samples import answer

PAGE = "<!DOCTYPE html><head><TITLE lang=en>502 Bad\n Gateway &amp; more</TITLE></head>oh no"


def test_a_request_hides_its_body_and_headers_because_they_hold_the_key():
    headers = {"Authorization": "Bearer SECRET"}
    request = Request("v1", "POST", "/emergency", {"key": "SECRET"}, headers)
    assert "/emergency" in repr(request)
    assert "SECRET" not in repr(request)


def test_bytes_that_are_not_utf8_do_not_hide_the_rest():
    assert answer(b"\xffINVALID\xc3 KEY ").text == "\ufffdINVALID\ufffd KEY"


def test_a_byte_order_mark_is_not_text():
    assert answer(b"\xef\xbb\xbfPat").text == "Pat"


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (PAGE, "text/html", True),
        (PAGE, "text/plain", True),
        ("\n <html lang=en>", "", True),
        ("<h1>Not here</h1>", "Text/HTML; charset=utf-8", True),
        ("<h1>Not here</h1>", "text/plain", False),
        ("UNITS ATTACHED", "text/html; charset=utf-8", False),
        ("", "text/html", False),
        ('{"title": "<html>"}', "application/json", False),
    ],
)
def test_a_page_is_known_by_its_body(body, content_type, expected):
    response = answer(body, content_type=content_type)
    assert wire.is_html(response.text, response.headers) is expected


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("  INVALID API KEY\r\n", "INVALID API KEY"),
        ("one\n\n  two\tthree", "one two three"),
        ("", ""),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 299 + "…"),
        (PAGE, "502 Bad Gateway & more"),
        ("<html><title> </title>", "a web page without a title"),
        ("<html><body>oh no</body>", "a web page without a title"),
        (f"<html><title>{'y' * 400}</title>", "y" * 299 + "…"),
        ('{"Title": "Not Found", "Detail": "No server 9.", "status": 404}', "No server 9."),
        ('{"title": "Not Found", "detail": " "}', "Not Found"),
        ('{"message": "Too many requests", "request_id": "x"}', "Too many requests"),
        ('{"status": 404}', '{"status": 404}'),
        ('["no", "problem"]', '["no", "problem"]'),
    ],
)
def test_shown_text(body, shown):
    assert wire.error_text(answer(body)) == shown


def test_a_page_full_of_broken_titles_is_read_in_linear_time():
    body = "<html>" + "<title" * 300_000
    started = time.process_time()
    assert wire.error_text(answer(body)) == "a web page without a title"
    assert time.process_time() - started < 5


@given(st.binary(max_size=2000), st.sampled_from(["text/html", "text/plain", ""]))
def test_any_body_is_shown_on_one_short_line_that_can_be_encoded(body, content_type):
    shown = wire.error_text(answer(body, content_type=content_type))
    assert len(shown) <= wire.MAX_TEXT_LENGTH
    assert shown == " ".join(shown.split())
    shown.encode()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 23:13:50 +0100", 30.0),
        ("Tue, 14 Nov 2023 22:13:50 -0000", 30.0),
        ("Tuesday, 14-Nov-23 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:13:20 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("", None),
        ("-5", None),
        ("+5", None),
        ("1e3", None),
        ("inf", None),
        ("nan", None),
        ("soon", None),
        ("٣", None),
        ("9" * 400, None),
        ("Wed, 32 Oct 2015 07:28:00 GMT", None),
        ("Wed, 21 Oct 99999999999999999999 07:28:00 GMT", None),
        ("Wed, 21 Oct 2015 07:28:00 +99999999999999999999", None),
    ],
)
def test_retry_after(value, seconds):
    assert wire.retry_after(answer(status=429, retry_after=value)) == seconds


def test_no_retry_after():
    assert wire.retry_after(answer(status=429)) is None


def test_a_wait_is_at_most_a_quarter_of_an_hour():
    for value in ("901", "999999999", "9" * 18, "Wed, 21 Oct 2099 07:28:00 GMT"):
        assert wire.retry_after(answer(status=429, retry_after=value)) == 900.0
        assert wire.retry_after(answer(status=429, ratelimit_reset=value)) in {900.0, None}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"ratelimit_reset": "12"}, 12.0),
        ({"x_ratelimit_reset": "13"}, 13.0),
        ({"ratelimit_reset": "12", "x_ratelimit_reset": "13"}, 12.0),
        ({"retry_after": "5", "ratelimit_reset": "12"}, 5.0),
        ({"retry_after": "soon", "ratelimit_reset": "12"}, 12.0),
        ({"ratelimit_reset": "soon", "x_ratelimit_reset": "13"}, 13.0),
        ({"ratelimit_reset": "-1"}, None),
    ],
)
def test_the_end_of_the_period_counts_where_no_wait_is_given(headers, seconds):
    assert wire.retry_after(answer(status=429, **headers)) == seconds
    if "retry_after" not in headers:
        # Gateways send it with every answer; then it is no request to wait.
        assert wire.retry_after(answer(status=503, **headers)) is None


@given(st.text(max_size=60) | st.from_regex(r"\w{3}, \d+ Oct \d+ \d+:\d+:\d+ [+-]?\d+"))
def test_any_retry_after_is_a_length_of_time_or_nothing(value):
    seconds = wire.retry_after(answer(status=503, retry_after=value))
    assert seconds is None or (seconds >= 0 and math.isfinite(seconds))


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_success_is_the_status_whatever_the_text(status):
    assert wire.error_for(answer("INVALID API KEY", status)) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (300, CadRedirected),
        (301, CadRedirected),
        (308, CadRedirected),
        (400, CadRefused),
        (401, CadRefused),
        (404, CadRefused),
        (429, CadRateLimited),
        (499, CadRefused),
        (500, CadUnavailable),
        (502, CadUnavailable),
        (522, CadUnavailable),
    ],
)
def test_each_other_status_is_its_own_kind_of_error(status, kind):
    error = wire.error_for(answer("why", status, location="why"))
    assert error is not None
    assert type(error) is kind
    assert (error.status, error.text) == (status, "why")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_who_may_ask_to_wait(status):
    error = wire.error_for(answer(status=status, retry_after="7"))
    assert error is not None
    assert error.retry_after == 7.0


def test_a_refusal_asks_for_no_wait():
    error = wire.error_for(answer("no", 400, retry_after="7"))
    assert error is not None
    assert error.retry_after is None


def test_where_a_redirect_points_is_cut_and_can_be_encoded():
    location = "https://elsewhere.example/\udcff" + "x" * 400
    error = wire.error_for(answer(status=302, location=location))
    assert isinstance(error, CadRedirected)
    assert error.text.startswith("https://elsewhere.example/?xxx")
    assert len(error.text) == wire.MAX_TEXT_LENGTH


def test_a_redirect_to_nowhere():
    error = wire.error_for(answer("moved", 302))
    assert isinstance(error, CadRedirected)
    assert error.text == ""


def test_json_keys_are_read_in_lower_case_at_every_depth():
    read = wire.read_json(answer('{"ActiveCalls": [{"CallID": 1, "Data": {"UnitNum": "A"}}]}'))
    assert read == {"activecalls": [{"callid": 1, "data": {"unitnum": "A"}}]}


def test_the_keys_in_meta_data_are_the_game_servers_own():
    read = wire.read_json(
        answer('{"METADATA": {"callerPlayerId": {"B": 1}}, "Metadatas": {"C": 1}}')
    )
    assert read == {"metadata": {"callerPlayerId": {"B": 1}}, "metadatas": {"c": 1}}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "UNITS ATTACHED",
        '{"activeCalls": [',
        PAGE,
        b'{"title": "\xff"}',
        "[" * 100_000,
        '{"a": ' * 2_000 + "1" + "}" * 2_000,
        "9" * 5_000,
    ],
)
def test_what_is_not_json_is_unreadable(body):
    response = answer(body)
    with pytest.raises(CadUnreadable) as caught:
        wire.read_json(response)
    assert caught.value.status == 200
    assert caught.value.text == wire.error_text(response)


@pytest.mark.parametrize(("text", "message"), [("", "CadRefused"), ("no", "no")])
def test_an_error_has_a_message_for_the_log(text, message):
    assert str(CadRefused(text)) == message


def test_all_errors_are_one_family():
    assert all(
        issubclass(kind, CadError)
        for kind in (CadRateLimited, CadRedirected, CadRefused, CadUnavailable, CadUnreadable)
    )
