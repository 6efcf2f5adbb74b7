from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.office import Office


@pytest.fixture(params=[1, 2], ids=["v1", "v2"])
def version(request: pytest.FixtureRequest) -> int:
    """Say which API the CAD speaks."""
    return int(request.param)


@pytest.fixture
async def office(tmp_path: Path, version: int) -> AsyncIterator[Office]:
    office = Office(tmp_path / "dispatch.db", version)
    await office.open()
    yield office
    await office.close()


v1 = pytest.mark.parametrize("version", [1], indirect=False, ids=["v1"])
v2 = pytest.mark.parametrize("version", [2], indirect=False, ids=["v2"])
