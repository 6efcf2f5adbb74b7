"""The codec's requests and the pretend CAD's answers against the vendor's description of v2."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import aiohttp
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cad.codec import v2, v2_accounts, v2_calls, v2_layouts
from bot.cad.http.wire import Credentials, Request
from bot.cad.models import AttachRequest, DetachRequest, NewCall, UnitRef
from sandbox.cad.api.v2 import ENDPOINTS
from sandbox.cad.server import CadServer
from sandbox.cad.state.seed import (
    API_KEY,
    ARMED_ROBBERY,
    COMMUNITY_ID,
    PAT,
    STRUCTURE_FIRE,
    build_world,
)

VARIABLE = "SONORAN_OPENAPI"
if VARIABLE not in os.environ:
    pytest.skip(
        f"set {VARIABLE} to the path of the vendor's OpenAPI document of v2",
        allow_module_level=True,
    )

# What the document leaves out or gets wrong; reference: docs/sonoran-cad.md, v2. Its bodies show
# one way of naming units, as a string; the pages of the endpoints list all of them.
TARGETS: dict[str, object] = {
    "communityUserId": "player-1234",
    "communityUserIds": ["player-1234"],
    "identIds": [12],
    "discord": "123456789012345678",
    "roblox": 1,
    "accountUuid": "00000000-0000-0000-0000-000000000000",
}
MISSING_PARAMETERS = {
    "/v2/general/accounts/account": {"discord": "string"},
}

# Newer than the document; docs/sonoran-cad.md has the page of the endpoint.
UNDOCUMENTED = {"granular_permissions", "permission_catalog"}
UNDOCUMENTED_ENDPOINTS = {"permissions", "permission catalog"}

WHO = Credentials(COMMUNITY_ID, API_KEY)
FITS = {
    "integer": re.compile(r"-?\d+").fullmatch,
    "boolean": re.compile("true|false").fullmatch,
    "string": re.compile(r"(?s).+").fullmatch,
}

_numbers = st.integers(0, 10**9)
_texts = st.text(st.characters(codec="utf-8"), min_size=1)
_subjects = st.lists(st.builds(UnitRef, _texts, st.none() | _numbers), min_size=1, max_size=4).map(
    tuple
)
_who = st.just(WHO)
_new_calls = st.builds(
    NewCall,
    _numbers,
    _texts,
    priority=st.integers(1, 3),
    status=st.integers(0, 2),
    meta=st.dictionaries(_texts, _texts, max_size=3),
    units=_subjects | st.just(()),
)
BUILDERS: dict[str, st.SearchStrategy[Sequence[Request]]] = {
    "new_dispatch": st.tuples(st.builds(v2_calls.new_dispatch, _who, _new_calls)),
    "close_call": st.tuples(st.builds(v2_calls.close_call, _who, _numbers, _numbers)),
    "add_note": st.tuples(st.builds(v2_calls.add_note, _who, _numbers, _numbers, _texts, _texts)),
    "remove_911": st.tuples(st.builds(v2.remove_911, _who, _numbers, _numbers)),
    "set_status": st.tuples(
        st.builds(
            v2.set_status,
            _who,
            _numbers,
            st.builds(UnitRef, _texts, st.none() | _numbers),
            st.integers(0, 100),
        )
    ),
    "attach": st.builds(v2.attach, _who, st.builds(AttachRequest, _numbers, _numbers, _subjects)),
    "detach": st.builds(v2.detach, _who, st.builds(DetachRequest, _numbers, _subjects)),
    "get_calls": st.tuples(st.builds(v2_calls.get_calls, _who, _numbers)),
    "set_primary": st.tuples(
        st.builds(v2_calls.set_primary, _who, _numbers, _numbers, _numbers, track=st.booleans())
    ),
    "get_recent_calls": st.tuples(st.builds(v2_calls.get_recent_calls, _who, _numbers)),
    "get_units": st.tuples(st.builds(v2.get_units, _who, _numbers, offset=_numbers)),
    "get_layouts": st.tuples(st.builds(v2_layouts.get_layouts, _who)),
    "account_by_discord": st.tuples(st.builds(v2_accounts.account_by_discord, _who, _numbers)),
    "account_by_uuid": st.tuples(st.builds(v2_accounts.account_by_uuid, _who, _texts)),
    "account_by_community_user": st.tuples(
        st.builds(v2_accounts.account_by_community_user, _who, _texts)
    ),
    "check_link": st.tuples(st.builds(v2_accounts.check_link, _who, _texts)),
    "general": st.tuples(
        st.builds(v2_accounts.general, _who, st.sampled_from([v2.INFO, v2.VERSION, v2.SERVERS]))
    ),
    "current_call": st.tuples(st.builds(v2.current_call, _who, _texts)),
}


@dataclass(frozen=True)
class Documented:
    """One operation of the document, with the values of its path parameters."""

    template: str
    operation: Mapping[str, Any]
    values: Mapping[str, str]

    def parameters(self, place: str) -> dict[str, tuple[str, bool]]:
        """Return the type of each parameter, and whether it is required."""
        declared = {
            entry["name"]: (entry["schema"]["type"], entry["required"])
            for entry in self.operation.get("parameters", [])
            if entry["in"] == place
        }
        missing = MISSING_PARAMETERS.get(self.template, {}) if place == "query" else {}
        return declared | {name: (kind, False) for name, kind in missing.items()}

    @property
    def responses(self) -> dict[int, Any]:
        """The answers by status, which the document writes as a number or as a text."""
        return {int(status): one for status, one in self.operation["responses"].items()}

    def answer(self, status: int) -> Mapping[str, Any]:
        """Return the documented contents of an answer by their types."""
        content: Mapping[str, Any] = self.responses[status]["content"]
        return content


class Document:
    """The vendor's document."""

    def __init__(self, path: Path) -> None:
        whole: Mapping[str, Any] = yaml.safe_load(path.read_text())
        self.paths: Mapping[str, Any] = whole["paths"]
        self._schemas: Mapping[str, Any] = whole["components"]["schemas"]

    def names(self, content: Mapping[str, Any]) -> set[str]:
        """Return the names in an answer, by its example or by the schema of a list's entries."""
        if "example" in content:
            return set(content["example"])
        schema: str = content["schema"]["items"]["$ref"].rpartition("/")[2]
        return set(self._schemas[schema]["properties"])

    def find(self, method: str, path: str) -> Documented:
        """Find the operation of a request: the match with the fewest parameters."""
        found = [
            Documented(template, item[method.lower()], match.groupdict())
            for template, item in self.paths.items()
            if method.lower() in item and (match := _pattern(template).fullmatch(path))
        ]
        assert found, f"{method} {path} is not documented"
        return min(found, key=lambda one: len(one.values))


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))


