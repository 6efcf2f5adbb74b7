"""A local address for a server that another process, or a later step, opens."""

from __future__ import annotations

import random
import socket

# Below the ports that systems give to outgoing connections: one of those would sooner or later be
# taken before the server listens.
_PORTS = range(10_000, 32_000)


def free_address() -> str:
    """Return host and port, as `PUSH_LISTEN` takes them, of an address that is not in use."""
    for port in random.sample(_PORTS, len(_PORTS)):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return f"127.0.0.1:{port}"
    raise OSError("no local port is free")
