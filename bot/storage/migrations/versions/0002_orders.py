"""Orders, and where a link came from."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the orders; links so far were set by people."""
    op.add_column(
        "links", sa.Column("source", sa.String(10), nullable=False, server_default="person")
    )
    # The default was for the rows that existed; from now on the bot always says the source.
    with op.batch_alter_table("links") as links:
        links.alter_column("source", server_default=None)
    op.create_table(
        "orders",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("call_id", sa.BigInteger()),
        sa.Column("units", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.Text()),
        sa.Column("reply_id", sa.BigInteger()),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("people", sa.Text(), nullable=False),
        sa.Column("resolution", sa.Text()),
        sa.Column("outcome", sa.Text()),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
    )
    op.create_index("ix_orders_guild_id_id", "orders", ["guild_id", "id"])
    op.create_index("ix_orders_state", "orders", ["state"])
    op.create_index("ix_orders_created_at", "orders", ["created_at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_orders_created_at", "orders")
    op.drop_index("ix_orders_state", "orders")
    op.drop_index("ix_orders_guild_id_id", "orders")
    op.drop_table("orders")
    op.drop_column("links", "source")
