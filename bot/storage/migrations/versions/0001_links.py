"""Links and the fingerprints of synced commands."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the first tables."""
    op.create_table(
        "links",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("discord_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("api_id", sa.String(200), nullable=False),
        sa.Column("set_by", sa.BigInteger(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "discord_id", name="pk_links"),
    )
    op.create_index("ix_links_guild_id_api_id", "links", ["guild_id", "api_id"])
    op.create_table(
        "command_sync",
        sa.Column("scope", sa.String(100), nullable=False),
        sa.Column("fingerprint", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_command_sync"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("command_sync")
    op.drop_index("ix_links_guild_id_api_id", "links")
    op.drop_table("links")
