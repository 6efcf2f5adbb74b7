"""Orders are found by the message that holds their reply."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the index."""
    op.create_index("ix_orders_reply_id", "orders", ["reply_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_orders_reply_id", "orders")
