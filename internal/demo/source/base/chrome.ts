// The frame around the booking page, the same as on the server's pages.
import { h } from "./dom";
import { settings } from "./settings";

export function frame(main: HTMLElement): HTMLElement[] {
  return [
    h("header", { class: "bar" },
      h("a", { class: "brand", href: "/" },
        h("img", { src: "%asset:star.svg%", alt: "", width: 30, height: 30 }),
        h("span", {}, "Father Christmas ", h("b", {}, "Workshop"))),
      h("nav", { "aria-label": "Main" },
        h("a", { href: "/#workshop" }, "The workshop"),
        h("a", { href: "/#afternoon" }, "Your visit"),
        h("a", { class: "here", href: "/book", "aria-current": "page" }, "Book"))),
    main,
    h("footer", { class: "foot" },
      h("p", {}, "Father Christmas Workshop, Lantern Lane 24, where the road ends."),
      h("p", {}, `Release ${settings._release}`, " · ", h("a", { href: "/figures" }, "Figures"))),
  ];
}
