"""Leases that several workers share, updates known by what they bring, and who works here."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    op.add_column("inbox", sa.Column("lease", sa.Text()))
    op.add_column("inbox", sa.Column("source", sa.Text()))
    op.add_column("inbox", sa.Column("effected", sa.Boolean()))
    partial_index("uq_inbox_source", "inbox", ["source"], "source IS NOT NULL", unique=True)
    op.add_column("timer", sa.Column("lease", sa.Text()))
    op.add_column("timer", sa.Column("lease_until", sa.Double()))
    partial_index("ix_timer_ended", "timer", ["ended_at"], "ended_at IS NOT NULL")
    op.drop_index("ix_outbox_due", "outbox")
    op.drop_index("ix_outbox_mission", "outbox")
    partial_index("ix_outbox_due", "outbox", ["due_at", "id"], "state = 'owed' AND finished_at IS NULL")
    partial_index("ix_outbox_mission", "outbox", ["mission", "kind"], "state = 'owed' AND finished_at IS NULL")
    partial_index("ix_outbox_finished", "outbox", ["finished_at"], "finished_at IS NOT NULL")
    partial_index("ix_sent_deleted", "sent", ["deleted_at"], "deleted_at IS NOT NULL")
    partial_index(
        "ix_sent_of_no_mission",
        "sent",
        ["sent_at"],
        "mission IS NULL AND card IS NULL AND deleted_at IS NULL",
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("alive_until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
    )


def lost(connection: sa.Connection) -> list[str]:
    """What the version before cannot keep, in words for whoever asked to go back."""
    counted = {
        "notices are owed that it has no words for": "SELECT count(*) FROM outbox WHERE finished_at IS NULL"
        " AND (kind LIKE 'watch.%' OR kind LIKE 'outage.%')",
    }
    counts = {words: connection.execute(sa.text(query)).scalar_one() for words, query in counted.items()}
    return [f"{count} {words}" for words, count in counts.items() if count]


def downgrade() -> None:
    # The version before knows nobody who waits for these: each would fail three times.
    op.execute(
        "UPDATE timer SET state = 'stopped' WHERE state = 'pending'"
        " AND (kind LIKE 'watch.%' OR kind LIKE 'outage.%')"
    )
    op.drop_table("worker")
    op.drop_index("ix_sent_of_no_mission", "sent")
    op.drop_index("ix_sent_deleted", "sent")
    op.drop_index("ix_outbox_finished", "outbox")
    op.drop_index("ix_outbox_due", "outbox")
    op.drop_index("ix_outbox_mission", "outbox")
    partial_index("ix_outbox_due", "outbox", ["due_at", "id"], "state = 'owed'")
    partial_index("ix_outbox_mission", "outbox", ["mission", "kind"], "state = 'owed'")
    op.drop_index("ix_timer_ended", "timer")
    op.drop_column("timer", "lease_until")
    op.drop_column("timer", "lease")
    op.drop_index("uq_inbox_source", "inbox")
    op.drop_column("inbox", "effected")
    op.drop_column("inbox", "source")
    op.drop_column("inbox", "lease")
