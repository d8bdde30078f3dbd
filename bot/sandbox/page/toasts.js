/** Short news over the pane it concerns; alerts wait for «OK», as in Telegram. */

import { element } from "./element.js";

const SHORTEST = 4000;
const PER_CHARACTER = 55;

const announcer = document.getElementById("announcer");

export function toast(host, { text, error = false, who = null }) {
  const words = who ? `${who} : ${text}` : text;
  const node = element("button", { type: "button", class: error ? "toast error" : "toast", title: "Fermer" }, words);
  node.addEventListener("click", () => node.remove());
  host.append(node);
  announce(words);
  leaveLater(node, Math.max(SHORTEST, words.length * PER_CHARACTER));
  return node;
}

export function alertBox(host, { text, who = null }) {
  const back = document.activeElement;
  const close = () => {
    node.remove();
    if (back instanceof HTMLElement && back.isConnected) back.focus();
  };
  const ok = element("button", { type: "button", class: "main", onclick: close }, "OK");
  const node = element(
    "div",
    { class: "alert", role: "alertdialog", "aria-label": who ? `Réponse du bot à ${who}` : "Réponse du bot" },
    element("p", {}, text),
    ok,
  );
  node.addEventListener("keydown", (event) => event.key === "Escape" && close());
  host.append(node);
  announce(text);
  ok.focus();
}

export function announce(words) {
  announcer.textContent = "";
  announcer.textContent = words;
}

function leaveLater(node, delay) {
  let timer = setTimeout(() => node.remove(), delay);
  node.addEventListener("mouseenter", () => clearTimeout(timer));
  node.addEventListener("mouseleave", () => {
    timer = setTimeout(() => node.remove(), 1500);
  });
}
