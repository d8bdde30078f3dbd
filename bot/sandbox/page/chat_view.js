/** One chat, or one of its topics, as a list of bubbles that keeps to its end unless the reader scrolled up. */

import { element, icon } from "./element.js";
import { day, dayKey, firstLine } from "./french.js";
import { messageItem } from "./message.js";
import { openMenu } from "./menu.js";
import { announce, toast } from "./toasts.js";

const PAGE = 120;
const NEAR = 60;
const JOINED_WITHIN = 5 * 60_000;

export class ChatView {
  root;
  toasts = element("div", { class: "toasts" });
  #world;
  #taps;
  #desk;
  #on;
  #list = element("ol", { class: "messages" });
  #scroller;
  #pinned;
  #down;
  #empty = element("div", { class: "empty", hidden: true });
  #place = null;
  #first = 0;
  #items = new Map();
  #sticky = true;
  #lastTop = 0;
  #news = 0;

  /** @param on {reply(message), edit(message), command(text), start()} what the reader asks for */
  constructor({ world, taps, desk, on }) {
    this.#world = world;
    this.#taps = taps;
    this.#desk = desk;
    this.#on = on;
    this.#scroller = element("div", { class: "scroller", tabindex: "0", role: "log", "aria-live": "off", "aria-label": "Messages" }, this.#list);
    this.#pinned = element("button", { type: "button", class: "pinned", hidden: true });
    this.#down = element("button", { type: "button", class: "down", hidden: true });
    this.root = element("div", { class: "chat" }, this.#pinned, this.#scroller, this.#empty, this.#down, this.toasts);
    this.#scroller.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    this.#list.addEventListener("click", (event) => this.#onClick(event));
    this.#list.addEventListener("keydown", (event) => this.#onKey(event));
    this.#list.addEventListener("contextmenu", (event) => this.#onContextMenu(event));
    this.#list.addEventListener("animationend", (event) => event.target.classList.remove("changed", "found"));
    this.#down.addEventListener("click", () => this.toEnd());
    document.addEventListener("visibilitychange", () => this.settle());
    // Also tells when the pane, hidden until now, comes into view.
    const sizes = new ResizeObserver(() => this.settle());
    sizes.observe(this.#scroller);
    sizes.observe(this.#list);
  }

  /** @param place {chat, thread, actor, group} or null when there is nothing to show */
  show(place) {
    this.#place = place;
    this.#sticky = true;
    this.#news = 0;
    this.#first = Math.max(0, this.#messages().length - PAGE);
    this.draw();
    this.toEnd();
  }

  get place() {
    return this.#place;
  }

  get visible() {
    return this.root.offsetParent !== null && this.root.clientHeight > 0;
  }

  shows(chat, thread) {
    return this.#place !== null && this.#place.chat === chat && (this.#place.thread ?? null) === (thread ?? null);
  }

  draw() {
    this.#items.clear();
    this.#list.replaceChildren(...this.#itemsFrom(this.#first));
    this.#drawPinned();
    this.#drawEmpty();
    this.settle();
  }

  change(change) {
    if (this.#place === null) return;
    if (change.kind === "message" && this.shows(change.chat, change.thread)) this.#append(change.message);
    else if (change.kind === "edited" && this.shows(change.chat, change.thread)) this.#redraw(change.message);
    else if (change.kind === "deleted" && change.chat === this.#place.chat) this.#remove(change.id);
    else if (change.kind === "topic_deleted" && this.shows(change.chat, change.id)) this.draw();
    else if (change.kind === "pinned" && change.chat === this.#place.chat) this.#drawPinned();
  }

  toEnd() {
    this.#sticky = true;
    this.settle();
  }

  /** Shows a message wherever it is in this thread. */
  jump(id) {
    const at = this.#messages().findIndex((message) => message.id === id);
    if (at < 0) return announce("Ce message n'est plus là.");
    if (at < this.#first) {
      this.#first = Math.max(0, at - PAGE / 2);
      this.draw();
    }
    this.#sticky = false;
    const item = this.#items.get(id);
    item?.scrollIntoView({ block: "center" });
    item?.classList.add("found");
    return undefined;
  }

  /** Back to the end if that is where the reader was; what is seen is read. */
  settle() {
    if (this.#sticky) {
      this.#scroller.scrollTop = this.#scroller.scrollHeight;
      this.#news = 0;
      if (this.#place && this.visible && !document.hidden) this.#world.markRead(this.#place.chat, this.#place.thread);
    }
    this.#drawDown();
  }

  lastOwn() {
    return this.#messages().findLast((message) => message.from?.id === this.#place?.actor && message.text);
  }

  #messages() {
    return this.#place === null ? [] : this.#world.messages(this.#place.chat, this.#place.thread);
  }

  #append(message) {
    const messages = this.#messages();
    if (messages.at(-1)?.id !== message.id) return this.draw();
    const wasEmpty = messages.length === 1;
    const album = this.#albumAround(messages.length - 1);
    if (album.length > 1) this.#redraw(message);
    else this.#list.append(...this.#itemsAt(messages.length - 1, album));
    if (wasEmpty) this.#drawEmpty();
    if (message.from?.id === this.#place.actor) this.#sticky = true;
    else if (!this.#sticky) this.#news += 1;
    return this.settle();
  }

  #redraw(message) {
    const messages = this.#messages();
    const at = messages.findIndex((known) => known.id === message.id);
    if (at < this.#first) return;
    const parts = this.#albumAround(at);
    const old = parts.map((part) => this.#items.get(part.id)).find(Boolean);
    if (!old) return this.draw();
    const item = this.#item(messages.indexOf(parts[0]), parts);
    if (parts.length === 1) item.classList.add("changed");
    old.replaceWith(item);
    this.settle();
  }

  #remove(id) {
    if (!this.#items.has(id)) return;
    const fromEnd = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    this.#first = Math.min(this.#first, Math.max(0, this.#messages().length - PAGE));
    this.draw();
    if (!this.#sticky) this.#scroller.scrollTop = this.#scroller.scrollHeight - fromEnd;
  }

  #itemsFrom(first, until = this.#messages().length) {
    const nodes = [];
    let at = first;
    while (at < until) {
      const from = this.#messages()[at].id;
      const parts = this.#albumAround(at).filter((part) => part.id >= from).slice(0, until - at);
      nodes.push(...this.#itemsAt(at, parts));
      at += parts.length;
    }
    return nodes;
  }

  #itemsAt(at, parts) {
    const item = this.#item(at, parts);
    const before = this.#messages()[at - 1];
    const sameDay = before && dayKey(before.date) === dayKey(parts[0].date);
    return sameDay ? [item] : [element("li", { class: "day" }, element("span", {}, day(parts[0].date))), item];
  }

  #item(at, parts) {
    const before = this.#messages()[at - 1];
    const [first] = parts;
    const item = messageItem(parts, {
      own: first.from?.id === this.#place.actor,
      joined: isJoined(before, first),
      named: this.#place.group && first.from?.id !== this.#place.actor,
      actor: this.#place.actor,
      taps: this.#taps,
    });
    for (const part of parts) this.#items.set(part.id, item);
    return item;
  }

  /** The neighbours that share the message's album, itself included. */
  #albumAround(at) {
    const messages = this.#messages();
    const { album } = messages[at];
    if (!album) return [messages[at]];
    let from = at;
    let to = at;
    while (messages[from - 1]?.album === album) from -= 1;
    while (messages[to + 1]?.album === album) to += 1;
    return messages.slice(from, to + 1);
  }

  #onScroll() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const left = scrollHeight - scrollTop - clientHeight;
    if (left < NEAR) {
      this.#sticky = true;
      this.settle();
    } else if (scrollTop < this.#lastTop) this.#sticky = false;
    this.#lastTop = scrollTop;
    this.#drawDown();
    if (scrollTop < 240 && this.#first > 0 && this.visible) this.#showEarlier();
  }

  #showEarlier() {
    const until = this.#first;
    const fromEnd = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    this.#first = Math.max(0, until - PAGE);
    this.#list.prepend(...this.#itemsFrom(this.#first, until));
    this.#scroller.scrollTop = this.#scroller.scrollHeight - fromEnd;
    this.#lastTop = this.#scroller.scrollTop;
  }

  #drawDown() {
    this.#down.hidden = this.#sticky;
    if (this.#sticky) return;
    const words = this.#news === 0 ? "" : ` ${this.#news} nouveau${this.#news > 1 ? "x" : ""}`;
    this.#down.replaceChildren(icon("down"), words.trim());
    this.#down.setAttribute("aria-label", `Aller au dernier message${words && `,${words}`}`);
  }

  #drawPinned() {
    const pinned = (this.#place && this.#world.chat(this.#place.chat)?.pinned) ?? [];
    const here = pinned.filter(({ thread }) => (thread ?? null) === (this.#place?.thread ?? null));
    const message = here.map((pin) => this.#world.message(this.#place.chat, pin.message)).find(Boolean);
    this.#pinned.hidden = !message;
    if (!message) return;
    this.#pinned.replaceChildren(
      icon("pin"),
      element("span", { class: "label" }, element("b", {}, "Message épinglé"), element("span", {}, firstLine(message.text || "Message"))),
    );
    this.#pinned.onclick = () => this.jump(message.id);
  }

  #drawEmpty() {
    const empty = this.#messages().length === 0;
    this.#empty.hidden = !empty;
    if (!empty) return;
    const text = this.#place === null ? "Personne ici." : "Pas encore de message.";
    const start = this.#place?.group === false
      ? element("button", { type: "button", class: "main", onclick: () => this.#on.start() }, "Démarrer")
      : null;
    this.#empty.replaceChildren(element("p", {}, text), ...(start ? [start] : []));
  }

  #onClick(event) {
    const { target } = event;
    const acted = target.closest("[data-tap], [data-copy], [data-photo], [data-jump], [data-command], [data-role=more], a");
    const item = target.closest(".message");
    if (!item) return;
    const message = this.#world.message(Number(item.dataset.chat), Number(item.dataset.id));
    if (!message) return;
    if (acted) this.#act(acted, message, event);
    else if (target.closest(".bubble") && !target.closest("button, input, audio, video") && getSelection().isCollapsed) {
      this.#openActions(item, message, event);
    }
  }

  #act(node, message, event) {
    const { tap, copy, photo, jump, command, role, row, column } = node.dataset;
    if (tap !== undefined) this.#taps.tap(this.#place.actor, message, Number(row), Number(column));
    else if (copy !== undefined) this.#copy(copy);
    else if (photo !== undefined) this.#desk.showPhoto(photo);
    else if (jump !== undefined) this.jump(Number(jump));
    else if (command !== undefined) this.#on.command(command);
    else if (role === "more") this.#openActions(node.closest(".message"), message);
    else if (this.#desk.follow(node.href, this.#place.actor)) event.preventDefault();
  }

  #onKey(event) {
    const { target } = event;
    const copies = target.matches?.("code[data-copy], pre[data-copy]") && (event.key === "Enter" || event.key === " ");
    if (!copies) return;
    event.preventDefault();
    this.#copy(target.dataset.copy);
  }

  #onContextMenu(event) {
    const item = event.target.closest(".message:not(.service)");
    if (!item || event.target.closest("a, img") || !getSelection().isCollapsed) return;
    const message = this.#world.message(Number(item.dataset.chat), Number(item.dataset.id));
    event.preventDefault();
    this.#openActions(item, message, event);
  }

  #openActions(item, message, event = null) {
    const anchor = item.querySelector("[data-role=more]");
    if (!anchor || !message) return;
    const own = message.from?.id === this.#place.actor;
    const at = event && { left: event.clientX, right: event.clientX + 120, top: event.clientY, bottom: event.clientY };
    openMenu(anchor, [
      { label: "Répondre", run: () => this.#on.reply(message) },
      own && message.text && { label: "Modifier", run: () => this.#on.edit(message) },
      message.text && !message.protected && { label: "Copier le texte", run: () => this.#copy(message.text) },
    ], at);
  }

  async #copy(text) {
    const done = await copyText(text);
    toast(this.toasts, { text: done ? "Copié." : "La copie n'est pas permise ici.", error: !done });
  }
}

function isJoined(before, message) {
  return Boolean(
    before && !before.service && before.from?.id === message.from?.id
      && Date.parse(message.date) - Date.parse(before.date) < JOINED_WITHIN,
  );
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyTheOldWay(text);
  }
}

/** Without https (a phone on the same network) the clipboard API is absent. */
function copyTheOldWay(text) {
  const area = element("textarea", { class: "unseen" });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
