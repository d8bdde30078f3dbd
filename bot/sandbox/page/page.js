/** Joins the parts of the page: the world, the panes, the server's events. */

import { badge, coalesced, element, icon, renew } from "./element.js";
import { hourWithSeconds, shortDate, shortName } from "./french.js";
import { GroupPane } from "./group_pane.js";
import { PeopleBar } from "./people_bar.js";
import { PersonPane } from "./person_pane.js";
import { PhonePane } from "./phone_pane.js";
import * as server from "./server.js";
import { Taps } from "./taps.js";
import { alertBox, toast } from "./toasts.js";
import { World, total } from "./world.js";

const KEPT = "smt-desk";
const STATE_RETRY = 1500;

const byId = (id) => document.getElementById(id);
const world = new World();
const kept = recalled();
const taps = new Taps(tellPerson);
const desk = { showPhoto, follow };
const parts = { world, taps, desk };

const group = new GroupPane(byId("pane-group"), parts, kept.group ?? {}, (place) => keep({ group: place }));
const panes = {
  a: new PersonPane(byId("pane-a"), parts, (person) => bringInto("a", person)),
  b: new PersonPane(byId("pane-b"), parts, (person) => bringInto("b", person)),
};
const phone = new PhonePane(byId("pane-phone"), world, kept.phone, (number) => keep({ phone: number }));
const bar = new PeopleBar(byId("people"), world, { shown: peopleInView, bring });
const drawTabs = coalesced(tabBar);
let active = kept.active === "b" ? "b" : "a";
let shownTab = kept.tab ?? "group";
let freshLine = false;

const line = new server.EventLine({ since: () => world.seq, onEvent, onLine });

world.listen(onChange);
listenToTop();
listenToPanes();
setInterval(tick, 1000);
start();

async function start() {
  try {
    world.load(await server.state());
  } catch (refused) {
    connection(refused.message);
    setTimeout(start, STATE_RETRY);
    return;
  }
  line.open();
}

/** Starts again from the whole state: the server no longer has the events between. */
function reload() {
  line.close();
  start();
}

function onEvent(event) {
  // A smaller number at the start of a line comes only from a sandbox that was started anew.
  const anotherWorld = freshLine && event.seq < world.seq;
  freshLine = false;
  if (event.kind === "reset" || anotherWorld) reload();
  else if (event.seq >= world.seq) world.apply(event);
}

function onLine(up) {
  freshLine = up;
  connection(up ? null : "Connexion au bac à sable perdue, nouvel essai…");
}

function connection(words) {
  byId("connection").hidden = words === null;
  byId("connection").textContent = words ?? "";
}

function onChange(change) {
  if (change.kind === "loaded") return onLoaded();
  if (change.kind === "toast") return onToast(change);
  if (change.kind === "bot") drawBot();
  if (change.kind === "person" && world.person(panes.a.person) === null) return onLoaded();
  for (const pane of [group, panes.a, panes.b, phone]) pane.change(change);
  bar.draw();
  drawTabs();
  return undefined;
}

function onLoaded() {
  const writers = world.people.filter((person) => person.on_telegram);
  const first = writers.find((person) => person.role === "idel") ?? writers[0];
  const second = writers.find((person) => person.role === "doctor") ?? writers[1] ?? first;
  const known = (id) => writers.some((person) => person.id === id);
  group.load();
  panes.a.open(known(kept.a) ? kept.a : first?.id);
  panes.b.open(known(kept.b) ? kept.b : second?.id);
  phone.load();
  drawBot();
  showActive();
  showTab(shownTab);
  tick();
  bar.draw();
  document.body.dataset.ready = "";
}

function onToast(news) {
  taps.answered(news);
  if (news.text) tellPerson(news);
}

/** Over the pane where the person is in view, else over the page with the person's name. */
function tellPerson({ person, chat, text, alert = false, error = false }) {
  const candidates = [panes[active], panes.a, panes.b, group];
  const pane = candidates.find((one) => one.isWhere(person, chat)) ?? candidates.find((one) => one.isWhere(person, null));
  const host = pane?.view.toasts ?? byId("toasts");
  const who = pane ? null : (world.person(person)?.name ?? null);
  if (alert) alertBox(host, { text, who });
  else toast(host, { text, error, who });
}

function peopleInView() {
  return new Set([panes.a.person, panes.b.person, world.people.find((person) => !person.on_telegram && person.phone === phone.number)?.id]);
}

function bring(id) {
  const person = world.person(id);
  if (person === null) return;
  if (!person.on_telegram) {
    if (person.phone) phone.open(person.phone);
    showTab("phone");
  } else {
    const already = ["a", "b"].find((name) => panes[name].person === id);
    if (already) activate(already);
    else bringInto(active, id);
    showTab(active);
  }
  bar.draw();
}

