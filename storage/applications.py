"""Those who ask to join."""

from dataclasses import replace

from sqlalchemy import bindparam, func, insert, select, update

from bot.domain.joining import Application, ApplicationState
from storage import codec
from storage.connected import Connected
from storage.prepared import Record
from storage.tables import applications, quoted

_READ = select(applications)
_GET = _READ.where(applications.c.id == bindparam("application_id"))
_LOCK = _GET.with_for_update(key_share=True)
_OF_USER = (
    _READ.where(applications.c.user_id == bindparam("of_user"))
    .order_by(applications.c.id.desc())
    .limit(1)
    .with_for_update(key_share=True)
)
_WAITING = _READ.where(applications.c.state == quoted(ApplicationState.WAITING)).order_by(
    applications.c.asked_at, applications.c.id
)
# Nobody may be counted in while somebody counts: held until the transaction ends. SQLite has one who writes.
_HOLD_QUEUE = select(func.pg_advisory_xact_lock(func.hashtextextended("applications waiting", 0)))
_ADD = insert(applications).returning(applications.c.id)
_SAVE = (
    update(applications)
    .where(applications.c.id == bindparam("application_id"))
    .values(state=bindparam("state"), asked_at=bindparam("asked_at"), aggregate=bindparam("aggregate"))
)


class SqlApplications:
    """`bot.ports.Applications`."""

    def __init__(self, db: Connected) -> None:
        self._db = db

    async def get(self, application: int) -> Application | None:
        return _maybe(await self._db.row(_GET, application_id=application))

    async def lock(self, application: int) -> Application | None:
        return _maybe(await self._db.row(_LOCK, application_id=application))

    async def of_user(self, user_id: int) -> Application | None:
        return _maybe(await self._db.row(_OF_USER, of_user=user_id))

    async def save(self, application: Application) -> Application:
        columns = {
            "state": application.state.value,
            "asked_at": application.asked_at,
            "aggregate": codec.APPLICATION.to_text(application),
        }
        if application.id:
            await self._db.run(_SAVE, application_id=application.id, **columns)
            return application
        number: int = await self._db.value(_ADD, user_id=application.user_id, **columns)
        return replace(application, id=number)

    async def hold_queue(self) -> None:
        if self._db.postgres:
            await self._db.run(_HOLD_QUEUE)

    async def waiting(self) -> list[Application]:
        return [_application(row) for row in await self._db.rows(_WAITING)]


def _maybe(row: Record | None) -> Application | None:
    return None if row is None else _application(row)


def _application(row: Record) -> Application:
    return replace(codec.APPLICATION.read(row.aggregate), id=row.id)
