// The shop's one bundle. Settings come first: everything else formats with them.
import { settings } from "./settings";
import { installReporting } from "./report";
import { bookingPage } from "./book";

installReporting(settings._release);

const root = document.getElementById("app");
if (root && document.body.dataset.page === "book") {
  bookingPage(root);
} else {
  // The other pages are complete as the server sent them.
  ready();
}

function ready(): void {
  (window as { __postflight?: () => void }).__postflight?.();
}
