/** Hours, sizes and names as they are shown. */

const paris = (options) => new Intl.DateTimeFormat("fr-FR", { timeZone: "Europe/Paris", ...options });
const HOUR = paris({ hour: "2-digit", minute: "2-digit" });
const SECONDS = paris({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DATE = paris({ weekday: "short", day: "numeric", month: "short", year: "numeric" });
const DAY = paris({ weekday: "long", day: "numeric", month: "long" });
const DAY_KEY = paris({ year: "numeric", month: "2-digit", day: "2-digit" });

export const hour = (iso) => HOUR.format(new Date(iso));
export const hourWithSeconds = (date) => SECONDS.format(date);
export const shortDate = (date) => DATE.format(date);
export const day = (iso) => DAY.format(new Date(iso));
export const dayKey = (iso) => DAY_KEY.format(new Date(iso));

export function size(bytes) {
  if (bytes === null || bytes === undefined) return "";
  if (bytes < 1000) return `${bytes} o`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} ko`;
  return `${(bytes / 1_000_000).toFixed(1).replace(".", ",")} Mo`;
}

export const duration = (seconds) =>
  Number.isFinite(seconds) ? `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}` : "–:––";

const TITLES = new Set(["Dr", "Pr", "M.", "Mme"]);

/** «Dr Claire MOREL» -> «Dr Morel», «Léa Martin» -> «Léa»; a house keeps its whole name. */
export function shortName(person) {
  const words = person.name.split(/\s+/);
  if (person.role === "organisation" || words.length === 1) return person.name;
  return TITLES.has(words[0]) ? `${words[0]} ${words.at(-1)}` : words[0];
}

export function initials(name) {
  const words = name.split(/\s+/).filter((word) => !TITLES.has(word) && /^\p{L}/u.test(word));
  const first = words[0]?.[0] ?? "?";
  return (words.length > 1 ? first + words.at(-1)[0] : first).toUpperCase();
}

export const firstLine = (text) => text.split("\n", 1)[0];

/** «+33639980021» -> «+33 6 39 98 00 21» */
export function phone(number) {
  const french = /^\+33(\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(number);
  return french ? `+33 ${french.slice(1).join(" ")}` : number;
}
