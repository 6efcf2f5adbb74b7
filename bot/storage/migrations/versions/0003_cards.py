"""The call cards."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the cards."""
    op.create_table(
        "cards",
        sa.Column("server_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("call_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("pinged", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("server_id", "kind", "call_id", name="pk_cards"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("cards")
