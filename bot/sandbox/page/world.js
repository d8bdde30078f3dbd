/** What the page knows of the sandbox: people, chats, messages, what was read. It draws nothing. */

const READ_KEY = "smt-read";

const threadKey = (chat, thread) => `${chat}:${thread ?? ""}`;

export class World {
  seq = 0;
  bot = { id: 0, name: "", username: "", alive: false };
  people = [];
  chats = [];
  sms = [];
  #threads = new Map();
  #threadOfMessage = new Map();
  #read = new Map();
  #listeners = [];
  #nowBase = 0;
  #nowTaken = 0;

  constructor() {
    this.#read = recalledRead();
  }

  listen(listener) {
    this.#listeners.push(listener);
  }

  load(state) {
    // A smaller number than before means another world: what was read there says nothing here.
    if (state.seq < this.seq) this.#read.clear();
    this.seq = state.seq;
    this.bot = state.bot;
    this.people = state.people;
    this.chats = state.chats;
    this.sms = [...state.sms];
    this.#setNow(state.now);
    this.#threads.clear();
    this.#threadOfMessage.clear();
    for (const message of state.messages) this.#put(message);
    for (const [key, messages] of this.#threads) this.#firstRead(key, messages);
    this.#tell({ kind: "loaded" });
  }

  apply(event) {
    this.seq = event.seq;
    const { kind } = event;
    if (kind === "message" || kind === "edited") this.#onMessage(kind, event.message);
    else if (kind === "deleted") this.#onDeleted(event);
    else if (kind === "topic") this.#onTopic(event);
    else if (kind === "topic_deleted") this.#onTopicDeleted(event);
    else if (kind === "pinned") this.#onPinned(event);
    else if (kind === "chat") this.#replace(this.chats, event.chat, event);
    else if (kind === "person") this.#replace(this.people, event.person, event);
    else if (kind === "sms") this.#onSms(event);
    else if (kind === "clock") this.#setNow(event.now);
    else if (kind === "bot") this.#onBot(event);
    else if (kind === "toast") this.#tell(event);
  }

  now() {
    return new Date(this.#nowBase + performance.now() - this.#nowTaken);
  }

  person(id) {
    return this.people.find((person) => person.id === id) ?? null;
  }

  chat(id) {
    return this.chats.find((chat) => chat.id === id) ?? null;
  }

  group() {
    return this.chats.find((chat) => chat.purpose === "osnp") ?? null;
  }

  privateChat(person) {
    return this.chats.find((chat) => chat.type === "private" && chat.person === person) ?? null;
  }

  organisationChats(person) {
    return this.chats.filter((chat) => chat.purpose === "organisation" && chat.members.includes(person));
  }

  messages(chat, thread) {
    return this.#threads.get(threadKey(chat, thread)) ?? [];
  }

  message(chat, id) {
    const key = this.#threadOfMessage.get(`${chat}:${id}`);
    return key === undefined ? null : (this.#threads.get(key).find((message) => message.id === id) ?? null);
  }

  /** The chat's topics, those not announced but written in included, latest news first. */
  topics(chat) {
    const known = new Map(chat.topics.map((topic) => [topic.id, topic]));
    for (const [key] of this.#threads) {
      const [owner, thread] = key.split(":");
      if (Number(owner) !== chat.id || thread === "" || known.has(Number(thread))) continue;
      known.set(Number(thread), { id: Number(thread), name: `Sujet ${thread}`, closed: false });
    }
    const latest = (topic) => this.messages(chat.id, topic.id).at(-1)?.id ?? topic.id;
    return [...known.values()].sort((one, other) => latest(other) - latest(one));
  }

  /** Where a message belongs; only forums and private chats have threads, and General has no number. */
  threadOf(message) {
    const chat = this.chat(message.chat);
    const threaded = chat === null || chat.type === "private" || chat.is_forum;
    const general = chat?.is_forum && chat.type !== "private" && message.thread === 1;
    return threaded && !general ? (message.thread ?? null) : null;
  }

  unread(chat, thread) {
    const key = threadKey(chat, thread);
    const messages = this.#threads.get(key) ?? [];
    const read = this.#read.get(key) ?? 0;
    let count = 0;
    let loud = false;
    for (let at = messages.length - 1; at >= 0 && messages[at].id > read; at -= 1) {
      if (!this.#isNews(messages[at])) continue;
      count += 1;
      loud ||= !messages[at].silent;
    }
    return { count, loud };
  }

  unreadOfChat(chat) {
    const threads = [null, ...this.topics(chat).map((topic) => topic.id)];
    return total(threads.map((thread) => this.unread(chat.id, thread)));
  }

  unreadOfPerson(person) {
    const own = this.privateChat(person);
    const chats = [...(own ? [own] : []), ...this.organisationChats(person)];
    return total(chats.map((chat) => this.unreadOfChat(chat)));
  }

  unreadOfNumber(number) {
    const read = this.#read.get(`sms:${number}`) ?? 0;
    const count = this.sms.filter((sms) => sms.to === number && sms.id > read).length;
    return { count, loud: count > 0 };
  }

  unreadOfPhone() {
    return total([...new Set(this.sms.map((sms) => sms.to))].map((number) => this.unreadOfNumber(number)));
  }

  markRead(chat, thread) {
    const key = threadKey(chat, thread);
    this.#markRead(key, this.#threads.get(key)?.at(-1)?.id);
  }

  markNumberRead(number) {
    this.#markRead(`sms:${number}`, this.sms.findLast((sms) => sms.to === number)?.id);
  }

  #markRead(key, last) {
    if (last === undefined || (this.#read.get(key) ?? 0) >= last) return;
    this.#read.set(key, last);
    keepRead(this.#read);
    this.#tell({ kind: "read" });
  }

  #onMessage(kind, message) {
    const isNew = !this.#threadOfMessage.has(`${message.chat}:${message.id}`);
    this.#put(message);
    this.#tell({ kind: isNew ? "message" : kind, message, chat: message.chat, thread: this.threadOf(message) });
  }

  #onDeleted({ chat, id }) {
    const key = this.#threadOfMessage.get(`${chat}:${id}`);
    if (key === undefined) return;
    const messages = this.#threads.get(key);
    messages.splice(messages.findIndex((message) => message.id === id), 1);
    this.#threadOfMessage.delete(`${chat}:${id}`);
    this.#tell({ kind: "deleted", chat, id });
  }

  #onTopic(event) {
    const chat = this.chat(event.chat);
    if (chat === null) return;
    put(chat.topics, event.topic);
    this.#tell(event);
  }

  #onTopicDeleted(event) {
    const chat = this.chat(event.chat);
    if (chat === null) return;
    chat.topics = chat.topics.filter((topic) => topic.id !== event.id);
    const key = threadKey(event.chat, event.id);
    for (const message of this.#threads.get(key) ?? []) this.#threadOfMessage.delete(`${message.chat}:${message.id}`);
    this.#threads.delete(key);
    this.#tell(event);
  }

  #onPinned(event) {
    const chat = this.chat(event.chat);
    if (chat === null) return;
    chat.pinned = event.pinned;
    this.#tell(event);
  }

  #onSms(event) {
    put(this.sms, event.sms);
    this.#tell(event);
  }

  #onBot(event) {
    this.bot = { ...this.bot, alive: event.alive };
    this.#tell(event);
  }

