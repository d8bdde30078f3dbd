"""The board's page as its reader's browser asks for it: who may, what is in it, what follows by itself."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from bot.domain.people import Role
from bot.flows.board import PURPOSE, VALID
from bot.ports import Link
from bot.web.board import MOST_OF_A_LINK
from bot.web.server import serving
from storage.vault import Vault
from tests.stories.story import PATIENT, Story, plain
from tests.waiting import until

ADDRESS = "https://smt.example"
REFUSED = "Ce lien n'ouvre pas le tableau"
WHAT_TO_DO = "écrivez /tableau au bot"
SOON = 10.0  # real seconds after which something that should have come has not

#: What is known of the patient and must not be there; of the group's facts, what the board leaves out.
SECRETS = (
    *(
        "KELLER",
        "Keller",
        "Odile",
        "1932",
        "94 ans",
        "Femme",
        "O.\N{NO-BREAK SPACE}K.",
        "Tanneurs",
        "68200",
        "étage",
        "4B71",
        "la fille",
    ),
    *(
        "+33353010012",
        "53 01 00 12",
        "+33639980099",
        "98 00 99",
        "Anne",
        "chute",
        "ne marche",
        "Weber",
        "98 00 24",
    ),
)


@dataclass(frozen=True)
class Answered:
    """What the server sent."""

    status: int
    text: str
    headers: Any


class Stream:
    """The events of one open page."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def event(self) -> tuple[str, dict[str, Any]]:
        """The next one."""
        kind = data = ""
        async with asyncio.timeout(SOON):
            while line := (await self._response.content.readline()).decode():
                if line == "\n":
                    return kind, json.loads(data)
                name, _, value = line.rstrip("\n").partition(": ")
                kind, data = (value, data) if name == "event" else (kind, value)
        raise EOFError

    async def next(self, wanted: str) -> dict[str, Any]:
        """The next one of that kind."""
        while True:
            kind, data = await self.event()
            if kind == wanted:
                return data

    async def has_ended(self) -> bool:
        """Whether nothing more comes."""
        try:
            await self.event()
        except EOFError:
            return True
        return False


class Wall:
    """The whole bot with its page served."""

    def __init__(self, story: Story, session: aiohttp.ClientSession, port: int) -> None:
        self.story = story
        self._session = session
        self._root = f"http://127.0.0.1:{port}"

    async def link(self, name: str = "Léa") -> str:
        """`/tableau`, and the path behind the button."""
        person = self.story.person(name)
        await person.types("/tableau")
        url: str = person.newest("Tableau des missions, en direct").details[0][0]["url"]
        assert url.startswith(ADDRESS)
        return url.removeprefix(ADDRESS)

    async def get(self, path: str) -> Answered:
        """One request."""
        async with self._session.get(self._root + path) as response:
            return Answered(response.status, plain(await response.text()), response.headers)

    @asynccontextmanager
    async def watched(self, path: str) -> AsyncIterator[Stream]:
        """The page's events while the block runs."""
        async with self._session.get(f"{self._root}{path}/suite") as response:
            assert response.status == 200
            assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
            yield Stream(response)

    async def second(self, count: float = 1) -> None:
        """Time passes, and whoever looks for news looks."""
        await until(lambda: self.story.clock.sleepers)
        self.story.clock.forward(seconds=count)

    async def opened(self) -> int:
        """How often the journal says that somebody opened the page."""
        start = self.story.clock.now() - timedelta(days=2)
        async with self.story.storage.transaction() as tx:
            return len(await tx.journal.between(start, start + timedelta(days=4), "board.opened"))


@pytest.fixture
async def wall(database_url: str, vault: Vault, tmp_path: Path) -> AsyncIterator[Wall]:
    story = Story(database_url, vault, tmp_path)
    story.settings = msgspec.structs.replace(story.settings, public_url=ADDRESS)
    await story.begin()
    async with aiohttp.ClientSession() as session, serving(story.bot.web, "127.0.0.1", 0) as port:
        yield Wall(story, session, port)
    await story.end()


async def test_the_page_shows_every_open_mission_and_who_must_act(wall: Wall) -> None:
    mission = await wall.story.mission(offered_to=["Amina"])
    page = await wall.get(await wall.link())
    assert page.status == 200
    assert f"</span> {mission.number}</span> <b>Mulhouse</b>" in page.text
    assert '<b>IDEL</b> : accepter <span class="hour">avant 09:53</span>' in page.text
    assert "reste 5 h 59" in page.text or "reste 6 h 00" in page.text
    assert "déclenchée 09:23 · limite 15:23" in page.text
    assert "Lien personnel de Léa M." in page.text
    assert await wall.opened() == 1


