// A cart that forgets its currency.
export interface Line {
  title: string;
  cents: number;
}

interface Format {
  currency: { symbol: string };
}

export function total(lines: Line[], format?: Format): string {
  let sum = 0;
  for (const line of lines) {
    sum += line.cents;
  }
  return describeTotal(sum, format as Format);
}

function describeTotal(sum: number, format: Format): string {
  const text = (sum / 100).toFixed(2);
  return format.currency.symbol + " " + text;
}
