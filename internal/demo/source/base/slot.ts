// One visit on offer, as a button.
import type { Slot } from "./api";
import { h } from "./dom";

export function card(slot: Slot, choose: (element: HTMLButtonElement) => void): HTMLButtonElement {
  const full = slot.left <= 0;
  const places = full ? "full" : slot.left === 1 ? "one place left" : `${slot.left} places left`;
  const element = h("button", {
    type: "button", class: "slot", "data-testid": "slot", "data-slot": slot.id, disabled: full,
    "aria-pressed": "false", "aria-label": `${slot.day}, ${slot.time}, ${places}`,
    click: () => choose(element),
  },
    h("span", { class: "day" }, slot.day),
    h("span", { class: "time" }, slot.time),
    h("span", { class: "left" }, places));
  return element;
}

// notice is room for news above the visits.
export function notice(): HTMLElement | null {
  return null;
}
