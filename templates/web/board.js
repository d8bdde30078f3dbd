// The board keeps itself up to date: it counts in the server's time, and says plainly when it is not live.
"use strict";

const SILENT_MS = 20000; // the server speaks every five seconds
const AGAIN_MS = [1000, 2000, 4000, 8000, 15000];
const MINUTE = 60000;

const byId = (id) => document.getElementById(id);
const zone = document.body.dataset.zone;
const clockWords = new Intl.DateTimeFormat("fr-FR", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit" });
const hourWords = new Intl.DateTimeFormat("fr-FR", { timeZone: zone, hour: "2-digit", minute: "2-digit" });

let server = { now: Date.parse(document.body.dataset.now), at: performance.now() };
let heardAt = performance.now();
let triedAt = heardAt;
let offlineSince = null;
let failures = 0;
let source = null;
let over = false;

const expires = Date.parse(document.body.dataset.expires);
const now = () => server.now + performance.now() - server.at;

function heard(moment) {
  server = { now: Date.parse(moment), at: performance.now() };
  heardAt = performance.now();
  failures = 0;
  offlineSince = null;
  byId("offline").hidden = true;
  say("en direct", "on");
}

function say(words, state) {
  const live = byId("live");
  if (live.textContent !== words) live.textContent = words;
  live.className = `live ${state}`;
}

function goneSince() {
  if (over) return;
  if (offlineSince === null) offlineSince = server.now + heardAt - server.at;
  const hour = hourWords.format(offlineSince);
  say(`hors ligne depuis ${hour}`, "off");
  const words = `Hors ligne depuis ${hour}. Ce qui suit date de ce moment ; la page se reconnecte seule.`;
  if (byId("offline").textContent !== words) byId("offline").textContent = words;
  byId("offline").hidden = false;
}

function span(minutes) {
  if (minutes < 1) return "moins d'1 min";
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")}`;
  return `${Math.floor(minutes / 1440)} j ${Math.floor((minutes % 1440) / 60)} h`;
}

function count() {
  if (over) return;
  const present = now();
  if (present >= expires) return end(document.body.dataset.ended); // also where no server can say so
  byId("clock").textContent = clockWords.format(present);
  for (const left of document.querySelectorAll("[data-until]")) {
    const ms = Date.parse(left.dataset.until) - present;
    const words = ms > 0 ? `reste ${span(Math.floor(ms / MINUTE))}` : `dépassé de ${span(Math.floor(-ms / MINUTE))}`;
    if (left.textContent !== words) left.textContent = words;
    left.classList.toggle("over", ms <= 0);
    left.classList.toggle("soon", ms > 0 && ms < 20 * MINUTE);
  }
  const times = document.querySelector(".times");
  if (times === null) return;
  const begins = Date.parse(times.dataset.begins);
  const share = Math.min(1, Math.max(0, (present - begins) / (Date.parse(times.dataset.ends) - begins)));
  const x = `${(100 * share).toFixed(2)}%`;
  for (const line of times.querySelectorAll(".now")) {
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
  }
  const word = times.querySelector(".now-word");
  word.setAttribute("x", x);
  word.setAttribute("text-anchor", share < 0.12 ? "start" : share > 0.88 ? "end" : "middle");
}

function show(state) {
  byId("lines").innerHTML = state.lines;
  byId("markers").innerHTML = state.markers;
  byId("times").innerHTML = state.times;
  heard(state.now);
  count();
}

function close() {
  if (source !== null) source.close();
  source = null;
}

function follow() {
  if (over) return;
  close();
  source = new EventSource(`${location.pathname.replace(/\/$/, "")}/suite`);
  triedAt = performance.now();
  source.addEventListener("etat", (event) => show(JSON.parse(event.data)));
  source.addEventListener("heure", (event) => heard(JSON.parse(event.data).now));
  source.addEventListener("fin", (event) => end(JSON.parse(event.data).words));
  source.addEventListener("error", again);
}

// Whatever the browser would make of it: a proxy's error page ends an EventSource for good.
function again() {
  if (over) return;
  close();
  goneSince();
  const wait = AGAIN_MS[Math.min(failures, AGAIN_MS.length - 1)];
  failures += 1;
  setTimeout(follow, wait);
}

// Nobody acts on what is over, and whoever may not look any more sees nothing.
function end(words) {
  over = true;
  close();
  say("arrêté", "off");
  byId("offline").textContent = words;
  byId("offline").hidden = false;
  byId("clock").textContent = "";
  for (const part of document.querySelectorAll("main, footer")) part.remove();
}

setInterval(() => {
  count();
  if (!over && source !== null && performance.now() - Math.max(heardAt, triedAt) > SILENT_MS) again();
}, 1000);
count();
follow();
document.body.dataset.ready = "";
