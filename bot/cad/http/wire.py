"""Requests and responses as values, and the reading that both API versions share. Pure."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from bot.cad.errors import (
    CadError,
    CadRateLimited,
    CadRedirected,
    CadRefused,
    CadUnavailable,
    CadUnreadable,
    CadWebPage,
)
from bot.cad.values import lower_keys

MAX_TEXT_LENGTH = 300
MAX_RETRY_AFTER = 15 * 60.0  # seconds; a wrong header must not stop the bot for longer

_HTML = re.compile(r"<(?:!doctype html|html|head|body)", re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_RESET_HEADERS = ("ratelimit-reset", "x-ratelimit-reset")
_WRONG_ADDRESS = "backend service reached"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The community's id and API key. The key is a secret and is not part of the repr."""

    community_id: str
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    Body and headers carry the API key; therefore they are not part of the repr.

    Attributes:
        endpoint: the name of the rate limit that counts this request.
        path: relative to the API's base address, with the query.
        body: the JSON object to send; None for no body.
    """

    endpoint: str
    method: str
    path: str
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response, read to its end.

    Attributes:
        headers: names in lower case.
        received_at: Unix time in seconds; dates in `Retry-After` are compared with it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    received_at: float

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 become the replacement character."""
        return self.body.decode("utf-8-sig", errors="replace").strip()


def is_html(text: str, headers: Mapping[str, str]) -> bool:
    """Return True if a response is a web page instead of the CAD's plain text or JSON.

    The content type is not enough: many frameworks label plain text as `text/html`.

    Args:
        text, headers: those of the response.
    """
    labelled = "html" in headers.get("content-type", "").lower()
    return (labelled and text.startswith("<")) or bool(_HTML.match(text))


def error_text(response: Response) -> str:
    """Return the readable text of an error response, at most 300 characters.

    For a web page it is the title, for a JSON error the sentence in it.
    """
    text = response.text
    texts = problem_texts(response)
    sentences = [texts[key] for key in ("detail", "title", "message") if key in texts]
    if sentences:
        text = sentences[0]
    elif is_html(text, response.headers):
        title = _TITLE.search(text)
        text = html.unescape(title[1]).strip() if title else ""
        text = text or "a web page without a title"
    return _shorten(text)


def problem_texts(response: Response) -> Mapping[str, str]:
    """Return the texts of a JSON error by their keys in lower case; empty if there are none.

    Reference: docs/sonoran-cad.md, "Errors are `application/problem+json`".
    """
    try:
        data = _parse_json(response)
    except ValueError:
        return {}
    if not isinstance(data, dict):
        return {}
    texts = {key: value.strip() for key, value in data.items() if isinstance(value, str)}
    return {key: text for key, text in texts.items() if text}


def retry_after(response: Response) -> float | None:
    """Return the seconds that the CAD asks to wait, 0 to `MAX_RETRY_AFTER`; None if it does not.

    `Retry-After` is a number or an HTTP date. A 429 may carry `RateLimit-Reset` or
    `X-RateLimit-Reset` (seconds) instead; on other answers these are no request to wait.
    """
    wait = _seconds(response, "retry-after")
    if wait is None:
        wait = _seconds_until(response, response.headers.get("retry-after", ""))
    if wait is None and response.status == 429:
        resets = (_seconds(response, name) for name in _RESET_HEADERS)
        wait = next((reset for reset in resets if reset is not None), None)
    return None if wait is None else min(MAX_RETRY_AFTER, max(0.0, wait))


def _seconds(response: Response, header: str) -> float | None:
    value = response.headers.get(header, "").strip()
    found = re.fullmatch(r"\d{1,18}(\.\d{1,9})?", value, re.ASCII)
    return float(value) if found else None


def _seconds_until(response: Response, value: str) -> float | None:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return (date - datetime.fromtimestamp(response.received_at, UTC)).total_seconds()


def clock_skew(response: Response) -> float | None:
    """Return the seconds by which our clock is ahead of the server's; None without a date."""
    try:
        date = parsedate_to_datetime(response.headers.get("date", ""))
    except (ValueError, OverflowError):
        return None
    return response.received_at - date.replace(tzinfo=date.tzinfo or UTC).timestamp()


def error_for(response: Response) -> CadError | None:
    """Return the error for an HTTP status, or None for a 2xx.

    Only the status decides about success: the documented success texts are wrong for some
    endpoints (reference: docs/sonoran-cad.md, v1).
    """
    status = response.status
    if 200 <= status < 300:
        return None
    text = error_text(response)
    match status:
        case _ if 300 <= status < 400:
            return CadRedirected(_shorten(response.headers.get("location", "")), status=status)
        case 429:
            return CadRateLimited(text, status=status, retry_after=retry_after(response))
        case _ if status >= 500:
            return CadUnavailable(text, status=status, retry_after=retry_after(response))
        case _:
            return CadRefused(text, status=status)


def check_response(response: Response, classify: Callable[[CadRefused], CadRefused]) -> Response:
    """Return a successful response; raise the error of any other.

    Args:
        classify: converts a refusal to the subclass that its text means in this API version.
    """
    if not 200 <= response.status < 300:
        error = error_for(response)
        if isinstance(error, CadRefused):
            error = classify(error)
        if error is not None:
            raise error
    text = response.text  # once: a list of calls may have megabytes
    if is_html(text, response.headers):
        raise CadWebPage(error_text(response), status=response.status)
    if text[: len(_WRONG_ADDRESS)].lower() == _WRONG_ADDRESS:
        raise CadUnreadable(error_text(response), status=response.status)
    return response


def read_json(response: Response) -> Any:  # noqa: ANN401 - shapes are checked by the readers
    """Parse the body as JSON with its keys in lower case, see `values.lower_keys`.

    Raises:
        CadUnreadable: the body is not JSON.
    """
    try:
        return _parse_json(response)
    except ValueError as error:
        raise CadUnreadable(error_text(response), status=response.status) from error


def _parse_json(response: Response) -> Any:  # noqa: ANN401 - see read_json
    try:
        return lower_keys(json.loads(response.body))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _shorten(text: str) -> str:
    # Headers can hold invalid bytes as lone surrogates, which cannot be encoded as UTF-8.
    text = " ".join(text.encode(errors="replace").decode().split())
    return text if len(text) <= MAX_TEXT_LENGTH else text[: MAX_TEXT_LENGTH - 1] + "…"
