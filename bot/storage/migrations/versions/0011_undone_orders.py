"""Orders that were undone: by which order, so that each is undone at most once."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("orders", sa.Column("undone_by", sa.BigInteger))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("orders", "undone_by")