  #replace(list, item, event) {
    put(list, item);
    this.#tell(event);
  }

  #put(message) {
    const key = threadKey(message.chat, this.threadOf(message));
    const id = `${message.chat}:${message.id}`;
    const messages = this.#threads.get(key) ?? [];
    this.#threads.set(key, messages);
    if (this.#threadOfMessage.get(id) === key) {
      messages[messages.findIndex((known) => known.id === message.id)] = message;
      return;
    }
    this.#threadOfMessage.set(id, key);
    let at = messages.length;
    while (at > 0 && messages[at - 1].id > message.id) at -= 1;
    messages.splice(at, 0, message);
  }

  /** At a first visit what came before somebody's last answer counts as read. */
  #firstRead(key, messages) {
    const last = messages.at(-1)?.id ?? 0;
    if (this.#read.has(key) && this.#read.get(key) <= last) return;
    this.#read.set(key, messages.findLast((message) => !message.from?.is_bot && !message.service)?.id ?? 0);
  }

  #isNews(message) {
    return !message.service && this.chat(message.chat)?.person !== message.from?.id;
  }

  #setNow(iso) {
    this.#nowBase = Date.parse(iso);
    this.#nowTaken = performance.now();
  }

  #tell(change) {
    for (const listener of this.#listeners) listener(change);
  }
}

function put(list, item) {
  const at = list.findIndex((known) => known.id === item.id);
  if (at < 0) list.push(item);
  else list[at] = item;
}

export function total(parts) {
  return {
    count: parts.reduce((sum, part) => sum + part.count, 0),
    loud: parts.some((part) => part.loud),
  };
}

function recalledRead() {
  try {
    return new Map(JSON.parse(sessionStorage.getItem(READ_KEY) ?? "[]"));
  } catch {
    return new Map();
  }
}

function keepRead(read) {
  try {
    sessionStorage.setItem(READ_KEY, JSON.stringify([...read]));
  } catch {
    // A browser that keeps nothing only forgets what was read.
  }
}
