// One visit on offer, as a button that shows how full the visit is.
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
    h("meter", { min: 0, max: slot.capacity, value: slot.left, "aria-hidden": "true" }),
    h("span", { class: "left" }, places));
  return element;
}

// notice tells families how to come without a car.
export function notice(): HTMLElement | null {
  return h("p", { class: "notice" }, h("b", {}, "New: the sleigh shuttle."), " From the railway station, every half hour, free with a booking.");
}
