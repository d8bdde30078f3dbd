"""The list of people: read whole or not at all; personal links, good for one account."""

from dataclasses import replace

import pytest

from bot.domain.people import CascadeStep, Line, OrganisationId, PersonId, Role
from bot.flows import people as people_flow
from bot.flows import register
from bot.flows.people import COLUMNS, BadList, Imported, read_listing
from bot.ports import Given
from bot.region import load_region

HEADER = ",".join(COLUMNS)
GOOD = f"""{HEADER}
osnp,Martin,Léa,06 39 98 00 01,lea@exemple.fr,,,,,,
idel,Benali,Amina,+33639980011,,10000000011,Mulhouse,,,prelevement;perfusion,
idel,Keller,Bruno,0639980012,,,68224,,,,
doctor,Morel,Claire,0639980021,,10000000021,,,effecteur_sas,,SOS médecin 68
organisation,SOS médecin 68,,03 53 01 00 30,,,,,sos_medecin,,
"""
REGION = load_region()


def read(text: str) -> people_flow.Listing:
    return read_listing(text, REGION, fiction_numbers=True)


def reasons(*lines: str) -> list[str]:
    with pytest.raises(BadList) as caught:
        read("\n".join([HEADER, *lines]))
    return caught.value.reasons


def test_a_good_file_is_read() -> None:
    listing = read(GOOD)

    assert [line.person.full_name for line in listing.people] == [
        "Léa MARTIN",
        "Amina BENALI",
        "Bruno KELLER",
        "Claire MOREL",
    ]
    amina = listing.people[1].person
    assert (amina.phone, amina.commune) == ("+33639980011", "68224")
    assert amina.capabilities == ("prelevement", "perfusion")
    assert listing.organisations[0].organisation.cascade_step is CascadeStep.SOS_MEDECIN


def test_a_house_may_have_several_lines_in_the_order_in_which_they_are_phoned() -> None:
    text = f"{HEADER}\norganisation,SOS,,Secrétariat:03 53 01 00 20;Nuit:+33353010021,,,,,selas,,\n"
    house = read(text).organisations[0].organisation
    assert house.phone == "+33353010020"
    assert house.all_lines == (Line("Secrétariat", "+33353010020"), Line("Nuit", "+33353010021"))


def test_one_number_alone_is_the_only_line_of_a_house() -> None:
    house = read(GOOD).organisations[0].organisation
    assert (house.phone, house.lines) == ("+33353010030", ())
    assert house.all_lines == (Line("", "+33353010030"),)


async def test_a_file_without_the_number_of_a_house_keeps_its_lines(given: Given) -> None:
    several = "organisation,SOS,,Jour:0353010020;Nuit:0353010021,,,,,selas,,"
    for line in (several, "organisation,SOS,,,,,,,selas,,", "organisation,SOS,,0353010022,,,,,selas,,"):
        await people_flow.import_listing(given, read(f"{HEADER}\n{line}"))
        async with given.storage.transaction() as tx:
            (house,) = await tx.people.organisations()
        expected = ["+33353010022"] if "22" in line else ["+33353010020", "+33353010021"]
        assert [one.phone for one in house.all_lines] == expected


def test_a_spreadsheets_own_csv_is_read() -> None:
    text = "\ufeff" + HEADER.replace(",", ";") + "\r\nosnp;Martin;Léa;0639980001;;;;;;;\r\n"

    assert read(text).people[0].person.first_name == "Léa"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nurse,Benali,Amina,0639980011,,,Mulhouse,,,,", "Line 2: the role «nurse» is none of osnp"),
        ("idel,,Amina,0639980011,,,Mulhouse,,,,", "Line 2: last_name is empty."),
        ("idel,Benali,,0639980011,,,Mulhouse,,,,", "Line 2: first_name is empty."),
        ("idel,Benali,Amina,12,,,Mulhouse,,,,", "Line 2: «12» is no telephone number."),
        ("idel,Benali,Amina,,,,Mulhouse,,,,", "Line 2: phone is empty."),
        ("idel,Benali,Amina,0639980011,,,,,,,", "Line 2: an IDEL needs a commune"),
        ("idel,Benali,Amina,0639980011,,,Paris,,,,", "Line 2: «Paris» is no commune of the region."),
        ("idel,Benali,Amina,0639980011,,,75056,,,,", "Line 2: no commune of the region has the INSEE code"),
        ("idel,Benali,Amina,0639980011,,123,Mulhouse,,,,", "Line 2: the RPPS number «123» does not have 11"),
        ("idel,Benali,Amina,0639980011,a@b,,Mulhouse,,,,", "Line 2: «a@b» is no e-mail address."),
        ("doctor,Morel,Claire,0639980021,,,,,first,,", "Line 2: the cascade_step «first» is none of"),
        ("doctor,Morel,Claire,0639980021,,,,Nowhere,garde,,", "Line 2: no duty sector is called «Nowhere»."),
        ("organisation,SOS,,,,,,,,,", "Line 2: an organisation needs its cascade_step."),
        (
            "idel,Benali,Amina,0639980011,,,Mulhouse,,,dialyse,",
            "Line 2: the capability «dialyse» is none of palliatif, pansement, perfusion, prelevement.",
        ),
        ("organisation,SOS,,Jour:12,,,,,selas,,", "Line 2: «12» is no telephone number."),
        ("organisation,SOS,,0353010020;Nuit:,,,,,selas,,", "Line 2: «Nuit:» has no telephone number."),
        ("organisation,SOS,,0353010020;Nuit:0353010020,,,,,selas,,", "Line 2: it has the same telephone"),
        ("idel,Benali,Amina", "Line 2: it has 3 columns, the header has 11."),
    ],
)
def test_a_bad_line_is_named_with_its_reason(line: str, said: str) -> None:
    (reason,) = reasons(line)
    assert reason.startswith(said)


