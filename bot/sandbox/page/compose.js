/** Where one writes: text, files, answers, corrections, commands. */

import { element, icon, iconButton } from "./element.js";
import { firstLine, size } from "./french.js";
import { COMMANDS } from "./message.js";
import { openMenu } from "./menu.js";
import * as server from "./server.js";

const TALLEST = 150;
const CHOICES = [
  { kind: "photo", label: "Photos", accept: "image/*", multiple: true },
  { kind: "document", label: "Document", accept: "", multiple: true },
  { kind: "voice", label: "Message vocal (fichier)", accept: "audio/*,.ogg,.oga,.opus", multiple: false },
];

let counter = 0;

export class Compose {
  root;
  #failed;
  #place = null;
  #drafts = new Map();
  #context = null;
  #files = [];
  #chosen = 0;
  #line = Promise.resolve();
  #text;
  #send;
  #contextBar = element("div", { class: "context", hidden: true });
  #tray = element("ul", { class: "tray", "aria-label": "Fichiers à envoyer", hidden: true });
  #commands;
  #picker = element("input", { type: "file", class: "unseen", tabindex: "-1", "aria-hidden": "true" });
  #lastOwn;

  /** @param failed told a French sentence; @param lastOwn the message the arrow-up key corrects */
  constructor({ failed, lastOwn }) {
    this.#failed = failed;
    this.#lastOwn = lastOwn;
    counter += 1;
    this.#commands = element("ul", { class: "commands", role: "listbox", id: `commands-${counter}`, "aria-label": "Commandes", hidden: true });
    this.#text = element("textarea", { rows: 1, placeholder: "Message", "aria-controls": `commands-${counter}`, autocomplete: "off" });
    this.#send = iconButton("send", "Envoyer", null, { type: "submit", class: "round send" });
    this.root = element(
      "form",
      { class: "compose", novalidate: true },
      this.#contextBar,
      this.#tray,
      this.#commands,
      element(
        "div",
        { class: "line" },
        iconButton("attach", "Joindre", (event) => this.#openAttach(event.currentTarget), { "aria-haspopup": "menu" }),
        this.#text,
        iconButton("slash", "Commandes du bot", () => this.#askCommands(), { class: "round slash" }),
        this.#send,
      ),
      this.#picker,
    );
    this.#listen();
  }

  /** @param place {chat, thread, actor, name} or null: nobody can write */
  show(place) {
    this.#keepDraft();
    this.#place = place;
    this.#text.value = this.#drafts.get(this.#key()) ?? "";
    this.#text.setAttribute("aria-label", place ? `Message de ${place.name}` : "Message");
    this.#setContext(null);
    this.#setFiles([]);
    this.#refresh();
  }

  reply(message) {
    this.#setContext({ kind: "reply", message });
    this.#text.focus();
  }

  edit(message) {
    this.#setContext({ kind: "edit", message });
    this.#text.value = message.text;
    this.#refresh();
    this.#text.focus();
  }

  /** Writes for the person: a command tapped, a key of the reply keyboard. */
  say(text) {
    return this.#queue(() => this.#sendText({ ...this.#place, text, reply: null }));
  }

  #listen() {
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#text.addEventListener("input", () => this.#refresh());
    this.#text.addEventListener("keydown", (event) => this.#onKey(event));
    this.#text.addEventListener("blur", () => this.#hideCommands());
    this.#text.addEventListener("focus", () => this.#refresh());
    this.#text.addEventListener("paste", (event) => this.#onPaste(event));
    this.#picker.addEventListener("change", () => {
      this.#addFiles([...this.#picker.files], this.#picker.dataset.kind);
      this.#picker.value = "";
    });
  }

  /** Files let go over the pane. */
  drop(files) {
    if (this.#place) this.#addFiles([...files], null);
  }

  #key() {
    return this.#place && [this.#place.actor, this.#place.chat, this.#place.thread ?? ""].join(":");
  }

  #keepDraft() {
    if (this.#place === null || this.#context?.kind === "edit") return;
    this.#drafts.set(this.#key(), this.#text.value);
  }

  #submit() {
    const text = this.#text.value.trim();
    const files = this.#files;
    const context = this.#context;
    if (this.#place === null || (text === "" && files.length === 0)) return;
    const post = { ...this.#place, text, files, context, reply: context?.kind === "reply" ? context.message.id : null };
    this.#clear();
    this.#queue(() => this.#deliver(post));
  }

  #clear() {
    this.#text.value = "";
    this.#drafts.delete(this.#key());
    this.#setContext(null);
    this.#setFiles([]);
    this.#refresh();
  }

  /** One after the other: two quick messages must not overtake each other. */
  #queue(work) {
    this.#line = this.#line.then(work, work);
    return this.#line;
  }

  async #deliver(post) {
    this.#send.toggleAttribute("data-busy", true);
    try {
      if (post.context?.kind === "edit") {
        await server.act(post.actor, "edit", { chat: post.chat, message: post.context.message.id, text: post.text });
      } else if (post.files.length > 0) await this.#sendAllFiles(post);
      else await server.act(post.actor, "send", fields(post));
    } catch (refused) {
      this.#giveBack(post);
      this.#failed(refused.message);
    } finally {
      this.#send.toggleAttribute("data-busy", false);
    }
  }

  async #sendText(post) {
    try {
      await server.act(post.actor, "send", fields(post));
    } catch (refused) {
      this.#failed(refused.message);
    }
  }

  /** Photos go together as one album, documents likewise, a voice note alone; the caption goes with the first. */
  async #sendAllFiles({ actor, chat, thread, text, reply, files }) {
    let caption = text;
    for (const kind of ["photo", "document", "voice"]) {
      const alike = files.filter((file) => file.kind === kind).map((file) => file.file);
      const batches = kind === "voice" ? alike.map((file) => [file]) : batchesOf(alike, 10);
      for (const batch of batches) {
        await server.sendFiles({ as: actor, chat, thread, caption, reply_to: reply, kind }, batch);
        caption = "";
      }
    }
  }

  /** What could not be sent comes back, unless something else was begun. */
  #giveBack(post) {
    const samePlace = this.#place && post.chat === this.#place.chat && (post.thread ?? null) === (this.#place.thread ?? null);
    if (!samePlace || post.actor !== this.#place.actor) {
      this.#drafts.set([post.actor, post.chat, post.thread ?? ""].join(":"), post.text);
      return;
    }
    if (this.#text.value !== "" || this.#files.length > 0) return;
    if (post.context) this.#setContext(post.context);
    this.#text.value = post.text;
    this.#setFiles(post.files);
    this.#refresh();
  }

  #onKey(event) {
    if (event.isComposing) return;
    if (!this.#commands.hidden && this.#onCommandKey(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape" && this.#context) this.#cancelContext();
    else if (event.key === "ArrowUp" && this.#text.value === "") this.#editLast(event);
  }

  #editLast(event) {
    const message = this.#lastOwn();
    if (!message) return;
    event.preventDefault();
    this.edit(message);
  }

  #onCommandKey(event) {
    const options = [...this.#commands.children];
    if (event.key === "ArrowDown") this.#chosen = (this.#chosen + 1) % options.length;
    else if (event.key === "ArrowUp") this.#chosen = (this.#chosen + options.length - 1) % options.length;
    else if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey)) this.#takeCommand(options[this.#chosen]);
    else if (event.key === "Escape") this.#hideCommands();
    else return false;
    event.preventDefault();
    this.#markChosen();
    return true;
  }

  #askCommands() {
    this.#text.value = "/";
    this.#text.focus();
    this.#refresh();
  }

  #takeCommand(option) {
    this.#text.value = option.dataset.command;
    this.#submit();
  }

  #refresh() {
    const { value } = this.#text;
    this.#drawCommands(/^\/[a-z_]*$/.test(value) ? [...COMMANDS].filter(([command]) => command.startsWith(value)) : []);
    this.#text.style.height = "auto";
    this.#text.style.height = `${Math.min(this.#text.scrollHeight, TALLEST)}px`;
    this.#text.disabled = this.#place === null;
  }

  #drawCommands(offered) {
    this.#chosen = 0;
    const shown = offered.length > 0 && document.activeElement === this.#text;
    this.#commands.hidden = !shown;
    this.#commands.replaceChildren(...offered.map(([command, meaning], at) => this.#commandOption(command, meaning, at)));
    if (shown) this.#markChosen();
    else this.#text.removeAttribute("aria-activedescendant");
  }

  #commandOption(command, meaning, at) {
    const option = element(
      "li",
      { role: "option", id: `${this.#commands.id}-${at}`, data: { command } },
      element("b", {}, command),
      element("span", {}, meaning),
    );
    // Before the text loses the focus, which closes the list.
    option.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.#takeCommand(option);
    });
    return option;
  }

  #markChosen() {
    [...this.#commands.children].forEach((option, at) => {
      option.setAttribute("aria-selected", String(at === this.#chosen));
      if (at === this.#chosen) this.#text.setAttribute("aria-activedescendant", option.id);
    });
  }

  #hideCommands() {
    this.#commands.hidden = true;
  }

  #openAttach(button) {
    openMenu(button, CHOICES.map((choice) => ({ label: choice.label, run: () => this.#pick(choice) })));
  }

  #pick({ kind, accept, multiple }) {
    this.#picker.accept = accept;
    this.#picker.multiple = multiple;
    this.#picker.dataset.kind = kind;
    this.#picker.click();
  }

  #onPaste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    this.#addFiles(files, null);
  }

  #addFiles(files, kind) {
    this.#setFiles([...this.#files, ...files.map((file) => ({ file, kind: kind ?? kindOf(file) }))]);
    this.#text.focus();
  }

  #setFiles(files) {
    this.#files = files;
    this.#tray.hidden = files.length === 0;
    this.#tray.replaceChildren(...files.map((entry) => this.#fileChip(entry)));
  }

  #fileChip(entry) {
    const remove = () => this.#setFiles(this.#files.filter((other) => other !== entry));
    return element(
      "li",
      {},
      icon(entry.kind === "voice" ? "play" : "file"),
      element("span", { class: "name" }, entry.file.name),
      element("span", { class: "size" }, size(entry.file.size)),
      iconButton("close", `Retirer ${entry.file.name}`, remove),
    );
  }

  #setContext(context) {
    const wasEdit = this.#context?.kind === "edit";
    this.#context = context;
    this.#contextBar.hidden = context === null;
    if (wasEdit && context?.kind !== "edit") this.#text.value = "";
    if (context === null) return;
    this.#contextBar.replaceChildren(
      icon("reply"),
      element(
        "span",
        { class: "label" },
        element("b", {}, context.kind === "edit" ? "Modifier le message" : `Réponse à ${context.message.from?.name ?? "…"}`),
        element("span", {}, firstLine(context.message.text || "Fichier")),
      ),
      iconButton("close", "Annuler", () => this.#cancelContext()),
    );
  }

  #cancelContext() {
    this.#setContext(null);
    this.#refresh();
    this.#text.focus();
  }
}

const fields = ({ chat, thread, text, reply }) => ({ chat, thread: thread ?? null, text, reply_to: reply });

function kindOf(file) {
  if (/^image\/(jpeg|png|webp)$/.test(file.type)) return "photo";
  return file.type.startsWith("audio/") ? "voice" : "document";
}

function batchesOf(items, count) {
  const batches = [];
  for (let at = 0; at < items.length; at += count) batches.push(items.slice(at, at + count));
  return batches;
}
