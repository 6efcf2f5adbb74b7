"""`python -m sandbox` as a process: it starts on a free port and stops on a signal."""

from __future__ import annotations

import socket

import pytest

from sandbox.process import SandboxFailed, running_sandbox

pytestmark = pytest.mark.process


async def test_a_port_that_is_taken_is_left_alone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        async with running_sandbox("--cad-port", port, "--discord-port", port) as addresses:
            assert f":{port}/" not in addresses.cad
            assert f":{port}/" not in addresses.discord
    # Leaving the block has stopped it with SIGTERM; any exit code but 0 would have raised.


async def test_what_went_wrong_is_told() -> None:
    with pytest.raises(SandboxFailed, match="No such option"):
        async with running_sandbox("--nonsense"):
            pass
