// Runs in an isolated world of every document: sees what the person does, and
// tells it through the binding. It changes nothing in the page.
(() => {
	const attribute = "%ATTRIBUTE%";
	const tell = (event) => globalThis.postflightRecord(JSON.stringify(event));

	const squeeze = (s) => (s ?? "").replace(/\s+/g, " ").trim();
	const quote = (s) => '"' + s.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\a ") + '"';
	const target = (event) => event.composedPath()[0];
	const element = (node) => (node instanceof Element ? node : node?.parentElement);

	// Accessible name and role, near enough for a selector: a wrong guess finds
	// nothing, and then another selector acts.
	const roles = { A: "link", BUTTON: "button", SELECT: "combobox", TEXTAREA: "textbox", IMG: "image", SUMMARY: "button" };
	const role = (el) => {
		const own = el.getAttribute("role");
		if (own) return own.split(" ")[0];
		if (el instanceof HTMLInputElement) {
			if (["button", "submit", "reset", "image"].includes(el.type)) return "button";
			if (el.type === "checkbox" || el.type === "radio") return el.type;
			if (el.type === "range") return "slider";
			if (el.type === "number") return "spinbutton";
			if (el.type === "search") return "searchbox";
			return "textbox";
		}
		if (el instanceof HTMLAnchorElement && !el.hasAttribute("href")) return "";
		if (/^H[1-6]$/.test(el.tagName)) return "heading";
		return roles[el.tagName] ?? "";
	};
	const name = (el) => {
		const ids = el.getAttribute("aria-labelledby");
		if (ids) {
			const text = squeeze(ids.split(/\s+/).map((id) => el.getRootNode().getElementById?.(id)?.textContent ?? "").join(" "));
			if (text) return text;
		}
		const label = squeeze(el.getAttribute("aria-label"));
		if (label) return label;
		if (el.labels?.length) return squeeze([...el.labels].map((l) => l.textContent).join(" "));
		if (el.getAttribute("alt")) return squeeze(el.getAttribute("alt"));
		if (el instanceof HTMLInputElement && ["button", "submit", "reset"].includes(el.type)) return squeeze(el.value);
		if (["button", "link", "heading", "tab", "menuitem", "option", "checkbox", "radio"].includes(role(el)) && squeeze(el.innerText)) {
			return squeeze(el.innerText);
		}
		return squeeze(el.getAttribute("title")) || squeeze(el.getAttribute("placeholder"));
	};

	const generated = /\d{3,}|^[:_]|[a-f0-9]{8,}|(^|[-_])(css|sc|jss|emotion)[-_]/i;
	const stableId = (el) => el.id && !generated.test(el.id) ? el.id : "";
	const alone = (root, selector, el) => {
		try {
			const all = root.querySelectorAll(selector);
			return all.length === 1 && all[0] === el;
		} catch {
			return false;
		}
	};
	const marks = (el) => {
		const out = [];
		for (const a of [attribute, "data-testid", "data-test", "data-test-id", "data-qa", "data-cy"]) {
			if (el.getAttribute(a)) out.push("[" + a + "=" + quote(el.getAttribute(a)) + "]");
		}
		if (stableId(el)) out.push("#" + CSS.escape(el.id));
		if (el.getAttribute("name")) out.push(el.localName + "[name=" + quote(el.getAttribute("name")) + "]");
		return out;
	};
	const place = (el) => {
		let n = 1, same = 0;
		for (let s = el.previousElementSibling; s; s = s.previousElementSibling) if (s.localName === el.localName) n++;
		for (const s of el.parentNode?.children ?? []) if (s.localName === el.localName) same++;
		return same > 1 ? `${el.localName}:nth-of-type(${n})` : el.localName;
	};
	const css = (el) => {
		const root = el.getRootNode();
		let path = "";
		for (let at = el; at instanceof Element; at = at.parentElement) {
			for (const mark of marks(at)) {
				const whole = path ? mark + " > " + path : mark;
				if (alone(root, whole, el)) return whole;
			}
			path = path ? place(at) + " > " + path : place(at);
			if (alone(root, path, el)) return path;
		}
		return path;
	};
	const xpath = (el) => {
		const parts = [];
		for (let at = el; at instanceof Element; at = at.parentElement) {
			if (stableId(at) && !at.id.includes('"') && alone(document, "#" + CSS.escape(at.id), at)) {
				return '//*[@id="' + at.id + '"]' + parts.map((p) => "/" + p).join("");
			}
			let n = 1, more = false;
			for (let s = at.previousElementSibling; s; s = s.previousElementSibling) if (s.localName === at.localName) n++;
			for (let s = at.nextElementSibling; s; s = s.nextElementSibling) if (s.localName === at.localName) more = true;
			parts.unshift(at.localName + (n > 1 || more ? `[${n}]` : ""));
		}
		return "/" + parts.join("/");
	};
	// hosts are the shadow hosts around an element, outermost first.
	const hosts = (el) => {
		const out = [];
		for (let root = el.getRootNode(); root instanceof ShadowRoot; root = root.host.getRootNode()) out.unshift(root.host);
		return out;
	};
	const escape = (s) => s.replace(/(["'()])/g, "\\$1");
	const text = (el) => {
		const s = squeeze(el.innerText ?? "");
		if (!s || s.length > 60) return "";
		const all = [...document.querySelectorAll("*")].filter((o) => !["SCRIPT", "STYLE"].includes(o.tagName) && (o.textContent ?? "").includes(s) && ![...o.children].some((c) => (c.textContent ?? "").includes(s)));
		return all.length === 1 && (all[0] === el || el.contains(all[0])) ? s : "";
	};
	const selectors = (el) => {
		const out = [], around = hosts(el);
		const chain = (own) => [...around.map(css), own];
		const named = name(el), kind = role(el);
		if (named && named.length <= 100) {
			const aria = "aria/" + escape(named) + (kind ? `[role="${kind}"]` : "");
			out.push(around.length ? chain(aria) : [aria]);
		}
		out.push(chain(css(el)));
		if (!around.length) out.push(["xpath//" + xpath(el)]);
		const last = css(el);
		if (around.length ? true : stableId(el) || last.startsWith("[")) out.push(["pierce/" + last]);
		const said = text(el);
		if (said && !around.length) out.push(["text/" + escape(said)]);
		return out;
	};

	// The element a person means: the control around what was hit.
	const meant = (el) => {
		for (let at = el; at instanceof Element; at = at.parentElement ?? (at.getRootNode() instanceof ShadowRoot ? at.getRootNode().host : null)) {
			if (at.matches("a[href],button,input,select,textarea,label,summary,option,[role=button],[role=link],[role=tab],[role=menuitem],[role=checkbox],[role=option],[contenteditable]")) return at;
		}
		return el;
	};
	const writable = (el) => el instanceof HTMLTextAreaElement || el?.isContentEditable ||
		(el instanceof HTMLInputElement && !["checkbox", "radio", "button", "submit", "reset", "image", "file", "range", "color"].includes(el.type));

	let pressed = 0, lastKey = { at: -1e9, key: "" }, lastClick = { at: -1e9 };
	addEventListener("mousedown", (e) => { if (e.isTrusted) pressed = e.timeStamp; }, true);
	const clicked = (e) => {
		if (!e.isTrusted) return;
		const hit = element(target(e));
		if (!hit) return;
		const byKey = e.detail === 0 && e.timeStamp - lastKey.at < 500;
		const byLabel = e.timeStamp - lastClick.at < 60 && lastClick.label && lastClick.label.control === hit;
		if (byKey || byLabel) return;
		const el = meant(hit);
		lastClick = { at: e.timeStamp, label: hit.closest("label") };
		if (el instanceof HTMLSelectElement || el instanceof HTMLOptionElement) return; // its change says it
		const box = el.getBoundingClientRect();
		const held = Math.round(e.timeStamp - pressed);
		const event = {
			type: "click", selectors: selectors(el),
			offsetX: Math.round((e.clientX - box.left) * 100) / 100, offsetY: Math.round((e.clientY - box.top) * 100) / 100,
		};
		const button = ["primary", "auxiliary", "secondary", "back", "forward"][e.button];
		if (e.button !== 0) event.button = button;
		if (held > 350) event.duration = held;
		tell(event);
	};
	addEventListener("click", clicked, true);
	addEventListener("auxclick", (e) => { if (e.button !== 2) clicked(e); }, true);
	addEventListener("contextmenu", clicked, true);
	addEventListener("dblclick", (e) => { if (e.isTrusted && element(target(e))) tell({ type: "doubleClick", selectors: selectors(meant(element(target(e)))) }); }, true);

	const filled = (e) => {
		const el = element(target(e));
		if (!e.isTrusted || !el) return;
		if (el instanceof HTMLInputElement && ["checkbox", "radio", "file"].includes(el.type)) return;
		if (e.type === "change" && writable(el)) return; // its input events said it
		const value = el.isContentEditable ? el.innerText : el.value;
		if (value === undefined) return;
		tell({ type: "change", selectors: selectors(el), value, password: el instanceof HTMLInputElement && el.type === "password" });
	};
	addEventListener("input", filled, true);
	addEventListener("change", filled, true);

	const key = (type) => (e) => {
		if (!e.isTrusted || e.repeat) return;
		if (type === "keyDown") lastKey = { at: e.timeStamp, key: e.key };
		const typed = e.key.length === 1 && !e.ctrlKey && !e.metaKey && !e.altKey;
		if (typed && writable(element(target(e)))) return;
		if (["Shift", "Control", "Alt", "Meta", "CapsLock", "Unidentified", "Dead", "Process"].includes(e.key)) return;
		if (["Backspace", "Delete"].includes(e.key) && writable(element(target(e)))) return;
		tell({ type, key: e.key });
	};
	addEventListener("keydown", key("keyDown"), true);
	addEventListener("keyup", key("keyUp"), true);

	let scrolled = 0;
	addEventListener("scroll", (e) => {
		if (!(e.target instanceof Document)) return;
		clearTimeout(scrolled);
		scrolled = setTimeout(() => tell({ type: "scroll", x: Math.round(scrollX), y: Math.round(scrollY) }), 300);
	}, true);
})();
