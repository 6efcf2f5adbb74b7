"""Who is who: which CAD id a Discord person has in a guild."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import batched
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, select

from bot.storage.tables import links
from bot.storage.upsert import upsert

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.storage.database import Database
