import { total } from "./cart";

const greeting = "Grüße 🎄";

function showTotal(): void {
  const out = document.querySelector("#total");
  const text = total([{ title: greeting, cents: 1250 }]);
  if (out) out.textContent = text;
}

document.querySelector("#pay")?.addEventListener("click", () => {
  showTotal();
});
