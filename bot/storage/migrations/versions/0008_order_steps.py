"""Orders of all kinds: what an order says beside its units, and how far it has come."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("orders", sa.Column("detail", sa.Text))
    op.add_column("orders", sa.Column("step", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("orders", "step")
    op.drop_column("orders", "detail")
