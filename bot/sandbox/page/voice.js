/** A small player for voice notes and sounds. */

import { element, icon } from "./element.js";
import { duration } from "./french.js";

export function voicePlayer(file) {
  const sound = element("audio", { src: file.url, preload: "metadata" });
  const button = element("button", { type: "button", class: "round play", "aria-label": "Écouter" }, icon("play"));
  const where = element("input", { type: "range", min: 0, max: 1, step: "any", value: 0, "aria-label": "Position" });
  const time = element("span", { class: "time" }, duration(NaN));
  const node = element("div", { class: "voice" }, button, where, time, sound);

  button.addEventListener("click", () => (sound.paused ? sound.play().catch(() => unplayable(node, file)) : sound.pause()));
  where.addEventListener("input", () => {
    if (Number.isFinite(sound.duration)) sound.currentTime = Number(where.value) * sound.duration;
  });
  sound.addEventListener("loadedmetadata", () => (time.textContent = duration(sound.duration)));
  sound.addEventListener("timeupdate", () => {
    where.value = String(sound.currentTime / sound.duration || 0);
    time.textContent = duration(sound.currentTime);
  });
  for (const change of ["play", "pause", "ended"]) sound.addEventListener(change, () => showState(button, sound));
  sound.addEventListener("error", () => unplayable(node, file));
  return node;
}

function showState(button, sound) {
  button.replaceChildren(icon(sound.paused ? "play" : "pause"));
  button.setAttribute("aria-label", sound.paused ? "Écouter" : "Pause");
}

function unplayable(node, file) {
  if (node.classList.contains("unplayable")) return;
  node.classList.add("unplayable");
  node.replaceChildren(
    element("a", { href: file.url, target: "_blank", rel: "noopener" }, "Message vocal (à ouvrir)"),
  );
}