@pytest.fixture(scope="module")
def document() -> Document:
    return Document(Path(os.environ[VARIABLE]))


def test_every_builder_of_the_codec_is_checked():
    builders = {
        name
        for module in (v2, v2_accounts, v2_calls, v2_layouts)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith(("_", "build_"))
        and "Request" in str(inspect.signature(function).return_annotation)
    }
    assert builders == set(BUILDERS) | UNDOCUMENTED


@pytest.mark.parametrize("name", BUILDERS)
@settings(max_examples=50)
@given(data=st.data())
def test_every_request_is_one_that_is_documented(
    document: Document, name: str, data: st.DataObject
):
    for request in data.draw(BUILDERS[name]):
        parts = urlsplit(request.path)
        documented = document.find(request.method, parts.path)
        check_parameters(documented, parts.query)
        check_body(documented, request)
        check_headers(documented, request)


def check_parameters(documented: Documented, query: str) -> None:
    for name, (kind, _) in documented.parameters("path").items():
        assert FITS[kind](unquote(documented.values[name])), name
    declared = documented.parameters("query")
    given_ = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    for name, value in given_.items():
        assert name in declared, f"{name} is not a parameter of {documented.template}"
        assert FITS[declared[name][0]](value), name
    assert {name for name, (_, required) in declared.items() if required} <= set(given_)


