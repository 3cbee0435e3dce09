// The booking page: visits on offer, a form, a confirmation.
import * as api from "./api";
import { h, replace } from "./dom";
import { frame } from "./chrome";
import { money } from "./settings";
import { card, notice } from "./slot";
import { asking, cancel } from "./words";

const familyPrice = 1200;
const childPrice = 800;

interface State {
  slots: api.Slot[];
  methods: api.Method[];
}

export function bookingPage(root: HTMLElement): void {
  const stage = h("div", { id: "stage" }, loading());
  replace(root, ...frame(h("main", { class: "booking", id: "main" }, stage)));
  load().then(
    // Draw outside the promise, so that a defect in drawing is reported as one.
    (state) => queueMicrotask(() => draw(stage, state)),
    (problem) => replace(stage, sorry(problem)),
  );
}

async function load(): Promise<State> {
  const [slots, methods] = await Promise.all([api.slots(), api.methods()]);
  return { slots, methods };
}

function loading(): HTMLElement {
  const ghosts = Array.from({ length: 9 }, () => h("span", { class: "ghost" }));
  return h("section", { class: "loading", "aria-busy": "true" },
    h("p", { role: "status" }, h("span", { class: "spin", "aria-hidden": "true" }), asking),
    h("div", { class: "slots", "aria-hidden": "true" }, ...ghosts));
}

function sorry(problem: unknown): HTMLElement {
  const why = problem instanceof api.ApiError ? problem.message : "the shop did not answer";
  return h("section", { class: "sorry", role: "alert" },
    h("h1", {}, "We cannot take bookings just now"),
    h("p", {}, `The snow is deep today: ${why}. Nothing was booked and nothing was charged.`),
    h("a", { class: "button", href: "/book" }, "Try again"));
}

function draw(stage: Element, state: State): void {
  let chosen: api.Slot | undefined;
  const total = h("output", { id: "total", for: "children" }, money(familyPrice + 2 * childPrice));
  const picked = h("p", { class: "picked", id: "picked" }, "Choose a visit first.");
  const said = h("p", { class: "said", role: "alert" });
  const button = h("button", { class: "button wide", id: "book", type: "submit", disabled: true }, "Book this visit");
  const cards = state.slots.map((slot) =>
    card(slot, (element) => {
      chosen = slot;
      for (const other of cards) other.setAttribute("aria-pressed", String(other === element));
      replace(picked, h("b", {}, slot.day), ` at ${slot.time}`);
      button.disabled = false;
    }));
  const children = h("select", { id: "children", name: "children", change: price },
    ...Array.from({ length: 8 }, (_, i) => h("option", { value: i + 1, selected: i === 1 }, String(i + 1))));
  const method = h("select", { id: "method", name: "method" },
    ...state.methods.map((m) => h("option", { value: m.id }, m.label)));
  const name = h("input", { id: "name", name: "name", required: true, maxlength: 80, autocomplete: "name", placeholder: "The Winter family" });

  function price(): void {
    total.textContent = money(familyPrice + Number(children.value) * childPrice);
  }

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    if (!chosen) return;
    button.disabled = true;
    button.textContent = "Booking…";
    said.textContent = "";
    try {
      const done = await api.book({ name: name.value, children: Number(children.value), slot: chosen.id, method: method.value });
      replace(stage, confirmation(done));
      stage.querySelector("h1")?.focus();
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      said.textContent = `That did not work: ${problem.message}.`;
      button.disabled = false;
      button.textContent = "Book this visit";
    }
  }

  replace(stage,
    h("div", { class: "lead" },
      h("p", { class: "eyebrow" }, "Book a visit"),
      h("h1", {}, "When will you come?"),
      h("p", {}, "An afternoon takes about two hours. Dress warmly: the door is always open."), notice()),
    h("div", { class: "columns" },
      h("section", { "aria-labelledby": "visits-title" },
        h("h2", { id: "visits-title" }, "Visits in the next three days"),
        h("div", { class: "slots", id: "slots" }, ...cards)),
      h("form", { class: "order", "aria-label": "Your booking", submit },
        h("h2", {}, "Your booking"), picked,
        h("label", { for: "name" }, "Your name"), name,
        h("div", { class: "pair" },
          h("div", {}, h("label", { for: "children" }, "Children"), children),
          h("div", {}, h("label", { for: "method" }, "Pay with"), method)),
        h("p", { class: "sum" }, h("span", {}, "Together"), total),
        button, said,
        h("p", { class: "small" }, cancel))));
  (window as { __postflight?: () => void }).__postflight?.();
}

function confirmation(done: api.Confirmation): HTMLElement {
  return h("section", { class: "ticket", id: "confirmation" },
    h("img", { src: "%asset:cocoa.svg%", alt: "", width: 180, height: 180 }),
    h("div", {},
      h("p", { class: "eyebrow" }, done.test ? "Test booking" : "Booked"),
      h("h1", { tabindex: -1 }, `See you there, ${done.name}`),
      h("p", {}, h("b", {}, done.day), ` at ${done.time}, ${done.children === 1 ? "one child" : `${done.children} children`}. The cocoa will be hot.`),
      h("dl", {},
        h("div", {}, h("dt", {}, "Booking number"), h("dd", { id: "number" }, done.number)),
        h("div", {}, h("dt", {}, "Paid"), h("dd", {}, money(done.amount)))),
      h("a", { class: "quiet", href: "/" }, "Back to the workshop")));
}