def test_a_region_without_abilities_takes_any_word() -> None:
    line = "idel,Benali,Amina,0639980011,,,Mulhouse,,,dialyse;ECG,"
    free = replace(REGION, abilities=())
    (amina,) = read_listing(f"{HEADER}\n{line}\n", free, fiction_numbers=True).people
    assert amina.person.capabilities == ("dialyse", "ECG")


def test_every_bad_line_is_named_at_once() -> None:
    found = reasons("nurse,A,B,0639980011,,,,,,,", "osnp,Martin,Léa,0639980001,,,,,,,", "osnp,X,Y,z,,,,,,,")

    assert [reason.partition(":")[0] for reason in found] == ["Line 2", "Line 4"]


def test_the_same_number_twice_is_named() -> None:
    (reason,) = reasons("osnp,A,B,0639980001,,,,,,,", "osnp,C,D,+33639980001,,,,,,,")

    assert reason == "Line 3: its phone is that of line 2."


def test_a_wrong_header_says_what_it_must_be() -> None:
    with pytest.raises(BadList) as caught:
        read("role,name\nosnp,Léa\n")

    assert "The header lacks the column «last_name»." in caught.value.reasons
    assert caught.value.reasons[-1] == f"Line 1 must be: {HEADER}"


@pytest.mark.parametrize("text", ["", "\n", "\ufeff", "Benali,Amina\nMartin,Léa\n"])
def test_a_file_without_a_header_is_one_sentence(text: str) -> None:
    with pytest.raises(BadList) as caught:
        read(text)
    assert caught.value.reasons == [f"The file has no header. Line 1 must be: {HEADER}"]


def test_a_header_without_anybody_is_said() -> None:
    with pytest.raises(BadList, match="nobody under it"):
        read(HEADER + "\n")


async def test_a_file_is_imported_and_again_changes_nothing(given: Given) -> None:
    assert await people_flow.import_listing(given, read(GOOD)) == Imported(added=5)
    assert await people_flow.import_listing(given, read(GOOD)) == Imported(unchanged=5)

    async with given.storage.transaction() as tx:
        claire = await tx.people.by_phone("+33639980021")
        (sos,) = await tx.people.organisations()
    assert claire is not None
    assert claire.organisation == sos.id


async def test_a_known_phone_or_rpps_changes_that_person_and_keeps_the_rest(given: Given) -> None:
    await people_flow.import_listing(given, read(GOOD))
    async with given.storage.transaction() as tx:
        amina = await tx.people.by_phone("+33639980011")
        assert amina is not None
        await tx.people.save(replace(amina, several_missions=True))
    moved = GOOD.replace("+33639980011", "0639980099").replace("Amina,", "Amina Nour,")

    assert await people_flow.import_listing(given, read(moved)) == Imported(changed=1, unchanged=4)

    async with given.storage.transaction() as tx:
        now = await tx.people.get(amina.id)
    assert now is not None
    assert (now.phone, now.first_name, now.several_missions) == ("+33639980099", "Amina Nour", True)


async def test_whoever_gets_another_role_is_named(given: Given) -> None:
    await people_flow.import_listing(given, read(GOOD))
    promoted = "\n".join(
        line.replace("idel,", "osnp,", 1) if "Amina" in line else line for line in GOOD.splitlines()
    )

    done = await people_flow.import_listing(given, read(promoted))

    assert done.changed == 1
    assert done.roles == ("Amina BENALI: idel → osnp",)


