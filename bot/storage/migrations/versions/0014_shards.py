"""Which process owns the guilds of a shard, and for how long."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "shards",
        sa.Column("shard_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("worker_id", sa.String(100), nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shard_id", name="pk_shards"),
        sa.UniqueConstraint("shard_id", "epoch", name="uq_shards_shard_id_epoch"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("shards")
