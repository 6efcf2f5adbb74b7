"""Orders without an index that no query uses: each of an order's writes had to keep it up."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_orders_state", "orders")


def downgrade() -> None:
    """Create it again."""
    op.create_index("ix_orders_state", "orders", ["state"])
