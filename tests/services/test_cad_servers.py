"""The words for a server."""

from __future__ import annotations

import pytest

from bot.services.cad_servers import CadServers

ONE = CadServers(1, {1: "Los Santos"})
TWO = CadServers(1, {1: "Los Santos", 2: ""})


@pytest.mark.parametrize(
    ("servers", "server_id", "words"),
    [
        (ONE, 1, ""),
        (ONE, 2, "Server 2"),
        (TWO, 1, "Los Santos"),
        (TWO, 2, "Server 2"),
        (TWO, 3, "Server 3"),
    ],
)
def test_only_where_it_could_be_mistaken_a_server_is_named(
    servers: CadServers, server_id: int, words: str
):
    assert servers.labels[server_id] == words
