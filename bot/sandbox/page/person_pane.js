/** One person's Telegram: the private chat with the bot, its topics, and the person's organisation groups. */

import { badge, coalesced, element, renew } from "./element.js";
import { ChatPane, avatar, moreButton, options, roleLine } from "./chat_pane.js";
import { openMenu } from "./menu.js";

export class PersonPane extends ChatPane {
  person = null;
  #thread = null;
  #chat = null;
  #choose;
  #who;
  #face = element("span", { class: "face" });
  #role = element("p", { class: "role" });
  #tabs = element("nav", { class: "chat-tabs", "aria-label": "Discussions de la personne" });
  #keys = element("div", { class: "reply-keys", role: "group", "aria-label": "Clavier proposé par le bot", hidden: true });
  #sharedFrom = new Set();
  #redraw = coalesced(() => this.#drawAround());

  /** @param choose told the person picked in the selector */
  constructor(root, parts, choose) {
    super(root, parts);
    this.#choose = choose;
    this.#who = element("select", { "aria-label": "Personne de ce volet" });
    this.header.append(
      this.#face,
      element("div", { class: "names" }, this.#who, this.#role),
      moreButton("Plus", (event) => this.#openMenu(event.currentTarget)),
    );
    this.body.append(
      this.#tabs,
      element("div", { class: "talk" }, this.view.root, this.notice, this.compose.root, this.#keys),
    );
    root.append(this.header, this.body);
    this.#who.addEventListener("change", () => this.#choose(Number(this.#who.value)));
    this.#keys.addEventListener("click", (event) => this.#onKey(event));
  }

  /** @param where {chat, thread}: another chat than the private one with the bot */
  open(person, where = null) {
    this.person = person;
    this.#chat = where?.chat ?? this.world.privateChat(person)?.id ?? person;
    this.#thread = where?.thread ?? null;
    this.show(this.world.person(person) && { chat: this.#chat, thread: this.#thread, actor: person, group: this.#isGroup() });
    this.#drawAround();
  }

  change(change) {
    if (change.kind === "topic_deleted" && change.chat === this.#chat && change.id === this.#thread) this.open(this.person);
    this.view.change(change);
    if (change.kind !== "toast") this.#redraw();
  }

  #isGroup() {
    return this.world.chat(this.#chat) !== null && this.world.chat(this.#chat).type !== "private";
  }

  #drawAround() {
    const person = this.world.person(this.person);
    if (person === null) return;
    this.#face.replaceChildren(avatar(person));
    this.#role.textContent = roleLine(person);
    this.#drawChoice();
    this.#drawTabs();
    this.#drawBlocked(person);
    this.#drawKeys();
  }

  #drawChoice() {
    // An open list must not change under the finger.
    if (document.activeElement === this.#who && this.#who.value === String(this.person)) return;
    const people = this.world.people.filter((person) => person.on_telegram);
    options(this.#who, people.map((person) => ({ value: person.id, text: this.#choice(person) })), this.person);
  }

  #choice(person) {
    const { count } = person.id === this.person ? { count: 0 } : this.world.unreadOfPerson(person.id);
    return count === 0 ? person.name : `${person.name} (${count})`;
  }

  #places() {
    const own = this.world.privateChat(this.person);
    const topics = own ? this.world.topics(own) : [];
    const chat = own?.id ?? this.person;
    return [
      { chat, thread: null, name: this.world.bot.name || "Bot" },
      ...topics.map((topic) => ({ chat, thread: topic.id, name: topic.name, closed: topic.closed })),
      ...this.world.organisationChats(this.person).map((group) => ({ chat: group.id, thread: null, name: group.title })),
    ];
  }

  #drawTabs() {
    const places = this.#places();
    this.#tabs.hidden = places.length < 2;
    if (places.length < 2) return;
    renew(this.#tabs, places.map((place) => this.#tab(place)));
  }

  #tab({ chat, thread, name, closed }) {
    const current = chat === this.#chat && thread === this.#thread;
    return element(
      "button",
      {
        type: "button",
        class: closed ? "closed" : null,
        "aria-current": current ? "true" : null,
        data: { key: `${chat}:${thread ?? ""}`, chat, thread: thread ?? "general" },
        onclick: () => this.open(this.person, { chat, thread }),
      },
      element("span", { class: "name" }, name),
      badge(this.world.unread(chat, thread)),
    );
  }

  #drawBlocked(person) {
    this.notice.hidden = !person.blocked;
    if (!person.blocked) return;
    this.notice.replaceChildren(
      "Le bot est bloqué. ",
      element("button", { type: "button", onclick: () => this.act(person.id, "unblock") }, "Débloquer"),
    );
  }

  /** The latest reply keyboard stays until another one, an empty one, or the contact it asked for. */
  #drawKeys() {
    const messages = this.world.messages(this.#chat, this.#thread);
    const message = messages.findLast((known) => known.keyboard);
    const rows = message && !this.#sharedFrom.has(`${message.chat}:${message.id}`) ? message.keyboard : [];
    this.#keys.hidden = rows.length === 0;
    this.#keys.dataset.message = message?.id ?? "";
    renew(
      this.#keys,
      rows.map((row, at) => element("div", { class: "row", data: { key: at } }, ...row.map((key) => replyKey(key)))),
    );
  }

  async #onKey(event) {
    const key = event.target.closest("button");
    if (key === null) return;
    if (key.dataset.contact === undefined) return void this.compose.say(key.dataset.text);
    this.#sharedFrom.add(`${this.#chat}:${this.#keys.dataset.message}`);
    await this.act(this.person, "contact", { chat: this.#chat, thread: this.#thread });
    this.#drawKeys();
  }

  #openMenu(button) {
    const person = this.world.person(this.person);
    if (person === null) return;
    const inPrivate = !this.#isGroup();
    openMenu(button, [
      inPrivate && { label: "Envoyer /start", run: () => this.act(person.id, "start", { payload: "" }) },
      inPrivate && { label: "Partager mon numéro", run: () => this.act(person.id, "contact", { chat: this.#chat, thread: this.#thread }) },
      person.blocked
        ? { label: "Débloquer le bot", run: () => this.act(person.id, "unblock") }
        : { label: "Bloquer le bot", run: () => this.act(person.id, "block") },
    ]);
  }
}

function replyKey(key) {
  const text = typeof key === "string" ? key : key.text;
  const contact = typeof key === "object" && key.request_contact;
  return element("button", { type: "button", data: contact ? { text, contact: "" } : { text } }, text);
}
