"""The tables. Knows nothing of who reads or writes them.

A column named `body` or `content` is sealed by the vault. Conditions of partial indexes are written as
literals, here and in the queries, because SQLite uses such an index only when the two are the same text.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    literal_column,
    text,
)

from bot.domain.joining import ApplicationState
from bot.domain.mission import IdelOfferState, MissionState, SearchState
from bot.domain.people import CascadeStep, Role
from bot.ports import DocumentKind, DocumentLabel, ThreadState


class OutboxState(StrEnum):
    """Where something owed stands. The values are stored."""

    OWED = "owed"  # waits for its turn
    SENDING = "sending"  # claimed under a lease; nobody knows yet
    DELIVERED = "delivered"  # Telegram has it
    WITHDRAWN = "withdrawn"  # a decision took it back before it was sent
    EXPIRED = "expired"  # its moment had passed when its turn came
    DROPPED = "dropped"  # nothing is lost by not sending it
    GIVEN_UP = "given_up"  # could not be delivered; OSNP are told


class InboxState(StrEnum):
    """Where an update of Telegram stands. The values are stored."""

    RECEIVED = "received"  # waits for its turn
    WORKING = "working"  # claimed under a lease
    DONE = "done"  # its effect is committed, or there was nothing to do
    SET_ASIDE = "set_aside"  # tried in vain; its body is kept for the operator's eyes


class TimerState(StrEnum):
    """Where a timer stands. The values are stored."""

    PENDING = "pending"  # will ring
    RUNG = "rung"  # rang, and what it asked for is committed
    STOPPED = "stopped"  # a decision stopped or replaced it
    FAILED = "failed"  # rang in vain; kept for the operator's eyes


class Instant(TypeDecorator[datetime]):
    """A moment in UTC: `timestamptz` in PostgreSQL, sortable text in SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse local time without a zone: nobody could say which moment it was."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A moment without a zone cannot be stored.")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


#: SQLite numbers its rows only in a column of type INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def quoted(value: StrEnum) -> ColumnElement[str]:
    """An enum's value as a literal of the statement."""
    return literal_column(f"'{value.value}'", String())


