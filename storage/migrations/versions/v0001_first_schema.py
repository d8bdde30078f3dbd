"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Written out here, not taken from storage.tables: that module goes on, this migration never changes.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    op.create_table(
        "chat_migration",
        sa.Column("old", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("new", sa.BigInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("old", name=op.f("pk_chat_migration")),
    )
    op.create_index(op.f("ix_chat_migration_new"), "chat_migration", ["new"])
    op.create_table(
        "stranger",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("accepted_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_stranger")),
    )
    op.create_table(
        "inbox",
        sa.Column("update_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("lease_until", sa.Double()),
        sa.CheckConstraint(
            "state IN ('received', 'working', 'done', 'set_aside')", name=op.f("ck_inbox_state")
        ),
        sa.PrimaryKeyConstraint("update_id", name=op.f("pk_inbox")),
    )
    partial_index("ix_inbox_lane", "inbox", ["lane", "update_id"], "state IN ('received', 'working')")
    partial_index("ix_inbox_lease", "inbox", ["lease_until"], "state = 'working'")
    partial_index("ix_inbox_ready", "inbox", ["update_id"], "state = 'received'")
    op.create_table(
        "lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "mission_number",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_mission_number")),
    )
    op.create_table(
        "organisation",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cascade_step", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text()),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("on_telegram", sa.Boolean(), nullable=False),
        sa.Column("chat_id", sa.BigInteger()),
        sa.CheckConstraint(
            "cascade_step IN ('medecin_traitant', 'effecteur_sas', 'garde', 'sos_medecin', 'selas')",
            name=op.f("ck_organisation_cascade_step"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("chat_id", name=op.f("uq_organisation_chat_id")),
    )
    op.create_table(
        "person",
        sa.Column("id", ID, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text()),
        sa.Column("email", sa.Text()),
        sa.Column("rpps", sa.Text()),
        sa.Column("commune", sa.Text()),
        sa.Column("sectors", sa.Text(), nullable=False),
        sa.Column("cascade_step", sa.Text()),
        sa.Column("capabilities", sa.Text(), nullable=False),
        sa.Column("organisation", ID),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("paused_until", MOMENT),
        sa.Column("several_missions", sa.Boolean(), nullable=False),
        sa.Column("guest_of", ID),
        sa.Column("on_telegram", sa.Boolean(), nullable=False),
        sa.Column("reachable", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "cascade_step IN ('medecin_traitant', 'effecteur_sas', 'garde', 'sos_medecin', 'selas')",
            name=op.f("ck_person_cascade_step"),
        ),
        sa.CheckConstraint(
            "role IN ('osnp', 'regulateur', 'coordinateur', 'idel', 'doctor')", name=op.f("ck_person_role")
        ),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisation.id"], name=op.f("fk_person_organisation_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_index(op.f("ix_person_guest_of"), "person", ["guest_of"])
    op.create_index(op.f("ix_person_phone"), "person", ["phone"])
    op.create_index(op.f("ix_person_role_id"), "person", ["role", "id"])
    op.create_table(
        "account",
        sa.Column("person", ID, autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_account_person_person")),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_account")),
        sa.UniqueConstraint("user_id", name=op.f("uq_account_user_id")),
    )
    op.create_index(op.f("ix_account_chat_id"), "account", ["chat_id"])
    op.create_table(
        "draft",
        sa.Column("owner", ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["person.id"], name=op.f("fk_draft_owner_person")),
        sa.PrimaryKeyConstraint("owner", "kind", name=op.f("pk_draft")),
    )
    op.create_table(
        "mission",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("search_state", sa.Text(), nullable=False),
        sa.Column("operator", ID, nullable=False),
        sa.Column("idel", ID),
        sa.Column("doctor", sa.Text()),
        sa.Column("triggered_at", MOMENT, nullable=False),
        sa.Column("limit_at", MOMENT, nullable=False),
        sa.Column("aggregate", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "search_state IN ('usual', 'offered', 'taken', 'unanswered', 'ended')",
            name=op.f("ck_mission_search_state"),
        ),
        sa.CheckConstraint("state IN ('open', 'closing', 'closed')", name=op.f("ck_mission_state")),
        sa.ForeignKeyConstraint(["idel"], ["person.id"], name=op.f("fk_mission_idel_person")),
        sa.ForeignKeyConstraint(["operator"], ["person.id"], name=op.f("fk_mission_operator_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mission")),
        sa.UniqueConstraint("number", "year", name=op.f("uq_mission_number_year")),
    )
    op.create_index(op.f("ix_mission_doctor_state"), "mission", ["doctor", "state"])
    op.create_index(op.f("ix_mission_idel_state"), "mission", ["idel", "state"])
    partial_index("ix_mission_offered", "mission", ["id"], "search_state = 'offered'")
    op.create_index(op.f("ix_mission_triggered_at"), "mission", ["triggered_at"])
    partial_index("ix_mission_unfinished", "mission", ["triggered_at", "id"], "state <> 'closed'")
    op.create_table(
        "document",
        sa.Column("id", ID, nullable=False),
        sa.Column("mission", ID, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("size", sa.BigInteger()),
        sa.Column("album", sa.Text()),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("edited_at", MOMENT),
        sa.Column("reply_to", ID),
        sa.Column("chat_id", sa.BigInteger()),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("copy_kept", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary()),
        sa.CheckConstraint(
            "kind IN ('text', 'photo', 'document', 'voice', 'audio', 'video', 'location')",
            name=op.f("ck_document_kind"),
        ),
        sa.CheckConstraint(
            "label IN ('none', 'ordonnance', 'vitale', 'other')", name=op.f("ck_document_label")
        ),
        sa.ForeignKeyConstraint(["mission"], ["mission.id"], name=op.f("fk_document_mission_mission")),
        sa.ForeignKeyConstraint(["reply_to"], ["document.id"], name=op.f("fk_document_reply_to_document")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
    )
    op.create_index(op.f("ix_document_chat_id_message_id"), "document", ["chat_id", "message_id"])
    op.create_index(op.f("ix_document_mission"), "document", ["mission"])
    op.create_table(
        "dossier",
        sa.Column("mission", ID, autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary()),
        sa.ForeignKeyConstraint(["mission"], ["mission.id"], name=op.f("fk_dossier_mission_mission")),
        sa.PrimaryKeyConstraint("mission", name=op.f("pk_dossier")),
    )
    op.create_table(
        "dossier_key",
        sa.Column("mission", ID, autoincrement=False, nullable=False),
        sa.Column("blind", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(["mission"], ["mission.id"], name=op.f("fk_dossier_key_mission_mission")),
        sa.PrimaryKeyConstraint("mission", "blind", name=op.f("pk_dossier_key")),
    )
    op.create_index(op.f("ix_dossier_key_blind_mission"), "dossier_key", ["blind", "mission"])
    op.create_table(
        "engagement",
        sa.Column("id", ID, nullable=False),
        sa.Column("person", ID, nullable=False),
        sa.Column("mission", ID, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("exclusive", sa.Integer(), nullable=False),
        sa.CheckConstraint("exclusive IN (0, 1)", name=op.f("ck_engagement_exclusive")),
        sa.ForeignKeyConstraint(["mission"], ["mission.id"], name=op.f("fk_engagement_mission_mission")),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_engagement_person_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_engagement")),
    )
    partial_index(
        "uq_engagement_person_exclusive",
        "engagement",
        ["person"],
        "ended_at IS NULL AND exclusive = 1",
        unique=True,
    )
    partial_index(
        "uq_engagement_person_mission", "engagement", ["person", "mission"], "ended_at IS NULL", unique=True
    )
    op.create_table(
        "journal",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mission", ID),
        sa.Column("actor", sa.Text()),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["mission"], ["mission.id"], name=op.f("fk_journal_mission_mission")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
    )
    op.create_index(op.f("ix_journal_at"), "journal", ["at"])
    op.create_index(op.f("ix_journal_kind_at"), "journal", ["kind", "at"])
    op.create_index(op.f("ix_journal_mission_id"), "journal", ["mission", "id"])
    op.create_table(
        "link",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.Column("person", ID),
        sa.Column("organisation", ID),
        sa.Column("mission", ID),
        sa.Column("used_at", MOMENT),
        sa.ForeignKeyConstraint(["mission"], ["mission.id"], name=op.f("fk_link_mission_mission")),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisation.id"], name=op.f("fk_link_organisation_organisation")
        ),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_link_person_person")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_link")),
    )
    op.create_table(
        "offer",
        sa.Column("mission", ID, autoincrement=False, nullable=False),
        sa.Column("person", ID, autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("distance_km", sa.Double()),
        sa.Column("answered_at", MOMENT),
        sa.Column("estimate", sa.Integer()),
        sa.Column("reason", sa.Text()),
        sa.CheckConstraint(
            "state IN ('asked', 'refused', 'accepted', 'late', 'gave_back', 'unreachable')",
            name=op.f("ck_offer_state"),
        ),
        sa.ForeignKeyConstraint(["mission"], ["mission.id"], name=op.f("fk_offer_mission_mission")),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_offer_person_person")),
        sa.PrimaryKeyConstraint("mission", "person", name=op.f("pk_offer")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", ID, nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("place_kind", sa.Text(), nullable=False),
        sa.Column("mission", ID),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("card", sa.Text()),
        sa.Column("fresh", sa.Boolean(), nullable=False),
        sa.Column("only_if_there", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("valid_until", MOMENT),
        sa.Column("when_unknown", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("perhaps_sent", sa.Boolean(), nullable=False),
        sa.Column("lease", sa.Text()),
        sa.Column("lease_until", sa.Double()),
        sa.Column("finished_at", MOMENT),
        sa.Column("reason", sa.Text()),
        sa.CheckConstraint(
            "(finished_at IS NULL) = (state IN ('owed', 'sending'))", name=op.f("ck_outbox_finished")
        ),
        sa.CheckConstraint(
            "state IN ('owed', 'sending', 'delivered', 'withdrawn', 'expired', 'dropped', 'given_up')",
            name=op.f("ck_outbox_state"),
        ),
        sa.ForeignKeyConstraint(["mission"], ["mission.id"], name=op.f("fk_outbox_mission_mission")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    partial_index("ix_outbox_due", "outbox", ["due_at", "id"], "state = 'owed'")
    partial_index("ix_outbox_lane", "outbox", ["lane", "id"], "finished_at IS NULL")
    partial_index("ix_outbox_lease", "outbox", ["lease_until"], "state = 'sending'")
    partial_index("ix_outbox_mission", "outbox", ["mission", "kind"], "state = 'owed'")
    partial_index("ix_outbox_ready", "outbox", ["priority", "id"], "state = 'owed'")
    partial_index("ix_outbox_valid", "outbox", ["valid_until"], "state = 'owed' AND valid_until IS NOT NULL")
    op.create_table(
        "thread",
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("mission", ID, autoincrement=False, nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.BigInteger()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'closed', 'none', 'lost')", name=op.f("ck_thread_state")),
        sa.ForeignKeyConstraint(["mission"], ["mission.id"], name=op.f("fk_thread_mission_mission")),
        sa.PrimaryKeyConstraint("place", "mission", name=op.f("pk_thread")),
    )
    op.create_index(op.f("ix_thread_chat_id_thread_id"), "thread", ["chat_id", "thread_id"])
    op.create_table(
        "timer",
        sa.Column("id", ID, nullable=False),
        sa.Column("mission", ID),
        sa.Column("owner", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("due", MOMENT, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.CheckConstraint("state IN ('pending', 'rung', 'stopped', 'failed')", name=op.f("ck_timer_state")),
        sa.ForeignKeyConstraint(["mission"], ["mission.id"], name=op.f("fk_timer_mission_mission")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timer")),
    )
    partial_index("ix_timer_due", "timer", ["due", "id"], "state = 'pending'")
    partial_index("uq_timer_pending", "timer", ["owner", "kind", "key"], "state = 'pending'", unique=True)
    op.create_table(
        "vitals",
        sa.Column("id", ID, nullable=False),
        sa.Column("mission", ID, nullable=False),
        sa.Column("taken_at", MOMENT, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.BigInteger()),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("body", sa.LargeBinary()),
        sa.ForeignKeyConstraint(["mission"], ["mission.id"], name=op.f("fk_vitals_mission_mission")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vitals")),
        sa.UniqueConstraint("mission", "series", "version", name=op.f("uq_vitals_mission_series_version")),
    )
    op.create_index(op.f("ix_vitals_chat_id_message_id"), "vitals", ["chat_id", "message_id"])
    op.create_table(
        "winner",
        sa.Column("mission", ID, autoincrement=False, nullable=False),
        sa.Column("machine", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("winner", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["mission"], ["mission.id"], name=op.f("fk_winner_mission_mission")),
        sa.PrimaryKeyConstraint("mission", "machine", "epoch", name=op.f("pk_winner")),
    )
    op.create_table(
        "document_copy",
        sa.Column("document", ID, autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document"], ["document.id"], name=op.f("fk_document_copy_document_document")
        ),
        sa.PrimaryKeyConstraint("document", name=op.f("pk_document_copy")),
    )
    op.create_table(
        "sent",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sent_at", MOMENT, nullable=False),
        sa.Column("thread_id", sa.BigInteger()),
        sa.Column("mission", ID),
        sa.Column("card", sa.Text()),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("has_patient_facts", sa.Boolean(), nullable=False),
        sa.Column("delete_at", MOMENT),
        sa.Column("document", ID),
        sa.Column("deleted_at", MOMENT),
        sa.Column("delete_failed", sa.Text()),
        sa.ForeignKeyConstraint(["document"], ["document.id"], name=op.f("fk_sent_document_document")),
        sa.ForeignKeyConstraint(["mission"], ["mission.id"], name=op.f("fk_sent_mission_mission")),
        sa.PrimaryKeyConstraint("chat_id", "message_id", name=op.f("pk_sent")),
    )
    partial_index(
        "ix_sent_card", "sent", ["lane", "card", "sent_at"], "card IS NOT NULL AND deleted_at IS NULL"
    )
    partial_index("ix_sent_document", "sent", ["document"], "document IS NOT NULL")
    partial_index("ix_sent_lane", "sent", ["lane", "sent_at"], "deleted_at IS NULL")
    partial_index("ix_sent_mission", "sent", ["mission"], "deleted_at IS NULL")
    partial_index(
        "ix_sent_purge",
        "sent",
        ["delete_at"],
        "delete_at IS NOT NULL AND deleted_at IS NULL AND delete_failed IS NULL",
    )


def downgrade() -> None:
    op.drop_table("sent")
    op.drop_table("document_copy")
    op.drop_table("winner")
    op.drop_table("vitals")
    op.drop_table("timer")
    op.drop_table("thread")
    op.drop_table("outbox")
    op.drop_table("offer")
    op.drop_table("link")
    op.drop_table("journal")
    op.drop_table("engagement")
    op.drop_table("dossier_key")
    op.drop_table("dossier")
    op.drop_table("document")
    op.drop_table("mission")
    op.drop_table("draft")
    op.drop_table("account")
    op.drop_table("person")
    op.drop_table("organisation")
    op.drop_table("mission_number")
    op.drop_table("lease")
    op.drop_table("inbox")
    op.drop_table("stranger")
    op.drop_table("chat_migration")
