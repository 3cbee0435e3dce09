// The server writes the settings into the page; names with an underscore are
// the ones that are not part of the public API.
interface Settings {
  _locale: string;
  _currency: string;
  _release: string;
}

export const settings: Settings = JSON.parse(document.getElementById("settings")!.textContent!);

// The server's locale is POSIX ("en_GB"), the browser's is BCP 47 ("en-GB").
export const language = settings._locale.replace("_", "-");

const price = new Intl.NumberFormat(language, {
  style: "currency",
  currency: settings._currency,
  trailingZeroDisplay: "stripIfInteger",
} as Intl.NumberFormatOptions);

export function money(cents: number): string {
  return price.format(cents / 100);
}
