"""Who asks to join, when each may be asked, who is on duty, and what the coordinateur changes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    op.add_column("organisation", sa.Column("lines", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("person", sa.Column("weekly", sa.Text(), nullable=False, server_default="[]"))
    op.add_column(
        "person", sa.Column("out_of_hours", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("person", sa.Column("available_until", MOMENT))
    op.add_column("person", sa.Column("checked_at", MOMENT))
    op.add_column("person", sa.Column("left_at", MOMENT))
    op.add_column("offer", sa.Column("wave", sa.Integer(), nullable=False, server_default="0"))
    partial_index("ix_offer_wave", "offer", ["at", "person"], "wave > 0")
    op.create_table(
        "application",
        sa.Column("id", ID, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("aggregate", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('filling', 'waiting', 'accepted', 'refused', 'withdrawn')",
            name=op.f("ck_application_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
    )
    op.create_index(op.f("ix_application_user_id_id"), "application", ["user_id", "id"])
    open_ones = "state IN ('filling', 'waiting')"
    partial_index("uq_application_user_id", "application", ["user_id"], open_ones, unique=True)
    partial_index("ix_application_waiting", "application", ["asked_at", "id"], "state = 'waiting'")
    op.create_table(
        "duty",
        sa.Column("id", ID, nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("sector", sa.Text()),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("begins", MOMENT, nullable=False),
        sa.Column("ends", MOMENT, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "step IN ('medecin_traitant', 'effecteur_sas', 'garde', 'sos_medecin', 'selas')",
            name=op.f("ck_duty_step"),
        ),
        sa.CheckConstraint("begins < ends", name=op.f("ck_duty_period")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty")),
    )
    op.create_index(op.f("ix_duty_ends_begins"), "duty", ["ends", "begins"])
    op.create_index(op.f("ix_duty_source"), "duty", ["source"])
    op.create_table(
        "region_change",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("author", ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.Column("revoked_by", ID),
        sa.ForeignKeyConstraint(["author"], ["person.id"], name=op.f("fk_region_change_author_person")),
        sa.ForeignKeyConstraint(
            ["revoked_by"], ["person.id"], name=op.f("fk_region_change_revoked_by_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_region_change")),
    )
    op.create_table(
        "commune_sector",
        sa.Column("insee", sa.Text(), nullable=False),
        sa.Column("sector", sa.Text(), nullable=False),
        sa.Column("mmg", sa.Boolean(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("insee", name=op.f("pk_commune_sector")),
    )


def lost(connection: sa.Connection) -> list[str]:
    """What the version before cannot keep, in words for whoever asked to go back."""
    counted = {
        "people have asked to join and were not answered": "SELECT count(*) FROM application"
        " WHERE state IN ('filling', 'waiting')",
        "people have said on which hours they may be asked": "SELECT count(*) FROM person"
        " WHERE weekly <> '[]' OR out_of_hours",
        "houses have several telephone lines": "SELECT count(*) FROM organisation WHERE lines <> '[]'",
        "turns of duty were imported": "SELECT count(*) FROM duty",
        "changes of the region are in force": "SELECT count(*) FROM region_change WHERE revoked_at IS NULL",
        "communes have an imported sector": "SELECT count(*) FROM commune_sector",
    }
    counts = {words: connection.execute(sa.text(query)).scalar_one() for words, query in counted.items()}
    return [f"{count} {words}" for words, count in counts.items() if count]


def downgrade() -> None:
    for table in ("commune_sector", "region_change", "duty", "application"):
        op.drop_table(table)
    op.drop_index("ix_offer_wave", "offer")
    op.drop_column("offer", "wave")
    for column in ("left_at", "checked_at", "available_until", "out_of_hours", "weekly"):
        op.drop_column("person", column)
    op.drop_column("organisation", "lines")
