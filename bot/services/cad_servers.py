"""The servers that a community has at the CAD."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.services.errors import NoSuchServer


@dataclass(frozen=True, slots=True)
class CadServers:
    """The servers of one community; all of them are polled with the same key.

    Attributes:
        default_id: the server of commands and push events that name none.
        names: the name of each server by its id, in the order of the settings; empty for none.
        labels: the words for each server by its id, also for one that the settings do not list;
            empty for the only server of a community.
    """

    default_id: int
    names: Mapping[int, str]
    labels: Mapping[int, str] = field(init=False)

    def __post_init__(self) -> None:
        """Derive the labels."""
        if len(self.names) == 1:
            labels = _Labels(dict.fromkeys(self.names, ""))
        else:
            labels = _Labels({server_id: name for server_id, name in self.names.items() if name})
        object.__setattr__(self, "labels", labels)

    def choose(self, server_id: int | None) -> int:
        """Return the server that a command is about.

        Where the settings list one server alone, others may exist, so the CAD decides.

        Raises:
            NoSuchServer: the settings list several servers, and not this one.
        """
        if server_id is None:
            return self.default_id
        if len(self.names) > 1 and server_id not in self.names:
            raise NoSuchServer(server_id, self.names)
        return server_id


class _Labels(dict[int, str]):
    """Labels by server id; a server that is not listed is named by its id."""

    def __missing__(self, server_id: int) -> str:
        return f"Server {server_id}"
