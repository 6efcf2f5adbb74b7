"""Links that wait for an approval, and ids that can be compared."""

import sqlalchemy as sa
from alembic import op

from bot.common.steam_id import identity

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the requests; give each link what the spellings of its id have in common."""
    op.add_column("links", sa.Column("identity", sa.Text()))
    _fill_in()
    with op.batch_alter_table("links") as links:
        links.alter_column("identity", nullable=False)
    op.drop_index("ix_links_guild_id_api_id", "links")
    op.create_index("ix_links_guild_id_identity", "links", ["guild_id", "identity"])
    op.create_table(
        "link_requests",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("discord_id", sa.BigInteger(), nullable=False),
        sa.Column("api_id", sa.String(200), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("account_name", sa.Text()),
        sa.Column("holders", sa.Text(), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.Text()),
        sa.Column("reply_id", sa.BigInteger()),
        sa.Column("channel_id", sa.BigInteger()),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("decided_by", sa.BigInteger()),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_link_requests"),
    )
    op.create_index(
        "ix_link_requests_guild_id_discord_id", "link_requests", ["guild_id", "discord_id"]
    )
    op.create_index("ix_link_requests_state", "link_requests", ["state"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_link_requests_state", "link_requests")
    op.drop_index("ix_link_requests_guild_id_discord_id", "link_requests")
    op.drop_table("link_requests")
    op.drop_index("ix_links_guild_id_identity", "links")
    op.create_index("ix_links_guild_id_api_id", "links", ["guild_id", "api_id"])
    op.drop_column("links", "identity")


def _fill_in() -> None:
    links = sa.table(
        "links",
        sa.column("guild_id", sa.BigInteger()),
        sa.column("discord_id", sa.BigInteger()),
        sa.column("api_id", sa.String()),
        sa.column("identity", sa.Text()),
    )
    connection = op.get_bind()
    rows = connection.execute(sa.select(links.c.guild_id, links.c.discord_id, links.c.api_id))
    values = [
        {
            "guild": row.guild_id,
            "person": row.discord_id,
            "identity_": identity(row.api_id),
        }
        for row in rows
    ]
    if values:
        connection.execute(
            sa.update(links)
            .where(
                links.c.guild_id == sa.bindparam("guild"),
                links.c.discord_id == sa.bindparam("person"),
            )
            .values(identity=sa.bindparam("identity_")),
            values,
        )
