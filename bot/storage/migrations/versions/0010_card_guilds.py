"""The guild of each card: two communities may both have a call 100 on a server 1."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_KEY = ("server_id", "kind", "call_id")


def _guild() -> sa.Column[int]:
    return sa.Column("guild_id", sa.BigInteger(), nullable=False, server_default="0")


def upgrade() -> None:
    """Add it; 0 stands for the guild of the settings, see `CardStore.adopt`."""
    with op.batch_alter_table("cards") as cards:
        cards.add_column(_guild())
        cards.drop_constraint("pk_cards", type_="primary")
        cards.create_primary_key("pk_cards", [*_KEY, "guild_id"])
    op.create_index("ix_cards_guild_id", "cards", ["guild_id"])
    with op.batch_alter_table("obsolete_cards") as obsolete_cards:
        obsolete_cards.add_column(_guild())
    op.create_index("ix_obsolete_cards_guild_id", "obsolete_cards", ["guild_id"])


def downgrade() -> None:
    """Drop it, with the cards that only the guild told apart."""
    op.drop_index("ix_obsolete_cards_guild_id", "obsolete_cards")
    with op.batch_alter_table("obsolete_cards") as obsolete_cards:
        obsolete_cards.drop_column("guild_id")
    op.drop_index("ix_cards_guild_id", "cards")
    op.execute(
        "DELETE FROM cards WHERE EXISTS (SELECT 1 FROM cards AS other WHERE"
        " other.server_id = cards.server_id AND other.kind = cards.kind"
        " AND other.call_id = cards.call_id AND other.guild_id < cards.guild_id)"
    )
    with op.batch_alter_table("cards") as cards:
        cards.drop_constraint("pk_cards", type_="primary")
        cards.drop_column("guild_id")
        cards.create_primary_key("pk_cards", [*_KEY])
