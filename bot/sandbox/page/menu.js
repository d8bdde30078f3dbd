/** One small menu at a time, beside the thing it is about. */

import { element } from "./element.js";

let open = null;

/** @param items [{label, run}], those that are null are left out */
export function openMenu(anchor, items, at = null) {
  closeMenu();
  const menu = element(
    "div",
    { class: "menu", role: "menu" },
    ...items.filter(Boolean).map(({ label, run }) =>
      element("button", { type: "button", role: "menuitem", onclick: () => (closeMenu(true), run()) }, label),
    ),
  );
  menu.addEventListener("keydown", onKey);
  document.body.append(menu);
  place(menu, at ?? anchor.getBoundingClientRect());
  open = { menu, anchor };
  anchor.setAttribute("aria-expanded", "true");
  menu.firstElementChild?.focus();
}

export function closeMenu(giveFocusBack = false) {
  if (open === null) return;
  const { menu, anchor } = open;
  open = null;
  menu.remove();
  anchor.removeAttribute("aria-expanded");
  if (giveFocusBack) anchor.focus();
}

function place(menu, box) {
  const { width, height } = menu.getBoundingClientRect();
  const left = Math.min(Math.max(8, box.right - width), innerWidth - width - 8);
  const below = box.bottom + 4;
  const top = below + height > innerHeight - 8 ? Math.max(8, box.top - height - 4) : below;
  menu.style.left = `${left}px`;
  menu.style.top = `${top}px`;
}

function onKey(event) {
  const items = [...event.currentTarget.children];
  const at = items.indexOf(document.activeElement);
  if (event.key === "Escape" || event.key === "Tab") closeMenu(true);
  else if (event.key === "ArrowDown") items[(at + 1) % items.length].focus();
  else if (event.key === "ArrowUp") items.at(at - 1).focus();
  else return;
  event.preventDefault();
}

document.addEventListener("pointerdown", (event) => {
  if (open && !open.menu.contains(event.target)) closeMenu();
});
window.addEventListener("resize", () => closeMenu());
