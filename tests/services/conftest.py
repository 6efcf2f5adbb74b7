from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.cad.server import CadServer
from sandbox.cad.state import seed
from tests.fake_time import FakeTime
from tests.services.queue_fixture import QueueFixture
from tests.services.verification.verifier_fixture import VerifierFixture


@pytest.fixture(params=[1, 2], ids=["v1", "v2"])
def version(request: pytest.FixtureRequest) -> int:
    """Say which API the CAD speaks."""
    return int(request.param)


@pytest.fixture
async def queue_fixture(
    tmp_path: Path, version: int, empty_file: Path
) -> AsyncIterator[QueueFixture]:
    queue_fixture = QueueFixture(tmp_path / "dispatch.db", version)
    shutil.copy(empty_file, queue_fixture.file)
    await queue_fixture.open()
    yield queue_fixture
    await queue_fixture.close()


@pytest.fixture
async def verifier_fixture(
    tmp_path: Path, version: int, empty_file: Path
) -> AsyncIterator[VerifierFixture]:
    """Open the pretend CAD, with the limits of the real one, and what proves ids with it."""
    time = FakeTime()
    async with CadServer(seed.build_world(), clock=time.monotonic) as cad:
        cad.world.behaviour.rate_limits = True
        verifier_fixture = VerifierFixture(tmp_path / "dispatch.db", version, cad, time)
        shutil.copy(empty_file, verifier_fixture.file)
        await verifier_fixture.open()
        yield verifier_fixture
        await verifier_fixture.close()


v1 = pytest.mark.parametrize("version", [1], indirect=False, ids=["v1"])
v2 = pytest.mark.parametrize("version", [2], indirect=False, ids=["v2"])
