/** The telephone: text messages, number by number, of those who have no Telegram or are reached by SMS too. */

import { badge, coalesced, element, icon, renew } from "./element.js";
import { day, dayKey, hour, phone } from "./french.js";
import { options } from "./chat_pane.js";
import { plainText } from "./safe_html.js";

export class PhonePane {
  root;
  number = null;
  #world;
  #keep;
  #who = element("select", { "aria-label": "Numéro du téléphone" });
  #role = element("p", { class: "role" });
  #others = element("div", { class: "chat-tabs", "aria-label": "Autres téléphones avec du nouveau", role: "group" });
  #list = element("ol", { class: "messages" });
  #scroller = element("div", { class: "scroller", tabindex: "0", role: "log", "aria-live": "off", "aria-label": "SMS" }, this.#list);
  #redraw = coalesced(() => this.#draw());

  constructor(root, world, kept, keep) {
    this.root = root;
    this.#world = world;
    this.number = kept ?? null;
    this.#keep = keep;
    const face = element("span", { class: "face" }, element("span", { class: "avatar sms", "aria-hidden": "true" }, icon("phone")));
    const head = element("header", { class: "pane-head" }, face, element("div", { class: "names" }, this.#who, this.#role));
    const screen = element("div", { class: "talk" }, this.#others, element("div", { class: "chat" }, this.#scroller));
    root.append(head, element("div", { class: "pane-body" }, screen));
    this.#who.addEventListener("change", () => this.open(this.#who.value));
    document.addEventListener("visibilitychange", () => this.#markRead());
    new ResizeObserver(() => this.#toEnd()).observe(this.#scroller);
  }

  load() {
    const lines = this.#lines();
    if (!lines.some((line) => line.number === this.number)) this.number = lines[0]?.number ?? null;
    this.#draw();
  }

  open(number) {
    this.number = number;
    this.#keep(number);
    this.#draw();
  }

  change(change) {
    if (change.kind === "person" && this.number === null) this.load();
    else if (change.kind === "sms" && this.number === null) this.open(change.sms.to);
    else if (["sms", "read", "person"].includes(change.kind)) this.#redraw();
  }

  /** People who can only be reached by phone, then whoever else was sent an SMS. */
  #lines() {
    const lines = new Map();
    for (const person of this.#world.people) {
      if (!person.on_telegram && person.phone) lines.set(person.phone, { number: person.phone, name: person.name, label: person.label });
    }
    for (const sms of this.#world.sms) {
      if (lines.has(sms.to)) continue;
      const person = this.#world.people.find((known) => known.phone === sms.to);
      lines.set(sms.to, { number: sms.to, name: person?.name || sms.to_name || phone(sms.to), label: person?.label ?? "" });
    }
    return [...lines.values()];
  }

  #draw() {
    const lines = this.#lines();
    const line = lines.find((known) => known.number === this.number);
    options(this.#who, lines.map((known) => ({ value: known.number, text: this.#choice(known) })), this.number);
    this.#who.disabled = lines.length === 0;
    this.#role.textContent = line ? phone(line.number) : "SMS";
    this.#drawOthers(lines);
    this.#drawMessages();
    this.#toEnd();
  }

  #choice({ number, name }) {
    const { count } = number === this.number ? { count: 0 } : this.#world.unreadOfNumber(number);
    return count === 0 ? name : `${name} (${count})`;
  }

  #drawOthers(lines) {
    const waiting = lines.filter(({ number }) => number !== this.number && this.#world.unreadOfNumber(number).count > 0);
    this.#others.hidden = waiting.length === 0;
    renew(
      this.#others,
      waiting.map(({ number, name }) =>
        element(
          "button",
          { type: "button", data: { key: number, number }, onclick: () => this.open(number) },
          element("span", { class: "name" }, name),
          badge(this.#world.unreadOfNumber(number)),
        ),
      ),
    );
  }

  #drawMessages() {
    const messages = this.#world.sms.filter((sms) => sms.to === this.number);
    const nodes = messages.flatMap((sms, at) => {
      const sameDay = at > 0 && dayKey(messages[at - 1].at) === dayKey(sms.at);
      return sameDay ? [bubble(sms)] : [element("li", { class: "day" }, element("span", {}, day(sms.at))), bubble(sms)];
    });
    const none = element("li", { class: "empty" }, element("p", {}, "Pas encore de SMS."));
    this.#list.replaceChildren(...(nodes.length > 0 ? nodes : [none]));
  }

  #toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#markRead();
  }

  #markRead() {
    if (this.root.offsetParent !== null && !document.hidden && this.number) this.#world.markNumberRead(this.number);
  }
}

function bubble(sms) {
  return element(
    "li",
    { class: "message other sms", data: { sms: sms.id } },
    element(
      "div",
      { class: "bubble" },
      element(
        "div",
        { class: "words" },
        plainText(sms.text),
        element("span", { class: "meta" }, element("time", { datetime: sms.at }, hour(sms.at))),
      ),
    ),
  );
}
