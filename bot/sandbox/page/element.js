/** Building DOM nodes: text always goes in as text, never as markup. */

export function element(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) setOption(node, name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function setOption(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (typeof value === "function") node.addEventListener(name.slice(2), value);
  else if (name === "class") node.className = value;
  else if (name === "data") Object.assign(node.dataset, value);
  else node.setAttribute(name, value === true ? "" : String(value));
}

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  attach: "M16.5 6.5v10a4.5 4.5 0 0 1-9 0V5.8a3 3 0 0 1 6 0v9.7a1.5 1.5 0 0 1-3 0V7",
  send: "M4 12 3.5 4.5 21 12 3.5 19.500 4 12Zm0 0h9",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  close: "m6 6 12 12M18 6 6 18",
  reply: "M9 7 4 12l5 5M4.500 12H14a6 6 0 0 1 6 6",
  play: "M8 5.500v13l10.500-6.500Z",
  pause: "M9 6v12M15 6v12",
  file: "M7 3.500h7l4 4V20.500H7ZM14 3.500v4h4",
  down: "M12 5v13M6.500 12.500 12 18l5.500-5.500",
  pin: "M9 4h6l-.8 6.200L17 13v2H7v-2l2.800-2.800ZM12 15v5.500",
  open: "M8 16 17 7M9 7h8v8",
  copy: "M9 9h11v11H9ZM15 9V4H4v11h5",
  slash: "M14.500 5 9.500 19",
  chats: "M4 5h12v8H9l-3.500 3v-3H4ZM18.500 9H20v8h-1.500v3L15 17h-4",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.500 20a7.500 7.500 0 0 1 15 0",
  phone: "M8 3.500h8a1 1 0 0 1 1 1v15a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1v-15a1 1 0 0 1 1-1ZM11 17.500h2",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** A round button that shows an icon and says its name to those who cannot see it. */
export function iconButton(name, label, onclick, extra = {}) {
  return element("button", { type: "button", class: "round", "aria-label": label, title: label, onclick, ...extra }, icon(name));
}

/** The little number beside a name; grey when nothing of it rang. */
export function badge({ count, loud }) {
  if (count === 0) return null;
  const shown = count > 99 ? "99+" : String(count);
  return element(
    "span",
    { class: loud ? "badge" : "badge quiet" },
    element("span", { "aria-hidden": "true" }, shown),
    element("span", { class: "unseen" }, ` ${count} non lu${count > 1 ? "s" : ""}`),
  );
}

/**
 * Puts new children in the place of old ones, by their data-key. What looks the same stays the same node:
 * news arriving between press and release must not take a button from under the finger.
 */
export function renew(parent, nodes) {
  const old = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const focused = parent.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const wanted = nodes.map((node) => (old.get(node.dataset.key)?.isEqualNode(node) ? old.get(node.dataset.key) : node));
  for (const node of old.values()) if (!wanted.includes(node)) node.remove();
  wanted.forEach((node, at) => {
    if (parent.children[at] !== node) parent.insertBefore(node, parent.children[at] ?? null);
  });
  if (focused !== undefined && !parent.contains(document.activeElement)) {
    wanted.find((node) => node.dataset.key === focused)?.focus();
  }
}

/** Runs once at the next frame, however often it was asked for meanwhile. */
export function coalesced(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    // A page in the background gets no animation frame; a timer still fires there.
    const schedule = document.hidden ? (run) => setTimeout(run, 0) : requestAnimationFrame;
    schedule(() => {
      asked = false;
      work();
    });
  };
}
