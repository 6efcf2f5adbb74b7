"""`python -m bot keys`: the keys that seal API keys, from the first to the next one."""

from __future__ import annotations

import re

import pytest

from tests.process.conftest import SETTINGS, Run

CANARY = "canary-key-value"


@pytest.fixture
def adopted(run: Run, monkeypatch: pytest.MonkeyPatch) -> str:
    """Store an API key, sealed with a new key, which is returned."""
    key = run("keys", "new").stdout.strip()
    for name, value in {**SETTINGS, "SONORAN_API_KEY": CANARY, "SECRETS_KEYS": key}.items():
        monkeypatch.setenv(name, value)
    assert run("guilds", "adopt").exit_code == 0
    return key


def test_a_new_key_is_all_that_is_printed(run: Run):
    result = run("keys", "new")
    assert (result.exit_code, result.stderr) == (0, "")
    assert re.fullmatch(r"[\w-]{43}\n", result.stdout)


@pytest.mark.parametrize("command", ["check", "rotate"])
def test_without_a_key_there_is_nothing_to_do_it_with(run: Run, command: str):
    result = run("keys", command)
    assert result.exit_code == 2
    assert result.stderr == "The settings cannot be used:\nSECRETS_KEYS: is not set\n"


def test_a_key_is_replaced_by_a_new_one(run: Run, adopted: str, monkeypatch: pytest.MonkeyPatch):
    new = run("keys", "new").stdout.strip()
    monkeypatch.setenv("SECRETS_KEYS", f"{new},{adopted}")
    assert run("keys", "check").stdout == (
        "API keys sealed with the newest key of SECRETS_KEYS: 0, with an older one: 1.\n"
    )
    assert run("keys", "rotate").stdout == (
        "API keys sealed with the newest key of SECRETS_KEYS now: 1, before: 0.\n"
    )
    monkeypatch.setenv("SECRETS_KEYS", new)
    result = run("keys", "check")
    assert (result.exit_code, result.stdout) == (
        0,
        "API keys sealed with the newest key of SECRETS_KEYS: 1, with an older one: 0.\n",
    )


@pytest.mark.usefixtures("adopted")
@pytest.mark.parametrize("command", ["check", "rotate"])
def test_an_api_key_that_does_not_open_is_named_by_its_community(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: str
):
    monkeypatch.setenv("SECRETS_KEYS", run("keys", "new").stdout.strip())
    result = run("keys", command)
    assert result.exit_code == 2
    assert result.stderr == (
        "The API key of community sandbox cannot be opened: no key of SECRETS_KEYS fits.\n"
    )
    assert CANARY not in result.output
