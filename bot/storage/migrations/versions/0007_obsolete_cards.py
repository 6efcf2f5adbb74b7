"""What each card is about, and the messages of cards that are to be deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them."""
    op.add_column("cards", sa.Column("subject", sa.String(40)))
    op.create_table(
        "obsolete_cards",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("delete_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_obsolete_cards"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("obsolete_cards")
    with op.batch_alter_table("cards") as cards:
        cards.drop_column("subject")
