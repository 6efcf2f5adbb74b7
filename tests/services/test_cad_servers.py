"""The words for a server."""

from __future__ import annotations

import pytest

from bot.services.cad_servers import CadServers
from bot.services.errors import NoSuchServer

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


@pytest.mark.parametrize(
    ("servers", "typed", "chosen"), [(ONE, None, 1), (ONE, 9, 9), (TWO, None, 1), (TWO, 2, 2)]
)
def test_a_command_is_about_a_listed_server(servers: CadServers, typed: int | None, chosen: int):
    assert servers.choose(typed) == chosen


def test_a_server_that_a_longer_list_lacks_is_refused():
    with pytest.raises(NoSuchServer) as raised:
        TWO.choose(9)
    assert (raised.value.server_id, raised.value.names) == (9, TWO.names)
