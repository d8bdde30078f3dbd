/** What the group's pane and a person's pane share: a header, a chat, and the box where one writes. */

import { element, iconButton, renew } from "./element.js";
import { initials } from "./french.js";
import { ChatView } from "./chat_view.js";
import { Compose } from "./compose.js";
import * as server from "./server.js";
import { toast } from "./toasts.js";

export class ChatPane {
  root;
  world;
  view;
  compose;
  header = element("header", { class: "pane-head" });
  body = element("div", { class: "pane-body" });
  notice = element("p", { class: "notice", hidden: true });

  constructor(root, { world, taps, desk }) {
    this.root = root;
    this.world = world;
    this.desk = desk;
    const failed = (text) => this.tell({ text, error: true });
    this.compose = new Compose({ failed, lastOwn: () => this.view.lastOwn() });
    this.view = new ChatView({
      world,
      taps,
      desk,
      on: {
        reply: (message) => this.compose.reply(message),
        edit: (message) => this.compose.edit(message),
        command: (text) => this.compose.say(text),
        start: () => this.act(this.place.actor, "start", { payload: "" }),
      },
    });
    this.#takeDrops();
  }

  get place() {
    return this.view.place;
  }

  /** Whether somebody looking at this pane now sees what the bot tells this person in this chat. */
  isWhere(person, chat) {
    return this.view.visible && this.place?.actor === person && (chat === null || this.place.chat === chat);
  }

  tell(news) {
    toast(this.view.toasts, news);
  }

  async act(person, what, fields = {}) {
    try {
      await server.act(person, what, fields);
    } catch (refused) {
      this.tell({ text: refused.message, error: true });
    }
  }

  show(place) {
    const writer = place && this.world.person(place.actor);
    // What was said to one person must not stand over another's chat.
    if (place?.actor !== this.place?.actor) this.view.toasts.replaceChildren();
    this.view.show(place);
    this.compose.show(place && { ...place, name: writer?.name ?? "" });
  }

  #takeDrops() {
    this.root.addEventListener("dragover", (event) => {
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
    });
    this.root.addEventListener("drop", (event) => {
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      this.compose.drop(event.dataTransfer.files);
    });
  }
}

export function avatar(person) {
  return element("span", { class: `avatar role-${person.role}`, "aria-hidden": "true" }, initials(person.name));
}

export function roleLine(person) {
  return [person.label, person.note].filter(Boolean).join(" · ");
}

export function options(select, entries, chosen) {
  renew(select, entries.map(({ value, text }) => element("option", { value, data: { key: value } }, text)));
  select.value = String(chosen);
}

export const moreButton = (label, onclick) => iconButton("more", label, onclick, { "aria-haspopup": "menu" });
