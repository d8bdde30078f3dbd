"""The sandbox's page as a person uses it, in a real browser, on an invented world."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FilePayload, Page, expect

from tests.sandbox import page_browser, page_cast
from tests.sandbox.page_cast import (
    AMINA,
    BOT,
    BRUNO,
    FISCHER,
    GROUP,
    KARIM,
    LEA,
    SMT_412,
    SMT_413,
    SOS,
    SOS_GROUP,
)
from tests.sandbox.page_server import PageServer

chromium_path = page_browser.chromium_path
# One browser for all of them: starting it takes longer than any of these stories.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(name="browser", scope="module", loop_scope="module")
async def one_browser(chromium_path: str) -> AsyncIterator[Browser]:
    async with page_browser.browser(chromium_path) as browser:
        yield browser


@pytest_asyncio.fixture(name="server", loop_scope="module")
async def an_invented_world() -> AsyncIterator[PageServer]:
    async with PageServer() as server:
        yield server


@pytest_asyncio.fixture(name="page", loop_scope="module")
async def the_page(server: PageServer, browser: Browser) -> AsyncIterator[Page]:
    async with page_browser.visit(browser, server.origin) as page:
        yield page


@pytest_asyncio.fixture(name="small_page", loop_scope="module")
async def the_page_on_a_telephone(server: PageServer, browser: Browser) -> AsyncIterator[Page]:
    async with page_browser.visit(browser, server.origin, 375, 812) as page:
        yield page


async def test_what_is_written_is_sent_as_the_person_of_the_pane(page: Page, server: PageServer) -> None:
    amina = page.locator("#pane-a")
    await amina.get_by_role("textbox").fill("Je pars")
    await amina.get_by_role("textbox").press("Shift+Enter")
    await amina.get_by_role("textbox").press_sequentially("tout de suite")
    await amina.get_by_role("textbox").press("Enter")

    await expect(amina.locator(".message.own").last).to_contain_text("tout de suite")
    await expect(amina.get_by_role("textbox")).to_have_value("")
    assert server.asked == [
        {
            "as": AMINA,
            "do": "send",
            "chat": AMINA,
            "thread": None,
            "text": "Je pars\ntout de suite",
            "reply_to": None,
        }
    ]


async def test_in_the_group_one_chooses_whom_one_is_and_the_topic(page: Page, server: PageServer) -> None:
    group = page.locator("#pane-group")
    await group.locator(f"[data-topic='{SMT_412}']").click()
    await group.get_by_label("Vous êtes").select_option("Karim Haddad (OSNP)")
    await group.locator(".message", has_text="Noté, je préviens").locator(".words").click()
    await page.get_by_role("menuitem", name="Répondre").click()
    await group.get_by_role("textbox").fill("Merci")
    await group.get_by_role("textbox").press("Enter")

    await expect(group.locator(".message.own").last).to_contain_text("Merci")
    await expect(group.locator(".message.own").last.locator(".quote")).to_have_text(
        "Noté, je préviens Amina."
    )
    assert (server.asked[0]["as"], server.asked[0]["thread"], server.asked[0]["reply_to"]) == (
        KARIM,
        SMT_412,
        33,
    )


async def test_a_button_is_busy_until_the_bot_answers(page: Page, server: PageServer) -> None:
    button = page.locator("#pane-a").get_by_role("button", name="En route")
    async with page.expect_response("**/api/act"):
        await button.click()
    await expect(button).to_have_attribute("aria-busy", "true")
    await button.click()

    server.push("toast", person=AMINA, text="C'est noté, bonne route.", alert=False, chat=AMINA, message=13)
    await expect(page.locator("#pane-a .toast")).to_have_text("C'est noté, bonne route.")
    await expect(page.get_by_role("status").filter(has_text="bonne route")).to_be_attached()
    await expect(button).to_have_attribute("aria-busy", "false")
    assert server.asked == [{"as": AMINA, "do": "tap", "chat": AMINA, "message": 13, "row": 0, "col": 0}]


async def test_an_alert_stays_until_ok(page: Page, server: PageServer) -> None:
    server.push("toast", person=AMINA, text="Un collègue l'a prise.", alert=True, chat=AMINA, message=13)
    alert = page.get_by_role("alertdialog")
    await expect(alert).to_contain_text("Un collègue l'a prise.")
    await page.keyboard.press("Enter")
    await expect(alert).to_have_count(0)


async def test_an_answer_to_somebody_out_of_view_says_the_name(page: Page, server: PageServer) -> None:
    server.push("toast", person=BRUNO, text="Déjà prise.", alert=False, chat=BRUNO, message=20)
    await expect(page.locator("#toasts")).to_have_text("Bruno Muller : Déjà prise.")


async def test_a_refused_message_comes_back_with_the_reason(page: Page, server: PageServer) -> None:
    server.refusal = "Amina a bloqué le bot."
    box = page.locator("#pane-a").get_by_role("textbox")
    await box.fill("Bonjour")
    await box.press("Enter")
    await expect(page.locator("#pane-a .toast.error")).to_have_text("Amina a bloqué le bot.")
    await expect(box).to_have_value("Bonjour")


async def test_unread_counts_follow_everybody(page: Page, server: PageServer) -> None:
    chip = page.locator(f"#people [data-person='{BRUNO}']")
    await expect(chip.locator(".badge")).to_have_text("1 1 non lu")
    server.says(BRUNO, "SMT 413 · rappel", silent=True)
    await expect(chip.locator(".badge")).to_have_text("2 2 non lus")
    topic = page.locator(f"[data-topic='{SMT_413}']")
    await expect(topic.locator(".badge")).to_be_visible()

    await chip.click()
    await expect(page.locator("#pane-a, #pane-b").filter(has_text="SMT 413 · rappel")).to_be_visible()
    await expect(chip.locator(".badge")).to_have_count(0)
    await topic.click()
    await expect(topic.locator(".badge")).to_have_count(0)


async def test_a_doctor_without_telegram_is_on_the_telephone(page: Page, server: PageServer) -> None:
    daughter = page.locator("#people [data-person='1401']")
    await expect(daughter.locator(".badge")).to_be_visible()
    await daughter.click()
    phone = page.locator("#pane-phone")
    await expect(phone.locator(".message")).to_contain_text("une IDEL vient chez vous")
    await expect(daughter.locator(".badge")).to_have_count(0)

    number = server.state["sms"][0]["to"]
    text = "SAS 68: autre lien https://smt.example/d/autre OSNP 0353010010"
    server.push("sms", sms=page_cast.text_message(3, number, "Dr Luc Weber", text))
    await phone.get_by_role("button", name="Dr Luc Weber").click()
    await expect(phone.get_by_role("link", name="https://smt.example/d/autre")).to_have_attribute(
        "target", "_blank"
    )


async def test_an_album_is_one_grid_and_grows(page: Page, server: PageServer) -> None:
    grid = page.locator("#pane-a .photos")
    await expect(grid.locator("img")).to_have_count(3)
    await grid.locator("button").first.click()
    await expect(page.locator("#viewer img")).to_be_visible()
    await page.keyboard.press("Escape")

    photo = page_cast.file("1", "photo", "un.png")
    server.says(AMINA, "", AMINA, file=photo, album="a2")
    server.says(AMINA, "Deux vues", AMINA, file=photo, album="a2")
    await expect(page.locator("#pane-a .photos")).to_have_count(2)
    await expect(page.locator("#pane-a .message").last).to_contain_text("Deux vues")


async def test_several_photos_leave_as_one_album(page: Page, server: PageServer) -> None:
    amina = page.locator("#pane-a")
    async with page.expect_file_chooser() as choosing:
        await amina.get_by_role("button", name="Joindre").click()
        await page.get_by_role("menuitem", name="Photos").click()
    photo = page_cast.FILES["1"][1]
    await (await choosing.value).set_files(
        [
            FilePayload(name="une.png", mimeType="image/png", buffer=photo),
            FilePayload(name="deux.png", mimeType="image/png", buffer=photo),
        ]
    )
    await amina.get_by_role("textbox").fill("La plaie")
    async with page.expect_response("**/api/files"):
        await amina.get_by_role("button", name="Envoyer").click()
    await expect(amina.locator(".tray li")).to_have_count(0)
    assert server.uploads == [
        {
            "as": str(AMINA),
            "chat": str(AMINA),
            "caption": "La plaie",
            "kind": "photo",
            "files": [("une.png", len(photo)), ("deux.png", len(photo))],
        }
    ]


async def test_own_messages_are_corrected(page: Page, server: PageServer) -> None:
    amina = page.locator("#pane-a")
    await amina.locator(".message", has_text="TA 13/8").locator(".words").first.click()
    await page.get_by_role("menuitem", name="Modifier").click()
    await expect(amina.get_by_role("textbox")).to_have_value("TA 13/8 FC 72 SpO2 96 T 37,2 EVA 3")
    await amina.get_by_role("textbox").fill("TA 14/8 FC 72")
    await amina.get_by_role("textbox").press("Enter")
    await expect(amina.locator(".message[data-id='17']")).to_contain_text("TA 14/8 FC 72modifié")
    assert server.asked[0] == {
        "as": AMINA,
        "do": "edit",
        "chat": AMINA,
        "message": 17,
        "text": "TA 14/8 FC 72",
    }


async def test_the_contact_keyboard_leaves_once_the_number_is_shared(page: Page, server: PageServer) -> None:
    await page.locator(f"#people [data-person='{FISCHER}']").click()
    keys = page.locator(".reply-keys", has_text="Partager")
    async with page.expect_response("**/api/act"):
        await keys.get_by_role("button", name="Partager mon numéro").click()
    await expect(keys).to_have_count(0)
    assert server.asked == [{"as": FISCHER, "do": "contact", "chat": FISCHER, "thread": None}]


async def test_commands_are_offered_and_sent(page: Page, server: PageServer) -> None:
    box = page.locator("#pane-group").get_by_role("textbox")
    await box.press_sequentially("/mi")
    offered = page.locator("#pane-group .commands").get_by_role("option")
    await expect(offered).to_have_text(["/missionOuvrir une mission"])
    await box.press("Enter")
    await expect(page.locator("#pane-group .message.own", has_text="/mission")).to_have_count(2)
    assert (server.asked[0]["as"], server.asked[0]["chat"], server.asked[0]["text"]) == (
        LEA,
        GROUP,
        "/mission",
    )


ATTACK = "<img src=x onerror=\"document.title='pris'\"><script>document.title='pris'</script>"


async def test_markup_in_words_stays_words(page: Page, server: PageServer) -> None:
    server.says(AMINA, ATTACK, AMINA)
    server.says(AMINA, ATTACK, AMINA, html="")
    for message in await page.locator("#pane-a .message.own .words", has_text="<img").all():
        await expect(message).to_contain_text(ATTACK)
    assert await page.title() == "SMT · bac à sable"


async def test_markup_the_server_forgot_to_clean_does_nothing(browser: Browser, server: PageServer) -> None:
    async with page_browser.visit(browser, server.origin, attacked=True) as page:
        trap = {"text": "Piège", "kind": "url", "url": "javascript:alert(1)", "copy": None}
        dirty = f"<b onclick='x()'>gras</b>{ATTACK}<a href='javascript:alert(1)'>lien</a>"
        server.says(AMINA, "…", html=dirty, buttons=[[trap]])
        last = page.locator("#pane-a .message").last
        await expect(last.locator("b")).to_have_text("gras")
        await expect(last.locator(".key.dead")).to_have_text("Piège")
        assert await last.locator("[onclick], [onerror], img, script, a").count() == 0
        assert await page.title() == "SMT · bac à sable"


async def test_numbers_dial_code_copies_and_links_open_elsewhere(page: Page, server: PageServer) -> None:
    amina = page.locator("#pane-a")
    await expect(amina.get_by_role("link", name="+33 3 53 01 00 12")).to_have_attribute(
        "href", "tel:+33353010012"
    )
    await amina.locator("code").click()
    await expect(amina.locator(".toast")).to_have_text("Copié.")
    assert await page.evaluate("navigator.clipboard.readText()") == "12 rue des Tanneurs, 68200 Mulhouse"

    morel = page.locator("#pane-b")
    await morel.get_by_role("button", name="SMT 412 · Mulhouse").click()
    await expect(morel.get_by_role("link", name="ENTRER EN VISIO")).to_have_attribute("target", "_blank")
    await morel.get_by_role("button", name="Copier la facturation").click()
    await expect(morel.locator(".toast")).to_have_text("Copié.")
    assert await page.evaluate("navigator.clipboard.readText()") == "KELLER Odile"


async def test_a_link_to_the_bot_opens_the_private_chat(page: Page, server: PageServer) -> None:
    async with page.expect_response("**/api/act"):
        await page.locator("#pane-group").get_by_role("link", name="Ouvrir").click()
    await expect(page.locator("#pane-a, #pane-b").filter(has_text="opératrice")).to_be_visible()
    assert server.asked == [{"as": LEA, "do": "start", "payload": "m"}]


async def test_who_reads_above_is_not_pulled_down(page: Page, server: PageServer) -> None:
    for count in range(300):
        server.says(AMINA, f"Message {count}")
    amina = page.locator("#pane-a")
    await expect(amina.locator(".message").last).to_contain_text("Message 299")
    await expect(amina.locator(".message").last).to_be_in_viewport()

    await amina.locator(".scroller").hover()
    await page.mouse.wheel(0, -900)
    await expect(amina.locator(".down")).to_be_visible()
    server.says(AMINA, "Un de plus")
    server.says(AMINA, "Et un autre")
    await expect(amina.locator(".down")).to_have_text("2 nouveaux")
    await expect(amina.locator(".message").last).not_to_be_in_viewport()
    await amina.locator(".down").click()
    await expect(amina.locator(".message").last).to_be_in_viewport()
    await expect(amina.locator(".down")).to_be_hidden()


async def test_three_thousand_messages_are_drawn_page_by_page(page: Page, server: PageServer) -> None:
    server.state["messages"] += [
        page_cast.message(AMINA, 100 + count, BOT, f"N° {count}") for count in range(3000)
    ]
    server.push("reset")
    amina = page.locator("#pane-a")
    await expect(amina.locator(".message").last).to_contain_text("N° 2999")
    assert await amina.locator(".message").count() == 120
    await amina.locator(".scroller").evaluate("(scroller) => scroller.scrollTo(0, 100)")
    await expect(amina.locator(".message")).to_have_count(240)


async def test_a_broken_line_is_said_and_taken_up_again(page: Page, server: PageServer) -> None:
    server.says(AMINA, "Avant")
    await expect(page.locator("#pane-a .message").last).to_contain_text("Avant")
    server.events_are_down = True
    server.cut()
    await expect(page.locator("#connection")).to_be_visible()
    server.says(AMINA, "Pendant la coupure")
    server.events_are_down = False

    await expect(page.locator("#pane-a .message").last).to_contain_text("Pendant la coupure")
    await expect(page.locator("#connection")).to_be_hidden()
    assert server.since[-1] == 101


async def test_a_reset_shows_the_new_world(page: Page, server: PageServer) -> None:
    server.state["messages"] = [page_cast.message(AMINA, 1, BOT, "Nouveau départ")]
    server.push("reset")
    await expect(page.locator("#pane-a .message")).to_have_count(1)
    await expect(page.locator("#pane-a .message")).to_contain_text("Nouveau départ")


async def test_what_is_deleted_or_edited_changes_in_place(page: Page, server: PageServer) -> None:
    message = server.message(AMINA, 12)
    message.update(text="✅ SMT 412 · visite terminée", html="", edited=page_cast.NOW)
    server.push("edited", message=message)
    await expect(page.locator("#pane-a .message[data-id='12']")).to_contain_text("visite terminée")
    server.push("deleted", chat=AMINA, id=13)
    await expect(page.locator("#pane-a .message[data-id='13']")).to_have_count(0)


async def test_time_goes_forward_and_the_bots_state_is_seen(page: Page, server: PageServer) -> None:
    await expect(page.locator("#clock")).to_contain_text("09:43:")
    await expect(page.locator("#bot-state")).to_have_text("bot en ligne")
    await page.get_by_role("button", name="Avancer de 5 minutes").click()
    await expect(page.locator("#clock")).to_contain_text("09:48:")
    server.push("bot", alive=False)
    await expect(page.locator("#bot-state")).to_have_text("bot arrêté")
    await page.get_by_role("button", name="Nouvelle mission d'exemple").click()
    await expect(page.locator("#toasts")).to_have_text("Mission d'exemple déclenchée.")
    assert server.asked == [{"do": "clock", "minutes": 5}, {"do": "example"}]


async def test_a_telephone_shows_one_pane_at_a_time(small_page: Page, server: PageServer) -> None:
    page = small_page
    tabs = page.locator("#tabs")
    await expect(page.locator("#pane-group")).to_be_visible()
    await expect(page.locator("#pane-a")).to_be_hidden()
    await expect(tabs.get_by_role("button", name="SMS").locator(".badge")).to_be_visible()

    await tabs.get_by_role("button", name="Dr Morel").click()
    await expect(page.locator("#pane-b")).to_be_visible()
    await expect(page.locator("#pane-group")).to_be_hidden()
    await page.locator(f"#people [data-person='{BRUNO}']").click()
    await expect(page.locator("#pane-b")).to_contain_text("SMT 413")
    assert await page.evaluate("document.documentElement.scrollWidth") == 375
    assert await page.evaluate("document.documentElement.scrollHeight") == 812


async def test_private_topics_and_a_house_group_are_tabs(page: Page, server: PageServer) -> None:
    server.push("topic", chat=AMINA, topic={"id": 40, "name": "SMT 412 · Mulhouse", "closed": False})
    server.says(AMINA, "✅ SMT 412 est à vous", thread=40)
    tab = page.locator("#pane-a .chat-tabs").get_by_role("button", name="SMT 412")
    await expect(tab.locator(".badge")).to_be_visible()
    await tab.click()
    await expect(page.locator("#pane-a .message")).to_have_count(1)

    await page.locator("#people [data-person='1301']").click()
    await page.get_by_role("button", name="Téléconsultations SOS").click()
    choice = page.get_by_role("button", name="Visite à la place")
    async with page.expect_response("**/api/act"):
        await choice.click()
    await expect(choice).to_have_attribute("aria-busy", "true")
    assert (server.asked[0]["as"], server.asked[0]["chat"]) == (SOS, SOS_GROUP)