function bringInto(name, person) {
  const other = name === "a" ? "b" : "a";
  // Two panes of one person would only confuse: they change places.
  if (panes[other].person === person) panes[other].open(panes[name].person);
  panes[name].open(person);
  keep({ a: panes.a.person, b: panes.b.person });
  activate(name);
  bar.draw();
}

function activate(name) {
  active = name;
  keep({ active });
  showActive();
  drawTabs();
}

function showActive() {
  for (const name of ["a", "b"]) byId(`pane-${name}`).classList.toggle("active", name === active);
}

function listenToPanes() {
  for (const name of ["a", "b"]) {
    for (const kind of ["pointerdown", "focusin"]) {
      byId(`pane-${name}`).addEventListener(kind, () => name !== active && activate(name));
    }
  }
}

function showTab(name) {
  shownTab = name;
  keep({ tab: name });
  byId("desk").dataset.tab = name;
  if (name === "a" || name === "b") activate(name);
  drawTabs();
}

function tabBar() {
  const nameOf = (pane) => (world.person(pane.person) ? shortName(world.person(pane.person)) : "…");
  const ofPane = (pane) => (pane.person === null ? total([]) : world.unreadOfPerson(pane.person));
  const chat = world.group();
  const tabs = [
    ["group", "chats", "Groupe", chat ? world.unreadOfChat(chat) : total([])],
    ["a", "person", nameOf(panes.a), ofPane(panes.a)],
    ["b", "person", nameOf(panes.b), ofPane(panes.b)],
    ["phone", "phone", "SMS", world.unreadOfPhone()],
  ];
  renew(byId("tabs"), tabs.map(([name, sign, words, unread]) => tab(name, sign, words, unread)));
}

function tab(name, sign, words, unread) {
  return element(
    "button",
    { type: "button", "aria-current": name === shownTab ? "true" : null, data: { key: name, tab: name }, onclick: () => showTab(name) },
    icon(sign),
    element("span", { class: "name" }, words),
    badge(unread),
  );
}

function listenToTop() {
  byId("plus-5").addEventListener("click", () => moveTime(5));
  byId("plus-30").addEventListener("click", () => moveTime(30));
  byId("example").addEventListener("click", startExample);
  byId("help-open").addEventListener("click", () => byId("help").showModal());
  byId("viewer").addEventListener("click", (event) => event.target === byId("viewer") && byId("viewer").close());
}

async function moveTime(minutes) {
  await busy([byId("plus-5"), byId("plus-30")], byId(`plus-${minutes}`), () => server.advance(minutes));
}

async function startExample() {
  const done = await busy([byId("example")], byId("example"), () => server.example());
  if (done) toast(byId("toasts"), { text: "Mission d'exemple déclenchée." });
}

async function busy(buttons, shown, work) {
  for (const button of buttons) button.disabled = true;
  shown.toggleAttribute("data-busy", true);
  try {
    await work();
    return true;
  } catch (refused) {
    toast(byId("toasts"), { text: refused.message, error: true });
    return false;
  } finally {
    for (const button of buttons) button.disabled = false;
    shown.removeAttribute("data-busy");
  }
}

function drawBot() {
  const { alive } = world.bot;
  byId("bot-state").className = alive ? "bot-state on" : "bot-state off";
  byId("bot-state").replaceChildren(element("span", { class: "words" }, alive ? "bot en ligne" : "bot arrêté"));
}

function tick() {
  if (world.seq === 0 && world.people.length === 0) return;
  const now = world.now();
  const clock = byId("clock");
  clock.dateTime = now.toISOString();
  clock.replaceChildren(element("span", { class: "wide" }, `${shortDate(now)} · `), element("b", {}, hourWithSeconds(now)));
}

/** Opens Telegram's own links inside the page. Says whether it did. */
function follow(href, actor) {
  const url = new URL(href);
  const path = url.hostname === "t.me" ? url.pathname.split("/").filter(Boolean) : [];
  const bot = url.protocol === "tg:" ? url.searchParams.get("domain") : path[0];
  if (bot?.toLowerCase() === world.bot.username.toLowerCase()) return startBot(actor, url.searchParams.get("start"));
  if (path[0] === "c" && path.length >= 3) return openMessage(Number(`-100${path[1]}`), Number(path.at(-1)));
  return false;
}

function startBot(actor, payload) {
  bring(actor);
  panes[active].open(actor);
  if (payload) panes[active].act(actor, "start", { payload });
  return true;
}

function openMessage(chat, id) {
  const message = world.message(chat, id);
  if (message === null || chat !== world.group()?.id) return false;
  group.open(world.threadOf(message));
  showTab("group");
  group.view.jump(id);
  return true;
}

function showPhoto(url) {
  byId("viewer-image").src = url;
  byId("viewer").showModal();
}

function recalled() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
  } catch {
    return {};
  }
}

function keep(changes) {
  Object.assign(kept, changes);
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
  } catch {
    // Without storage the page only forgets its layout at the next visit.
  }
}
