"""What the CAD knows of a link, and the checks of all links of a guild."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the proofs; links so far are unproven. Create the checks."""
    op.add_column("links", sa.Column("account_name", sa.Text()))
    op.add_column("links", sa.Column("account_uuid", sa.Text()))
    op.add_column("links", sa.Column("proven_at", sa.DateTime(timezone=True)))
    op.add_column("links", sa.Column("checked_at", sa.DateTime(timezone=True)))
    op.add_column("links", sa.Column("other_account", sa.Text()))
    op.create_index("ix_links_proven_at_checked_at", "links", ["proven_at", "checked_at"])
    op.create_table(
        "link_checks",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name="pk_link_checks"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("link_checks")
    op.drop_index("ix_links_proven_at_checked_at", "links")
    with op.batch_alter_table("links") as links:
        for column in (
            "other_account",
            "checked_at",
            "proven_at",
            "account_uuid",
            "account_name",
        ):
            links.drop_column(column)