async def test_what_a_line_leaves_empty_is_kept(given: Given) -> None:
    await people_flow.import_listing(given, read(GOOD))
    bare = GOOD.replace("10000000011,Mulhouse,,,prelevement;perfusion", "10000000011,Mulhouse,,,")

    assert await people_flow.import_listing(given, read(bare)) == Imported(unchanged=5)


async def test_a_list_does_not_bring_back_whoever_has_left(given: Given) -> None:
    await people_flow.import_listing(given, read(GOOD))
    async with given.storage.transaction() as tx:
        amina = await tx.people.by_phone("+33639980011")
        assert amina is not None
        await tx.people.save(replace(amina, active=False, left_at=given.now()))

    assert await people_flow.import_listing(given, read(GOOD)) == Imported(unchanged=4, left=1)

    async with given.storage.transaction() as tx:
        now = await tx.people.get(amina.id)
    assert now is not None
    assert not now.active


async def test_an_unknown_organisation_stops_the_whole_import(given: Given) -> None:
    text = GOOD.replace(",SOS médecin 68\n", ",Autre maison\n", 1)

    with pytest.raises(BadList, match="Line 5: no organisation is called «Autre maison»"):
        await people_flow.import_listing(given, read(text))

    async with given.storage.transaction() as tx:
        assert await tx.people.all() == []
        assert await tx.people.organisations() == []


async def invited(given: Given) -> PersonId:
    await people_flow.import_listing(given, read(GOOD))
    async with given.storage.transaction() as tx:
        amina = await tx.people.by_phone("+33639980011")
    assert amina is not None
    await register.invite(given, "token-of-amina", person=amina.id)
    return amina.id


async def test_a_personal_link_makes_an_account_a_person(given: Given) -> None:
    amina = await invited(given)

    answer = await register.start(given, 2001, 2001, "token-of-amina")

    assert (answer.kind, answer.facts["role"]) == ("register.welcome", Role.IDEL.value)
    async with given.storage.transaction() as tx:
        account = await tx.people.account(amina)
        lines = await tx.journal.between(given.now(), given.now(), "register.linked")
    assert account is not None
    assert account.user_id == 2001
    assert lines is not None


async def test_the_same_person_may_open_it_again_and_nobody_else(given: Given) -> None:
    amina = await invited(given)
    await register.start(given, 2001, 2001, "token-of-amina")

    assert (await register.start(given, 2001, 2001, "token-of-amina")).kind == "register.welcome"
    assert (await register.start(given, 6666, 6666, "token-of-amina")).kind == "register.used"
    async with given.storage.transaction() as tx:
        account = await tx.people.account(amina)
    assert account is not None
    assert account.user_id == 2001


async def test_a_new_link_moves_a_person_to_a_new_account(given: Given) -> None:
    amina = await invited(given)
    await register.start(given, 2001, 2001, "token-of-amina")
    await register.invite(given, "second-token", person=amina)

    await register.start(given, 2002, 2002, "second-token")

    async with given.storage.transaction() as tx:
        person = await tx.people.by_user(2002)
        assert await tx.people.by_user(2001) is None
    assert person is not None
    assert person.id == amina


async def test_a_link_that_is_none_is_said_kindly(given: Given) -> None:
    await invited(given)

    assert (await register.start(given, 2001, 2001, "guess")).kind == "register.unknown"
    assert (await register.bind_organisation(given, -5, "token-of-amina")).kind == "register.unknown"


async def test_a_houses_link_registers_its_group_once(given: Given) -> None:
    await people_flow.import_listing(given, read(GOOD))
    async with given.storage.transaction() as tx:
        (sos,) = await tx.people.organisations()
    await register.invite(given, "token-of-sos", organisation=sos.id)

    first = await register.bind_organisation(given, -100500, "token-of-sos")
    again = await register.bind_organisation(given, -100500, "token-of-sos")
    other = await register.bind_organisation(given, -100600, "token-of-sos")

    assert [a.kind for a in (first, again, other)] == ["register.welcome"] * 2 + ["register.used"]
    async with given.storage.transaction() as tx:
        house = await tx.people.organisation_by_chat(-100500)
    assert house is not None
    assert house.id == OrganisationId(sos.id)


async def test_everybody_who_may_be_invited_is_listed_in_the_order_of_roles(given: Given) -> None:
    await people_flow.import_listing(given, read(GOOD))

    names = [one.name for one in await people_flow.invitees(given)]

    assert names == ["Léa MARTIN", "Amina BENALI", "Bruno KELLER", "Claire MOREL", "SOS médecin 68"]
