/** The server's HTML of a message, rebuilt tag by tag from a short list; whatever else comes stays text. */

import { element } from "./element.js";

const KEPT = new Set(["B", "I", "U", "S", "CODE", "PRE", "BLOCKQUOTE", "BR", "STRONG", "EM", "DEL", "INS"]);
const DROPPED = new Set(["SCRIPT", "STYLE", "TEMPLATE", "IFRAME", "OBJECT", "EMBED", "NOSCRIPT", "TITLE"]);
const SCHEMES = new Set(["http:", "https:", "tel:", "mailto:", "tg:"]);
const FOUND = /(https?:\/\/[^\s<>"«»]+[^\s<>"«».,;:!?)\]}’'])|(\+33(?:[ .\u00a0\u202f]?\d){9})(?!\d)|(?<=^|\s)(\/[a-z_]{3,32})(?![\w/])/g;

/** @param commands the bot's commands: only these become links */
export function safeHtml(html, commands = new Set()) {
  // DOMParser makes an inert document: nothing in it runs or loads.
  const parsed = new DOMParser().parseFromString(html.replace(/(<br\s*\/?>)\n/g, "$1"), "text/html");
  const fragment = document.createDocumentFragment();
  fragment.append(...copies(parsed.body, { commands, plain: false }));
  return fragment;
}

export function plainText(text, commands = new Set()) {
  const fragment = document.createDocumentFragment();
  fragment.append(...linked(text, commands));
  return fragment;
}

function copies(parent, context) {
  return [...parent.childNodes].flatMap((node) => copy(node, context));
}

function copy(node, context) {
  if (node.nodeType === Node.TEXT_NODE) return context.plain ? [node.data] : linked(node.data, context.commands);
  if (node.nodeType !== Node.ELEMENT_NODE || DROPPED.has(node.tagName)) return [];
  if (node.tagName === "A") return [link(node, context)];
  if (node.tagName === "SPAN" && node.classList.contains("spoiler")) return [spoiler(copies(node, context))];
  if (node.tagName === "CODE" || node.tagName === "PRE") return [copyable(node, context)];
  if (!KEPT.has(node.tagName)) return copies(node, context);
  return [element(node.tagName.toLowerCase(), {}, ...copies(node, context))];
}

function link(node, context) {
  const inside = copies(node, { ...context, plain: true });
  const href = safeHref(node.getAttribute("href") ?? "");
  if (href === null) return element("span", {}, ...inside);
  return anchor(href, ...inside);
}

export function safeHref(href) {
  try {
    return SCHEMES.has(new URL(href).protocol) ? href : null;
  } catch {
    return null;
  }
}

function anchor(href, ...inside) {
  const outside = href.startsWith("http");
  return element("a", { href, target: outside ? "_blank" : null, rel: outside ? "noopener noreferrer" : null }, ...inside);
}

function spoiler(inside) {
  const node = element("button", { type: "button", class: "spoiler", "aria-label": "Texte masqué : afficher" }, ...inside);
  node.addEventListener("click", () => {
    node.classList.add("shown");
    node.removeAttribute("aria-label");
  });
  return node;
}

/** A line break inside a block to copy stays one. */
function wordsOf(child) {
  if (typeof child === "string") return child;
  return child.tagName === "BR" ? "\n" : child.textContent;
}

function copyable(node, context) {
  const tag = node.tagName.toLowerCase();
  const inside = copies(node, { ...context, plain: true }).map(wordsOf);
  return element(tag, { tabindex: "0", role: "button", title: "Copier", data: { copy: inside.join("") } }, ...inside);
}

/** Addresses, French phone numbers and the bot's commands become things one can tap. */
function linked(text, commands) {
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(FOUND)) {
    const [whole, url, number, command] = found;
    if (command && !commands.has(command)) continue;
    parts.push(text.slice(from, found.index));
    if (url) parts.push(anchor(url, url));
    else if (number) parts.push(anchor(`tel:${number.replace(/[^+\d]/g, "")}`, number));
    else parts.push(element("button", { type: "button", class: "command", data: { command } }, command));
    from = found.index + whole.length;
  }
  parts.push(text.slice(from));
  return parts.filter((part) => part !== "");
}
