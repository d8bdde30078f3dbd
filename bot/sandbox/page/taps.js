/** Taps that wait for the bot's answer: their buttons show that they are busy. */

import * as server from "./server.js";

const PATIENCE = 20_000;

export class Taps {
  #waiting = new Map();
  #tell;

  /** @param tell called with a person, a chat and a sentence when a tap goes wrong */
  constructor(tell) {
    this.#tell = tell;
  }

  key(person, message, row, column) {
    return [person, message.chat, message.id, row, column].join(":");
  }

  isWaiting(key, text) {
    return this.#waiting.get(key)?.text === text;
  }

  async tap(person, message, row, column) {
    const key = this.key(person, message, row, column);
    if (this.#waiting.has(key)) return;
    // Registered before asking: the answer may come faster than the server's «ok».
    const timer = setTimeout(() => this.#noAnswer(key, person, message.chat), PATIENCE);
    this.#waiting.set(key, { text: message.buttons[row][column].text, timer });
    show(key, true);
    try {
      await server.act(person, "tap", { chat: message.chat, message: message.id, row, col: column });
    } catch (refused) {
      this.#end(key);
      this.#tell({ person, chat: message.chat, text: refused.message, error: true });
    }
  }

  answered({ person, chat, message }) {
    const prefix = `${[person, chat, message].join(":")}:`;
    for (const key of [...this.#waiting.keys()]) if (key.startsWith(prefix)) this.#end(key);
  }

  #noAnswer(key, person, chat) {
    this.#end(key);
    this.#tell({ person, chat, text: "Le bot n'a pas encore répondu. Il le fera dès qu'il pourra.", error: true });
  }

  #end(key) {
    clearTimeout(this.#waiting.get(key)?.timer);
    this.#waiting.delete(key);
    show(key, false);
  }
}

function show(key, busy) {
  for (const button of document.querySelectorAll(`[data-tap="${CSS.escape(key)}"]`)) {
    button.toggleAttribute("data-busy", busy);
    button.setAttribute("aria-busy", String(busy));
  }
}