async def test_the_page_may_use_nothing_from_elsewhere_and_stays_in_no_cache(wall: Wall) -> None:
    path = await wall.link()
    for asked in (path, "/tableau/" + "x" * 43, "/tableau/fichiers/board.js", "/tableau/fichiers/board.css"):
        headers = (await wall.get(asked)).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
    text = (await wall.get(path)).text
    assert "http" not in text.replace("http-equiv", "")
    assert " style=" not in text
    assert (await wall.get("/tableau/fichiers/board.html")).status == 404


async def test_nothing_of_the_patient_is_on_the_page_or_in_its_events(wall: Wall) -> None:
    story = wall.story
    await story.mission(offered_to=["Amina"], medecin_traitant="Jean")
    path = await wall.link()
    await story.person("Amina").taps("ACCEPTER · 40 min")
    page = (await wall.get(path)).text
    async with wall.watched(path) as stream:
        told = json.dumps(await stream.next("etat"), ensure_ascii=False)
    assert "Mulhouse" in told
    for secret in SECRETS:
        assert secret not in page, secret
        assert secret not in told, secret


async def test_with_a_stranger_in_the_group_the_page_has_numbers_only(wall: Wall) -> None:
    story = wall.story
    mission = await story.mission(offered_to=["Amina"])
    path = await wall.link()
    async with wall.watched(path) as stream:
        assert "Mulhouse" in (await stream.next("etat"))["lines"]
        story.telegram.join(story.telegram.add_user(9001, "Jules", "Petit"), story.group)
        await story.settle()
        await wall.second()
        state = await stream.next("etat")
    page = (await wall.get(path)).text
    assert "les communes sont masquées" in page
    assert f" {mission.number}</span>" in page
    assert 'class="pin' not in page
    assert page.count("Mulhouse") == 1  # the name of the town on the map
    assert "Mulhouse" not in json.dumps(state)


async def test_a_link_that_opens_nothing_does_not_say_why(wall: Wall) -> None:
    story = wall.story
    expired = await wall.link("Paul")
    story.clock.forward(hours=12)
    revoked = await wall.link("Nadia")
    await wall.link("Nadia")
    inactive, other = await wall.link("Léa"), "y" * 43
    async with story.storage.transaction() as tx:
        (lea,) = [p for p in await tx.people.all(Role.OSNP) if p.first_name == "Léa"]
        await tx.people.save(replace(lea, active=False))
        (hugo,) = [p for p in await tx.people.all(Role.OSNP) if p.first_name == "Hugo"]
        await tx.links.add(other, Link("visio", story.clock.now() + VALID, hugo.id))
    answers = [
        await wall.get(path)
        for path in (expired, revoked, inactive, f"/tableau/{other}", "/tableau/" + "x" * 43, "/tableau/x")
    ]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert REFUSED in answers[0].text
    assert WHAT_TO_DO in answers[0].text
    for path in (expired, revoked, inactive, "/tableau/x"):
        async with wall.watched(path) as stream:
            assert WHAT_TO_DO in (await stream.next("fin"))["words"]
            assert await stream.has_ended()
    assert await wall.opened() == 0


async def test_the_link_itself_is_stored_nowhere(wall: Wall) -> None:
    token = (await wall.link()).rpartition("/")[2]
    async with wall.story.storage.transaction() as tx:
        found = (await tx.links.many([token]))[token]
    assert (found.purpose, found.expires_at) == (PURPOSE, wall.story.clock.now() + VALID)
    if wall.story.database_url.startswith("sqlite"):
        file = Path(wall.story.database_url.removeprefix("sqlite:///"))
        stored = b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))
        assert b"board.link" in stored
        assert token.encode() not in stored


async def test_what_is_decided_arrives_by_itself_within_two_seconds(wall: Wall) -> None:
    story = wall.story
    await story.mission(offered_to=["Amina"])
    path = await wall.link()
    async with wall.watched(path) as stream:
        assert "IDEL recherché(e)" in (await stream.next("etat"))["lines"]
        await story.person("Amina").taps("ACCEPTER · 40 min")
        await wall.second(2)
        state = await stream.next("etat")
        assert "IDEL attendu(e) 10:03" in state["lines"]
        assert 'class="pin coming"' in state["markers"]
        assert "acceptée 09:23" in state["times"]


