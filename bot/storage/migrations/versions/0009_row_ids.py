"""Ids of orders and link requests that are never given again."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TABLES = ("link_requests", "orders")


def upgrade() -> None:
    """Number the rows by a sequence that never goes back, as PostgreSQL does anyway."""
    _rebuild(sqlite_autoincrement=True)


def downgrade() -> None:
    """Number them by the highest id that is there."""
    _rebuild(sqlite_autoincrement=False)


def _rebuild(*, sqlite_autoincrement: bool) -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    for name in _TABLES:
        with op.batch_alter_table(
            name, recreate="always", table_kwargs={"sqlite_autoincrement": sqlite_autoincrement}
        ):
            pass
