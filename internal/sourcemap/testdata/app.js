(()=>{function o(t,e){let n=0;for(let r of t)n+=r.cents;return c(n,e)}function c(t,e){let n=(t/100).toFixed(2);return e.currency.symbol+" "+n}var i="Grüße 🎄";function s(){let t=document.querySelector("#total"),e=o([{title:i,cents:1250}]);t&&(t.textContent=e)}document.querySelector("#pay")?.addEventListener("click",()=>{s()});})();
//# sourceMappingURL=app.js.map
