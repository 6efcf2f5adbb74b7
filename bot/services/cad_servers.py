"""The servers that a community has at the CAD."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CadServers:
    """The servers of one community; all of them are polled with the same key.

    Attributes:
        default_id: the server of commands and push events that name none.
        names: the name of each server by its id, in the order of the settings; empty for none.
    """

    default_id: int
    names: Mapping[int, str]

    def label(self, server_id: int) -> str:
        """Return the words for a server; empty for the only server of a community."""
        if len(self.names) == 1 and server_id in self.names:
            return ""
        return self.names.get(server_id) or f"Server {server_id}"
