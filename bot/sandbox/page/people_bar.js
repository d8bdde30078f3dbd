/** Everybody of the cast as chips: one tap brings a person into the active pane. */

import { badge, coalesced, element, icon, renew } from "./element.js";
import { shortName } from "./french.js";
import { avatar, roleLine } from "./chat_pane.js";

const ORDER = ["osnp", "regulateur", "coordinateur", "idel", "doctor", "organisation", "patient"];

export class PeopleBar {
  #root;
  #world;
  #shown;
  #bring;
  draw = coalesced(() => this.#draw());

  /** @param shown the ids of the people in view; @param bring told the id of the person wanted */
  constructor(root, world, { shown, bring }) {
    this.#root = root;
    this.#world = world;
    this.#shown = shown;
    this.#bring = bring;
  }

  #draw() {
    const rank = (person) => (ORDER.indexOf(person.role) + ORDER.length + 1) % (ORDER.length + 1);
    const people = [...this.#world.people].sort((one, other) => rank(one) - rank(other));
    const shown = this.#shown();
    renew(
      this.#root,
      people.map((person, at) => this.#chip(person, shown.has(person.id), people[at - 1]?.role !== person.role && at > 0)),
    );
  }

  #chip(person, shown, opensRole) {
    const unread = person.on_telegram ? this.#world.unreadOfPerson(person.id) : this.#world.unreadOfNumber(person.phone);
    return element(
      "button",
      {
        type: "button",
        class: ["chip", shown ? "shown" : "", opensRole ? "opens" : ""].filter(Boolean).join(" "),
        title: `${person.name} · ${roleLine(person)}`,
        "aria-pressed": String(shown),
        data: { key: person.id, person: person.id },
        onclick: () => this.#bring(person.id),
      },
      avatar(person),
      element("span", { class: "name" }, shortName(person)),
      person.on_telegram ? null : icon("phone"),
      badge(unread),
    );
  }
}
