/** The OSNP group: its topics, and a choice of whom one is in it. */

import { badge, coalesced, element, renew } from "./element.js";
import { firstLine, hour } from "./french.js";
import { ChatPane, options } from "./chat_pane.js";

export class GroupPane extends ChatPane {
  #thread = null;
  #actor;
  #keep;
  #title = element("h2");
  #subtitle = element("p", { class: "role" });
  #topics = element("nav", { class: "topics", "aria-label": "Sujets du groupe" });
  #who = element("select", { id: "group-actor" });
  #redrawTopics = coalesced(() => this.#drawTopics());

  /** @param kept {actor, thread} of the last visit; @param keep told when they change */
  constructor(root, parts, kept, keep) {
    super(root, parts);
    this.#actor = kept.actor ?? null;
    this.#thread = kept.thread ?? null;
    this.#keep = keep;
    const whoLine = element("p", { class: "who" }, element("label", { for: "group-actor" }, "Vous êtes"), this.#who);
    this.header.append(element("div", { class: "names" }, this.#title, this.#subtitle));
    this.body.append(this.#topics, element("div", { class: "talk" }, this.view.root, whoLine, this.compose.root));
    root.append(this.header, this.body);
    this.#who.addEventListener("change", () => this.#play(Number(this.#who.value)));
  }

  load() {
    const group = this.world.group();
    this.root.classList.toggle("flat", !group?.is_forum);
    if (group === null) return this.show(null);
    if (!this.#players(group).some((person) => person.id === this.#actor)) this.#actor = this.#players(group)[0]?.id ?? null;
    if (this.#thread !== null && !this.world.topics(group).some((topic) => topic.id === this.#thread)) this.#thread = null;
    this.#drawHead(group);
    this.#drawTopics();
    return this.open(this.#thread);
  }

  change(change) {
    const group = this.world.group();
    if (change.kind === "chat" || change.kind === "person") return this.#afterNewPeople(group);
    if (change.kind === "topic_deleted" && change.chat === group?.id && change.id === this.#thread) this.open(null);
    this.view.change(change);
    if (change.kind === "read" || change.chat === group?.id) this.#redrawTopics();
    return undefined;
  }

  open(thread) {
    const group = this.world.group();
    this.#thread = thread;
    this.#keep({ actor: this.#actor, thread });
    if (group) this.show({ chat: group.id, thread, actor: this.#actor, group: true });
    this.#drawTopics();
    this.#topics.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #play(actor) {
    this.#actor = actor;
    this.open(this.#thread);
  }

  #players(group) {
    return group.members.map((id) => this.world.person(id)).filter((person) => person?.on_telegram);
  }

  #afterNewPeople(group) {
    if (group === null) return;
    if (this.place === null) return void this.load();
    this.#drawHead(group);
  }

  #drawHead(group) {
    const players = this.#players(group);
    this.#title.textContent = group.title;
    this.#subtitle.textContent = `${players.length} membres et le bot`;
    options(this.#who, players.map((person) => ({ value: person.id, text: `${person.name} (${person.label})` })), this.#actor);
  }

  #drawTopics() {
    const group = this.world.group();
    if (!group?.is_forum) return renew(this.#topics, []);
    const topics = [{ id: null, name: "General", closed: false }, ...this.world.topics(group)];
    return renew(this.#topics, topics.map((topic) => this.#topicButton(group, topic)));
  }

  #topicButton(group, topic) {
    const last = this.world.messages(group.id, topic.id).findLast((message) => !message.service);
    return element(
      "button",
      {
        type: "button",
        class: topic.closed ? "topic closed" : "topic",
        "aria-current": topic.id === this.#thread ? "true" : null,
        data: { key: topic.id ?? "general", topic: topic.id ?? "general" },
        onclick: () => this.open(topic.id),
      },
      element("span", { class: "name" }, topic.name, topic.closed ? element("span", { class: "tag" }, "clos") : null),
      badge(this.world.unread(group.id, topic.id)),
      last ? element("span", { class: "last" }, `${hour(last.date)} ${firstLine(last.text || "Fichier")}`) : null,
    );
  }
}
