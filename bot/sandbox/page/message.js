/** One message, or the messages of one album, as a bubble with its buttons. */

import { element, icon, iconButton } from "./element.js";
import { hour, size } from "./french.js";
import { plainText, safeHref, safeHtml } from "./safe_html.js";
import { voicePlayer } from "./voice.js";

export const COMMANDS = new Map([
  ["/mission", "Ouvrir une mission"],
  ["/chercher", "Retrouver une mission"],
  ["/activite", "Activité d'une période"],
  ["/indemnites", "Indemnités d'un mois"],
  ["/mes_missions", "Mes missions"],
  ["/aide", "Aide"],
]);
const KNOWN_COMMANDS = new Set(COMMANDS.keys());

/**
 * @param parts the message, or all messages of one album
 * @param look {own, joined, named, actor, taps} how it stands in its chat
 */
export function messageItem(parts, look) {
  const [first] = parts;
  const last = parts.at(-1);
  if (first.service) return serviceItem(first);
  const worded = parts.find((part) => part.text) ?? first;
  const node = element("li", {
    class: classes(parts, look),
    data: { chat: first.chat, id: worded.id, ids: parts.map((part) => part.id).join(" ") },
  });
  const meta = metaLine(worded, last);
  const bubble = element(
    "div",
    { class: "bubble" },
    look.named && !look.joined ? sender(first) : null,
    first.reply_to ? quote(first) : null,
    media(parts),
    worded.text || worded.html ? words(worded, meta) : null,
    worded.text || worded.html ? null : meta,
    iconButton("more", "Actions du message", null, { class: "round more", "aria-haspopup": "menu", data: { role: "more" } }),
  );
  node.append(bubble);
  if (worded.buttons?.length) node.append(keyboard(worded, look));
  return node;
}

function classes(parts, { own, joined }) {
  const [first] = parts;
  return [
    "message",
    own ? "own" : "other",
    joined ? "joined" : "",
    parts.some((part) => part.buttons?.length) ? "with-keys" : "",
    first.file?.kind === "photo" ? "with-photo" : "",
  ].filter(Boolean).join(" ");
}

function serviceItem(message) {
  return element(
    "li",
    { class: "message service", data: { chat: message.chat, id: message.id, ids: message.id } },
    element("span", {}, message.service),
  );
}

function sender({ from }) {
  // Eight colours, the same one for the same person everywhere.
  return element(
    "p",
    { class: `sender hue-${Math.abs(from.id) % 8}` },
    from.name,
    from.is_bot ? element("span", { class: "tag" }, "bot") : null,
  );
}

function quote(message) {
  return element(
    "button",
    { type: "button", class: "quote", "aria-label": "Aller au message cité", data: { jump: message.reply_to } },
    message.quote ?? "Message",
  );
}

function words(message, meta) {
  const node = element("div", { class: "words" });
  node.append(message.html ? safeHtml(message.html, KNOWN_COMMANDS) : plainText(message.text, KNOWN_COMMANDS), meta);
  return node;
}

function metaLine(message, last) {
  return element(
    "span",
    { class: "meta" },
    message.silent ? mark("🔕", "Sans son") : null,
    message.protected ? mark("🔒", "Protégé : ni copie ni transfert") : null,
    message.edited ? element("span", { title: `à ${hour(message.edited)}` }, "modifié") : null,
    element("time", { datetime: last.date }, hour(last.date)),
  );
}

function mark(sign, meaning) {
  return element("span", { role: "img", class: "mark", "aria-label": meaning, title: meaning }, sign);
}

function media(parts) {
  const files = parts.filter((part) => part.file);
  if (files.length === 0) return null;
  const photos = files.filter(({ file }) => file.kind === "photo");
  if (photos.length === files.length) return photoGrid(photos);
  return element("div", { class: "files" }, ...files.map(({ file }) => fileView(file)));
}

function photoGrid(photos) {
  return element(
    "div",
    { class: `photos count-${Math.min(photos.length, 4)}` },
    ...photos.map(({ file, id }, at) =>
      element(
        "button",
        { type: "button", class: "photo", "aria-label": `Agrandir la photo ${at + 1}`, data: { photo: file.url, message: id } },
        element("img", { src: file.url, alt: file.name || "Photo", loading: "lazy", decoding: "async" }),
      ),
    ),
  );
}

function fileView(file) {
  if (file.kind === "voice" || file.kind === "audio") return voicePlayer(file);
  if (file.kind === "video") return element("video", { src: file.url, controls: true, preload: "metadata", class: "video" });
  return element(
    "a",
    { class: "document", href: file.url, target: "_blank", rel: "noopener" },
    element("span", { class: "sheet" }, icon("file")),
    element(
      "span",
      { class: "label" },
      element("span", { class: "name" }, file.name || "Document"),
      element("span", { class: "size" }, size(file.size)),
    ),
  );
}

function keyboard(message, look) {
  return element(
    "div",
    { class: "keys", role: "group", "aria-label": "Boutons du message" },
    ...message.buttons.map((row, rowAt) =>
      element("div", { class: "row" }, ...row.map((button, at) => key(message, button, rowAt, at, look))),
    ),
  );
}

function key(message, button, row, column, { actor, taps }) {
  if (button.kind === "url") return urlKey(button);
  if (button.kind === "copy") {
    return element("button", { type: "button", class: "key copy", data: { copy: button.copy ?? "" } }, button.text, icon("copy"));
  }
  const tap = taps.key(actor, message, row, column);
  const busy = taps.isWaiting(tap, button.text);
  return element(
    "button",
    { type: "button", class: "key", "aria-busy": String(busy), data: { tap, row, column, ...(busy ? { busy: "" } : {}) } },
    button.text,
  );
}

function urlKey({ url, text }) {
  const href = safeHref(url ?? "");
  if (href === null) return element("span", { class: "key dead", title: "Adresse refusée" }, text);
  return element("a", { class: "key url", href, target: "_blank", rel: "noopener noreferrer" }, text, icon("open"));
}