def check_body(documented: Documented, request: Request) -> None:
    body = documented.operation.get("requestBody")
    if body is None or request.body is None:
        assert request.body is None
        assert body is None or not body["required"]
        return
    content = body["content"]["application/json"]
    shown = content.get("example", {}) | content["schema"].get("properties", {})
    # A body that shows one way of naming units accepts the other ways as well.
    if TARGETS.keys() & shown.keys():
        shown |= TARGETS
    assert set(request.body) <= set(shown)
    for name, value in request.body.items():
        assert is_alike(value, shown[name]), name


def is_alike(value: object, shown: object) -> bool:
    """Return True if two values, and the entries of two lists, have the same type."""
    if isinstance(value, list) and isinstance(shown, list):
        return {type(entry) for entry in value} <= {type(entry) for entry in shown}
    return type(value) is type(shown)


def check_headers(documented: Documented, request: Request) -> None:
    (success,) = (status for status in documented.responses if status < 300)
    assert request.headers["Accept"] in documented.answer(success)
    assert any("bearerAuth" in one for one in documented.operation["security"])
    assert request.headers["Authorization"].startswith("Bearer ")


SERVER = "/v2/emergency/servers/1"
PAT_HIMSELF = "00000000-0000-4000-8000-198836490351"
ANSWERED: dict[str, tuple[str, object]] = {
    "attach": (f"{SERVER}/dispatch-calls/{ARMED_ROBBERY}/attachments", {"identIds": [1]}),
    "detach": (f"{SERVER}/dispatch-calls/attachments", {"identIds": [1]}),
    "calls": (f"{SERVER}/calls?closedLimit=1&closedOffset=0&type=100", None),
    "layouts": ("/v2/emergency/dispatch-templates", None),
    "units": (f"{SERVER}/units?includeOffline=false&onlyUnits=false&limit=9&offset=0", None),
    "current call": (f"/v2/emergency/accounts/{PAT_HIMSELF}/current-call", None),
    "new dispatch": (f"{SERVER}/dispatch-calls", {"title": "Riot", "communityUserIds": []}),
    "close": (f"{SERVER}/dispatch-calls/close", {"callIds": [STRUCTURE_FIRE]}),
    "primary": (f"{SERVER}/dispatch-calls/{ARMED_ROBBERY}/primary", {"identId": 1}),
    "note": (f"{SERVER}/dispatch-calls/{ARMED_ROBBERY}/notes", {"note": "x"}),
    "911": (f"{SERVER}/calls/911", {"caller": "Jo"}),
    "remove 911": (f"{SERVER}/calls/911/1", None),
    "status": (f"{SERVER}/units/status", {"identIds": [1], "status": 3}),
    "account": ("/v2/general/accounts/account?username=pat", None),
    "link": ("/v2/general/links/check", {"communityUserId": PAT.hex}),
    "info": ("/v2/general/info", None),
    "servers": ("/v2/general/servers", None),
    "version": ("/v2/general/version", None),
}


@pytest.mark.parametrize(
    "endpoint",
    [one for one in ENDPOINTS if one.name not in UNDOCUMENTED_ENDPOINTS],
    ids=lambda one: one.name,
)
async def test_the_pretend_cad_answers_as_documented(document: Document, endpoint: Any):
    path, body = ANSWERED[endpoint.name]
    documented = document.find(endpoint.method, path.partition("?")[0])
    assert re.sub(r":[^/]*\}", "}", endpoint.path) == documented.template
    async with (
        CadServer(build_world()) as cad,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {API_KEY}"}) as session,
        session.request(endpoint.method, cad.url + path, json=body) as answer,
    ):
        content = documented.answer(answer.status)[answer.content_type]
        told = await answer.json()
    # The document shows a list as its only entry.
    for entry in told if isinstance(told, list) else [told]:
        assert set(entry) == document.names(content)
