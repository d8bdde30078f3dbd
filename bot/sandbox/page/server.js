/** The page's only way to the sandbox's server. Refusals come back as French sentences. */

export class Refused extends Error {}

const SILENT_SERVER = "Le bac à sable ne répond pas. Vérifiez qu'il tourne, puis réessayez.";
const FIRST_RETRY = 400;
const LAST_RETRY = 5000;

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refused(SILENT_SERVER);
  }
  const answer = await response.json().catch(() => null);
  if (response.ok && answer !== null && answer.ok !== false) return answer;
  throw new Refused(answer?.error || `Le bac à sable a refusé (erreur ${response.status}).`);
}

const post = (path, body) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const state = () => ask("/api/state", { cache: "no-store" });
export const act = (person, what, fields = {}) => post("/api/act", { as: person, do: what, ...fields });
export const advance = (minutes) => post("/api/clock", { minutes });
export const example = () => post("/api/example", {});

export function sendFiles(fields, files) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== null && value !== "") form.append(name, String(value));
  }
  for (const file of files) form.append("file", file, file.name);
  return ask("/api/files", { method: "POST", body: form });
}

/** Follows the server's events, and takes up again after the last one seen when the line breaks. */
export class EventLine {
  #since;
  #onEvent;
  #onLine;
  #source = null;
  #retry = FIRST_RETRY;
  #timer = null;

  constructor({ since, onEvent, onLine }) {
    this.#since = since;
    this.#onEvent = onEvent;
    this.#onLine = onLine;
    window.addEventListener("online", () => this.#openNow());
  }

  open() {
    this.close();
    const source = new EventSource(`/api/events?since=${this.#since()}`);
    source.onopen = () => {
      this.#retry = FIRST_RETRY;
      this.#onLine(true);
    };
    source.onmessage = ({ data }) => this.#onEvent(JSON.parse(data));
    source.onerror = () => this.#lost();
    this.#source = source;
  }

  close() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#source?.close();
    this.#source = null;
  }

  // The browser's own retry would ask with the first `since` for ever.
  #lost() {
    this.close();
    this.#onLine(false);
    this.#timer = setTimeout(() => this.open(), this.#retry);
    this.#retry = Math.min(this.#retry * 2, LAST_RETRY);
  }

  #openNow() {
    if (this.#timer !== null) this.open();
  }
}