async def test_a_page_that_hears_nothing_new_hears_the_hour(wall: Wall) -> None:
    path = await wall.link()
    async with wall.watched(path) as stream:
        await stream.next("etat")
        await wall.second(30 * 60)  # the sandbox's clock is moved
        assert (await stream.next("heure"))["now"] == wall.story.clock.now().isoformat()


async def test_one_look_serves_everybody_who_watches(wall: Wall) -> None:
    story = wall.story
    await story.mission(offered_to=["Amina"])
    before = story.clock.sleepers
    first, second = await wall.link("Léa"), await wall.link("Paul")
    async with wall.watched(first) as one, wall.watched(second) as two, wall.watched(second) as three:
        for stream in (one, two, three):
            assert "IDEL recherché(e)" in (await stream.next("etat"))["lines"]
        await until(lambda: story.clock.sleepers > before)
        assert story.clock.sleepers == before + 1
        await story.person("Amina").taps("ACCEPTER · 40 min")
        await wall.second()
        for stream in (one, two, three):
            assert "IDEL attendu(e)" in (await stream.next("etat"))["lines"]


async def test_nobody_looks_while_nobody_watches(wall: Wall) -> None:
    def looks() -> bool:
        return any(task.get_name() == "the board's page" for task in asyncio.all_tasks())

    def has_stopped() -> bool:
        wall.story.clock.forward(seconds=1)  # the signs of life find nobody there
        return not looks()

    path = await wall.link()
    assert not looks()
    async with wall.watched(path) as stream:
        await stream.next("etat")
        assert looks()
    begun = wall.story.clock.now()
    await until(has_stopped)
    assert wall.story.clock.now() < begun + VALID  # it is not the link's hour that ended it


async def test_a_new_link_ends_the_page_of_the_old_one(wall: Wall) -> None:
    old = await wall.link()
    async with wall.watched(old) as stream:
        await stream.next("etat")
        new = await wall.link()
        await wall.second()
        assert WHAT_TO_DO in (await stream.next("fin"))["words"]
        assert await stream.has_ended()
    assert (await wall.get(old)).status == 404
    assert (await wall.get(new)).status == 200


async def test_a_page_ends_with_its_hour(wall: Wall) -> None:
    path = await wall.link()
    async with wall.watched(path) as stream:
        await stream.next("etat")
        await wall.second(VALID.total_seconds())
        assert WHAT_TO_DO in (await stream.next("fin"))["words"]


async def test_somebody_who_is_not_with_us_any_more_sees_no_more(wall: Wall) -> None:
    story = wall.story
    path = await wall.link()
    async with wall.watched(path) as stream:
        await stream.next("etat")
        async with story.storage.transaction() as tx:
            (lea,) = [p for p in await tx.people.all(Role.OSNP) if p.first_name == "Léa"]
            await tx.people.save(replace(lea, active=False))
        await wall.second(15)
        assert WHAT_TO_DO in (await stream.next("fin"))["words"]


async def test_one_link_is_open_on_so_many_screens_and_the_oldest_gives_way(wall: Wall) -> None:
    path = await wall.link()
    async with AsyncExitStack() as screens:
        streams = []
        for _ in range(MOST_OF_A_LINK + 1):
            streams.append(await screens.enter_async_context(wall.watched(path)))
            await streams[-1].next("etat")
        assert "Rechargez la page" in (await streams[0].next("fin"))["words"]
        await wall.second(6)
        for stream in streams[1:]:
            await stream.next("heure")


async def test_stopping_does_not_wait_for_open_pages(database_url: str, vault: Vault, tmp_path: Path) -> None:
    story = Story(database_url, vault, tmp_path)
    story.settings = msgspec.structs.replace(story.settings, public_url=ADDRESS)
    await story.begin()
    async with aiohttp.ClientSession() as session:
        async with serving(story.bot.web, "127.0.0.1", 0) as port:
            wall = Wall(story, session, port)
            path = await wall.link()
            watched = wall.watched(path)
            stream = await watched.__aenter__()
            await stream.next("etat")
            leaving = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - leaving < 3
        assert await stream.has_ended()
        await watched.__aexit__(None, None, None)
    await story.end()


async def test_the_identity_of_a_patient_is_not_even_read(wall: Wall) -> None:
    """The board stands when a dossier is gone, and says the same."""
    story = wall.story
    mission = await story.mission(offered_to=["Amina"])
    path = await wall.link()
    before = (await wall.get(path)).text
    async with story.storage.transaction() as tx:
        await tx.missions.empty_dossier(mission.id)
    assert (await wall.get(path)).text == before
    assert PATIENT.last_name not in before
