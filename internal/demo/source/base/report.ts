// Errors that visitors meet are sent to the shop, a few per visit at most.
let left = 5;

export function installReporting(release: string): void {
  const send = (message: string): void => {
    if (left-- <= 0) return;
    const body = JSON.stringify({ message: message.slice(0, 500), page: location.pathname, release });
    navigator.sendBeacon("/api/errors", body);
  };
  addEventListener("error", (e) => send(e.message || "a resource could not be loaded"), true);
  addEventListener("unhandledrejection", (e) => send(String(e.reason)));
}