def _one_of(column: str, values: Iterable[StrEnum]) -> CheckConstraint:
    listed = ", ".join(f"'{value.value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _ref(target: str) -> Any:
    return ForeignKey(f"{target}.id")


# ---- people ------------------------------------------------------------------------------------------

organisations = Table(
    "organisation",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("cascade_step", Text, nullable=False),
    Column("phone", Text),
    Column("active", Boolean, nullable=False),
    Column("on_telegram", Boolean, nullable=False),
    Column("chat_id", BigInteger, unique=True),
    Column("lines", Text, nullable=False, server_default="[]"),  # JSON
    _one_of("cascade_step", CascadeStep),
)

people = Table(
    "person",
    metadata,
    Column("id", Id, primary_key=True),
    Column("role", Text, nullable=False),
    Column("last_name", Text, nullable=False),
    Column("first_name", Text, nullable=False),
    Column("phone", Text, index=True),
    Column("email", Text),
    Column("rpps", Text),
    Column("commune", Text),
    Column("sectors", Text, nullable=False),  # JSON
    Column("cascade_step", Text),
    Column("capabilities", Text, nullable=False),  # JSON
    Column("organisation", Id, _ref("organisation")),
    Column("active", Boolean, nullable=False),
    Column("paused_until", Instant),
    Column("several_missions", Boolean, nullable=False),
    # No foreign key: a mission refers to persons already, and neither table could be made first.
    Column("guest_of", Id, index=True),
    Column("on_telegram", Boolean, nullable=False),
    Column("reachable", Boolean, nullable=False),
    Column("weekly", Text, nullable=False, server_default="[]"),  # JSON
    Column("out_of_hours", Boolean, nullable=False, server_default=false()),
    Column("available_until", Instant),
    Column("checked_at", Instant),
    Column("left_at", Instant),
    _one_of("role", Role),
    CheckConstraint(
        "cascade_step IN ({})".format(", ".join(f"'{step.value}'" for step in CascadeStep)),
        name="cascade_step",
    ),
    Index(None, "role", "id"),
)

accounts = Table(
    "account",
    metadata,
    Column("person", Id, _ref("person"), primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, nullable=False, unique=True),
    Column("chat_id", BigInteger, nullable=False, index=True),
)

# ---- missions ----------------------------------------------------------------------------------------

missions = Table(
    "mission",
    metadata,
    Column("id", Id, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("year", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("search_state", Text, nullable=False),
    Column("operator", Id, _ref("person"), nullable=False),
    Column("idel", Id, _ref("person")),
    Column("doctor", Text),  # a party: «p12», «o3»
    Column("triggered_at", Instant, nullable=False, index=True),
    Column("limit_at", Instant, nullable=False),
    Column("aggregate", Text, nullable=False),  # the whole mission as JSON; the columns beside it repeat it
    UniqueConstraint("number", "year"),
    _one_of("state", MissionState),
    _one_of("search_state", SearchState),
    Index(None, "idel", "state"),
    Index(None, "doctor", "state"),
    _partial("ix_mission_unfinished", "triggered_at", "id", where="state <> 'closed'"),
    _partial("ix_mission_offered", "id", where="search_state = 'offered'"),
)

mission_numbers = Table(
    "mission_number",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)

dossiers = Table(
    "dossier",
    metadata,
    Column("mission", Id, _ref("mission"), primary_key=True, autoincrement=False),
    Column("body", LargeBinary),  # NULL once emptied
)

#: Blind indexes: a patient is found by phone or name, and neither can be read here.
dossier_keys = Table(
    "dossier_key",
    metadata,
    Column("mission", Id, _ref("mission"), primary_key=True, autoincrement=False),
    Column("blind", String(24), primary_key=True),
    Index(None, "blind", "mission"),
)

offers = Table(
    "offer",
    metadata,
    Column("mission", Id, _ref("mission"), primary_key=True, autoincrement=False),
    Column("person", Id, _ref("person"), primary_key=True, autoincrement=False),
    Column("epoch", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("distance_km", Double),
    Column("answered_at", Instant),
    Column("estimate", Integer),
    Column("reason", Text),
    Column("wave", Integer, nullable=False, server_default="0"),
    _one_of("state", IdelOfferState),
    _partial("ix_offer_wave", "at", "person", where="wave > 0"),
)

#: The constraint behind «one winner».
winners = Table(
    "winner",
    metadata,
    Column("mission", Id, _ref("mission"), primary_key=True, autoincrement=False),
    Column("machine", Text, primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("winner", Text, nullable=False),  # a party
    Column("at", Instant, nullable=False),
)

engagements = Table(
    "engagement",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person", Id, _ref("person"), nullable=False),
    Column("mission", Id, _ref("mission"), nullable=False),
    Column("since", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("exclusive", Integer, nullable=False),  # 0 for a person who allows several missions
    CheckConstraint("exclusive IN (0, 1)", name="exclusive"),
    _partial(
        "uq_engagement_person_exclusive", "person", where="ended_at IS NULL AND exclusive = 1", unique=True
    ),
    _partial("uq_engagement_person_mission", "person", "mission", where="ended_at IS NULL", unique=True),
)

# ---- what is owed, and what was sent ------------------------------------------------------------------

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("lane", Text, nullable=False),  # place and mission: order is kept within it
    Column("place", Text, nullable=False),
    Column("place_kind", Text, nullable=False),
    Column("mission", Id, _ref("mission")),
    Column("kind", Text, nullable=False),
    Column("card", Text),
    Column("fresh", Boolean, nullable=False),
    Column("only_if_there", Boolean, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("valid_until", Instant),
    Column("when_unknown", Text, nullable=False),
    Column("body", LargeBinary),  # the facts; NULL once finished
    Column("state", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("perhaps_sent", Boolean, nullable=False),
    Column("lease", Text),
    Column("lease_until", Double),  # real seconds since 1970, whatever the clock of the field says
    Column("finished_at", Instant),
    Column("reason", Text),
    _one_of("state", OutboxState),
    CheckConstraint("(finished_at IS NULL) = (state IN ('owed', 'sending'))", name="finished"),
    _partial("ix_outbox_lane", "lane", "id", where="finished_at IS NULL"),
    _partial("ix_outbox_ready", "priority", "id", where="state = 'owed'"),
    # Two conditions that say the same keep an index out of a claim, which goes by priority: by the statistics
    # of a table that is nearly empty most of the time PostgreSQL would rather sort everything owed.
    _partial("ix_outbox_due", "due_at", "id", where="state = 'owed' AND finished_at IS NULL"),
    _partial("ix_outbox_valid", "valid_until", where="state = 'owed' AND valid_until IS NOT NULL"),
    _partial("ix_outbox_lease", "lease_until", where="state = 'sending'"),
    _partial("ix_outbox_mission", "mission", "kind", where="state = 'owed' AND finished_at IS NULL"),
    _partial("ix_outbox_finished", "finished_at", where="finished_at IS NOT NULL"),
)

sent = Table(
    "sent",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("lane", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sent_at", Instant, nullable=False),
    Column("thread_id", BigInteger),
    Column("mission", Id, _ref("mission")),
    Column("card", Text),
    Column("body_hash", Text, nullable=False),
    Column("has_patient_facts", Boolean, nullable=False),
    Column("delete_at", Instant),
    Column("document", Id, _ref("document")),
    Column("deleted_at", Instant),
    Column("delete_failed", Text),
    _partial("ix_sent_card", "lane", "card", "sent_at", where="card IS NOT NULL AND deleted_at IS NULL"),
    _partial(
        "ix_sent_purge",
        "delete_at",
        where="delete_at IS NOT NULL AND deleted_at IS NULL AND delete_failed IS NULL",
    ),
    _partial("ix_sent_mission", "mission", where="deleted_at IS NULL"),
    _partial("ix_sent_lane", "lane", "sent_at", where="deleted_at IS NULL"),
    _partial("ix_sent_document", "document", where="document IS NOT NULL"),
    _partial("ix_sent_deleted", "deleted_at", where="deleted_at IS NOT NULL"),
    _partial(
        "ix_sent_of_no_mission",
        "sent_at",
        where="mission IS NULL AND card IS NULL AND deleted_at IS NULL",
    ),
)

threads = Table(
    "thread",
    metadata,
    Column("place", Text, primary_key=True),
    Column("mission", Id, _ref("mission"), primary_key=True, autoincrement=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("thread_id", BigInteger),
    Column("state", Text, nullable=False),
    Column("name", Text, nullable=False),
    _one_of("state", ThreadState),
    Index(None, "chat_id", "thread_id"),
)

chat_migrations = Table(
    "chat_migration",
    metadata,
    Column("old", BigInteger, primary_key=True, autoincrement=False),
    Column("new", BigInteger, nullable=False, index=True),
    Column("at", Instant, nullable=False),
)

# ---- time and memory ---------------------------------------------------------------------------------

timers = Table(
    "timer",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mission", Id, _ref("mission")),
    Column("owner", Id, nullable=False),  # the mission, or 0: NULLs would not be unique
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("due", Instant, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("facts", Text, nullable=False),  # JSON
    Column("state", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("ended_at", Instant),
    Column("lease", Text),  # whoever rings it now
    Column("lease_until", Double),  # real seconds since 1970
    _one_of("state", TimerState),
    _partial("uq_timer_pending", "owner", "kind", "key", where="state = 'pending'", unique=True),
    _partial("ix_timer_due", "due", "id", where="state = 'pending'"),
    _partial("ix_timer_ended", "ended_at", where="ended_at IS NOT NULL"),
)

journal = Table(
    "journal",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("mission", Id, _ref("mission")),
    Column("actor", Text),
    Column("facts", Text, nullable=False),  # JSON
    Index(None, "mission", "id"),
    Index(None, "kind", "at"),
)

# ---- what was put into a mission ------------------------------------------------------------------------

documents = Table(
    "document",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mission", Id, _ref("mission"), nullable=False, index=True),
    Column("author", Text, nullable=False),  # a party
    Column("author_name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("size", BigInteger),
    Column("album", Text),
    Column("label", Text, nullable=False),
    Column("edited_at", Instant),
    Column("reply_to", Id, _ref("document")),
    Column("chat_id", BigInteger),
    Column("message_id", BigInteger),
    Column("copy_kept", Boolean, nullable=False),
    Column("body", LargeBinary),  # text, file ids and names; NULL once emptied
    _one_of("kind", DocumentKind),
    _one_of("label", DocumentLabel),
    Index(None, "chat_id", "message_id"),
)

document_copies = Table(
    "document_copy",
    metadata,
    Column("document", Id, _ref("document"), primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)

vitals = Table(
    "vitals",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mission", Id, _ref("mission"), nullable=False),
    Column("taken_at", Instant, nullable=False),
    Column("author", Text, nullable=False),  # a party
    Column("series", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("chat_id", BigInteger),
    Column("message_id", BigInteger),
    Column("body", LargeBinary),  # NULL once emptied
    UniqueConstraint("mission", "series", "version"),
    Index(None, "chat_id", "message_id"),
)

strangers = Table(
    "stranger",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),  # as Telegram shows it
    Column("since", Instant, nullable=False),
    Column("accepted_at", Instant),  # an operator said that they may stay
)

applications = Table(
    "application",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column(
        "aggregate", Text, nullable=False
    ),  # the whole application as JSON; the columns beside it repeat it
    _one_of("state", ApplicationState),
    Index(None, "user_id", "id"),
    _partial("uq_application_user_id", "user_id", where="state IN ('filling', 'waiting')", unique=True),
    _partial("ix_application_waiting", "asked_at", "id", where="state = 'waiting'"),
)

duties = Table(
    "duty",
    metadata,
    Column("id", Id, primary_key=True),
    Column("step", Text, nullable=False),
    Column("sector", Text),
    Column("party", Text, nullable=False),  # a party
    Column("begins", Instant, nullable=False),
    Column("ends", Instant, nullable=False),
    Column("source", Text, nullable=False, index=True),
    _one_of("step", CascadeStep),
    CheckConstraint("begins < ends", name="period"),
    Index(None, "ends", "begins"),
)

#: What the coordinateur has changed of the region while the bot runs.
changes = Table(
    "region_change",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("author", Id, _ref("person"), nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("revoked_at", Instant),
    Column("revoked_by", Id, _ref("person")),
)

#: Duty sectors imported in place of the shipped table.
commune_sectors = Table(
    "commune_sector",
    metadata,
    Column("insee", Text, primary_key=True),
    Column("sector", Text, nullable=False),
    Column("mmg", Boolean, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("changed_by", Text, nullable=False),
)

drafts = Table(
    "draft",
    metadata,
    Column("owner", Id, _ref("person"), primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

links = Table(
    "link",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("expires_at", Instant),
    Column("person", Id, _ref("person")),
    Column("organisation", Id, _ref("organisation")),
    Column("mission", Id, _ref("mission")),
    Column("used_at", Instant),
)

# ---- updates and processes --------------------------------------------------------------------------

inbox = Table(
    "inbox",
    metadata,
    Column("update_id", BigInteger, primary_key=True, autoincrement=False),
    Column("lane", Text, nullable=False),
    Column("body", LargeBinary),  # NULL once done
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("lease_until", Double),  # real seconds since 1970
    Column("lease", Text),  # of the work begun last: only that one may commit
    Column("source", Text),  # the message, edit or press it brings: Telegram may bring one under two numbers
    Column("effected", Boolean),  # its effect is committed, and perhaps words are still to be owed
    _one_of("state", InboxState),
    _partial("ix_inbox_lane", "lane", "update_id", where="state IN ('received', 'working')"),
    _partial("ix_inbox_ready", "update_id", where="state = 'received'"),
    _partial("ix_inbox_lease", "lease_until", where="state = 'working'"),
    _partial("uq_inbox_source", "source", where="source IS NOT NULL", unique=True),
)

leases = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", Double, nullable=False),  # real seconds since 1970
)

#: Processes that work on this database. The newest `seen_at` says since when nobody was there.
workers = Table(
    "worker",
    metadata,
    Column("id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("alive_until", Double, nullable=False),  # real seconds since 1970
)
