package journey

// The functions below run in our isolated world of the page, where the page can
// neither see nor change them. Each is handed over whole with every call, so
// that nothing has to survive a navigation.

// finders are shared by pollScript and countScript: how the selector languages
// find elements, in the tree below a scope.
const finders = `
const kids = (root) => root.shadowRoot ?? root;
const deep = function* (root) {
	yield root;
	const walk = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT);
	for (let n = walk.nextNode(); n; n = walk.nextNode()) {
		if (n.shadowRoot) yield* deep(n.shadowRoot);
	}
};
const norm = (s) => s.replace(/\s+/g, ' ').trim();
const textable = (n) => !['SCRIPT', 'STYLE'].includes(n.nodeName) && !document.head?.contains(n);
const byText = (scope, want) => {
	const cache = new Map();
	const short = norm(want);
	const textOf = (n) => {
		if (cache.has(n)) return cache.get(n);
		let s = '';
		if (textable(n)) {
			const typed = n instanceof HTMLSelectElement || n instanceof HTMLTextAreaElement ||
				(n instanceof HTMLInputElement && !['checkbox', 'radio', 'image', 'password'].includes(n.type));
			if (typed) {
				s = n.value;
			} else {
				for (let c = n.firstChild; c; c = c.nextSibling) {
					if (c.nodeType === Node.TEXT_NODE) s += c.nodeValue;
					else if (c.nodeType === Node.ELEMENT_NODE) s += textOf(c);
				}
				if (n.shadowRoot) s += textOf(n.shadowRoot);
			}
		}
		cache.set(n, s);
		return s;
	};
	const has = (n) => { const s = textOf(n); return s.includes(want) || norm(s).includes(short); };
	const out = [];
	const visit = (n) => {
		if (!has(n)) return false;
		const below = search(n);
		if (!((n.shadowRoot && search(n.shadowRoot)) || below)) out.push(n);
		return true;
	};
	const search = (root) => {
		let any = false;
		for (let c = root.firstChild; c; c = c.nextSibling) {
			if (c.nodeType === Node.ELEMENT_NODE && textable(c)) any = visit(c) || any;
		}
		return any;
	};
	search(scope);
	return out;
};
const byXPath = (scope, expr) => {
	if (scope !== document && expr.startsWith('/')) expr = '.' + expr;
	if (scope instanceof ShadowRoot) {
		const all = [];
		for (const c of scope.children) all.push(...byXPath(c, expr.replace(/^\.\/\//, './descendant-or-self::')));
		return all;
	}
	const got = document.evaluate(expr, scope, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
	const out = [];
	for (let i = 0; i < got.snapshotLength; i++) {
		const n = got.snapshotItem(i);
		if (n instanceof Element) out.push(n);
	}
	return out;
};
const part = (scope, p) => {
	switch (p.language) {
	case 'css': return [...scope.querySelectorAll(p.value)];
	case 'pierce': {
		const out = [];
		for (const root of deep(scope)) out.push(...root.querySelectorAll(p.value));
		return out;
	}
	case 'text': return byText(scope, p.value);
	case 'xpath': return byXPath(scope, p.value);
	}
	throw new Error('unknown selector language ' + p.language);
};
const chain = (scope, parts) => {
	let scopes = [scope];
	for (const p of parts) {
		const next = new Set();
		for (const s of scopes) for (const el of part(s === document ? s : kids(s), p)) next.add(el);
		scopes = [...next];
	}
	return scopes;
};
const every = (alt, found) => alt.count === undefined
	? chain(document, alt.parts)
	: found.slice(alt.from, alt.from + alt.count).filter((el) => el.isConnected);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const frame = () => new Promise((done) => {
	const timer = setTimeout(done, 300);
	requestAnimationFrame(() => { clearTimeout(timer); done(); });
});
const describe = (el) => {
	let s = '<' + el.nodeName.toLowerCase();
	if (el.id) s += ' id=' + JSON.stringify(el.id.slice(0, 60));
	const c = el.getAttribute?.('class');
	if (c) s += ' class=' + JSON.stringify(c.trim().slice(0, 80));
	return s + '>';
};
`

// pollScript waits inside the page, for spec.budget milliseconds, until the
// first alternative finds an element that meets spec.needs; it leaves the
// element in a variable of our world and tells where to point. Otherwise it
// tells which precondition was missing when.
const pollScript = `async function (spec, ...found) {` + finders + `
const up = (n) => n.parentElement ?? (n.getRootNode() instanceof ShadowRoot ? n.getRootNode().host : null);
const inside = (hit, target) => {
	for (let n = hit; n; n = up(n)) if (n === target) return true;
	for (let n = hit; n; n = n.assignedSlot ?? up(n)) if (n === target) return true;
	return false;
};
const control = (el) => el.closest('label')?.control ?? el;
const field = (el) => el instanceof HTMLLabelElement ? el.control ?? el : el;
const boxes = (el) => {
	let list = [...el.getClientRects()];
	if (!list.length && getComputedStyle(el).display === 'contents') for (const c of el.children) list.push(...c.getClientRects());
	return list.filter((r) => r.width > 0 && r.height > 0);
};
const visible = (el) => {
	if (boxes(el).length === 0) return 'has no size';
	if (getComputedStyle(el).display !== 'contents' && !el.checkVisibility({visibilityProperty: true})) return 'hidden';
	return '';
};
const disabled = (el) => {
	const c = control(el);
	if (c.matches(':disabled')) return true;
	for (let n = c; n; n = up(n)) if (n.getAttribute('aria-disabled') === 'true') return true;
	return false;
};
const kind = (el) => {
	if (el instanceof HTMLSelectElement) return 'select';
	if (el instanceof HTMLTextAreaElement || el.isContentEditable) return 'text';
	if (!(el instanceof HTMLInputElement)) return 'none';
	if (['text', 'url', 'tel', 'search', 'password', 'number', 'email'].includes(el.type)) return 'text';
	return ['file', 'button', 'submit', 'reset', 'image', 'hidden'].includes(el.type) ? 'none' : 'value';
};
const fill = (el) => {
	const k = kind(el);
	if (k === 'none') return {fatal: describe(el) + ' cannot be filled in'};
	if (el.readOnly || el.getAttribute('aria-readonly') === 'true') return {state: 'read-only'};
	if (k === 'select') {
		const option = [...el.options].find((o) => o.value === spec.value);
		if (!option) return {state: 'without the option that is to be chosen'};
		if (option.matches(':disabled')) return {state: 'with the option that is to be chosen disabled'};
	}
	return {kind: k};
};
const same = (a, b) => a.left === b.left && a.top === b.top && a.width === b.width && a.height === b.height;
const stable = async (el) => {
	await frame();
	const a = el.getBoundingClientRect();
	await frame();
	return same(a, el.getBoundingClientRect());
};
const point = (el) => {
	const r = boxes(el)[0];
	if (spec.offset && spec.offset.x >= 0 && spec.offset.y >= 0 && spec.offset.x <= r.width && spec.offset.y <= r.height) {
		return {x: r.left + Math.min(spec.offset.x, r.width - 0.5), y: r.top + Math.min(spec.offset.y, r.height - 0.5)};
	}
	const l = Math.max(r.left, 0), t = Math.max(r.top, 0), right = Math.min(r.right, innerWidth), bottom = Math.min(r.bottom, innerHeight);
	if (right - l >= 1 && bottom - t >= 1) return {x: (l + right) / 2, y: (t + bottom) / 2};
	return {x: r.left + r.width / 2, y: r.top + r.height / 2};
};
const onScreen = (p) => p.x >= 0 && p.y >= 0 && p.x < innerWidth && p.y < innerHeight;
const at = (x, y) => {
	let el = document.elementFromPoint(x, y);
	while (el?.shadowRoot) {
		const inner = el.shadowRoot.elementFromPoint(x, y);
		if (!inner || inner === el) break;
		el = inner;
	}
	return el;
};
const receives = (hit, el) => {
	const accept = [el, el.closest('button,[role=button],a,[role=link]'), el.closest('label')?.control, ...(el.labels ?? [])];
	return accept.some((a) => a && inside(hit, a));
};
const overlay = (hit, el) => {
	let top = hit;
	for (let n = up(hit); n && n !== document.body && n !== document.documentElement && !inside(el, n); n = up(n)) top = n;
	return describe(hit) + (top !== hit ? ' of ' + describe(top) : '');
};
const ways = [null, {block: 'end', inline: 'end'}, {block: 'center', inline: 'center'}, {block: 'start', inline: 'start'}];
let turn = 0;
const reach = (el) => {
	if (window !== window.top) el.scrollIntoView({behavior: 'instant', block: 'nearest', inline: 'nearest'}); // scrolls the frames around too
	let p = point(el);
	if (spec.turn + turn > 0 || !onScreen(p)) {
		const way = ways[(spec.turn + turn) % ways.length];
		if (way || !onScreen(p)) el.scrollIntoView({behavior: 'instant', ...(way ?? {block: 'center', inline: 'center'})});
		p = point(el);
	}
	if (!onScreen(p)) { turn++; return {rank: 6, state: 'outside the viewport'}; }
	if (!spec.needs.events) return {x: p.x, y: p.y};
	const hit = at(p.x, p.y);
	if (hit && receives(hit, el)) return {x: p.x, y: p.y};
	turn++;
	return {rank: 7, state: hit ? 'covered by ' + overlay(hit, el) : 'not hit by a pointer', covered: !!hit};
};
const ready = async (el) => {
	if (spec.needs.visible) {
		const why = visible(el);
		if (why) return {rank: 2, state: why};
	}
	if (spec.needs.stable && !await stable(el)) return {rank: 3, state: 'moving'};
	if (!el.isConnected) return {rank: 1, state: 'detached'};
	if (spec.needs.enabled && disabled(el)) return {rank: 4, state: 'disabled'};
	const out = {ok: true};
	if (spec.needs.editable) {
		const f = fill(el);
		if (f.fatal) return f;
		if (f.state) return {rank: 5, state: f.state};
		Object.assign(out, f);
	}
	if (spec.needs.visible) {
		const why = visible(el);
		if (why) return {rank: 2, state: why};
		const r = reach(el);
		if (r.state) return r;
		Object.assign(out, r);
	}
	return out;
};
const begin = performance.now();
const states = [];
const note = (r) => {
	if (states.at(-1)?.state !== r.state) states.push({at: performance.now() - begin, state: r.state, covered: !!r.covered});
};
for (;;) {
	let best = {rank: 0, state: 'not found'}, alive = 0, invalid = [];
	for (const [i, alt] of spec.alternatives.entries()) {
		let els;
		try { els = every(alt, found); } catch (e) { invalid.push(String(e.message)); continue; }
		if (!els.length) continue;
		alive++;
		if (best.ok) continue;
		const el = spec.needs.editable ? field(els[0]) : els[0];
		const r = await ready(el);
		if (r.fatal) return {fatal: r.fatal, states};
		if (r.ok) {
			globalThis.postflightTarget = el;
			best = {...r, alternative: i, password: el instanceof HTMLInputElement && el.type === 'password'};
		} else if (r.rank > best.rank) best = r;
	}
	if (best.ok) return {...best, alive, states, turn: spec.turn + turn};
	if (invalid.length === spec.alternatives.length) return {invalid: invalid[0], states};
	note(best);
	const left = spec.budget - (performance.now() - begin);
	if (left <= 0 || states.length > 50) return {states, turn: spec.turn + turn};
	await pause(Math.min(50, left));
}
}`

// countScript evaluates a waitForElement once the condition holds, or when the
// budget is over. The first alternative that finds anything is used.
const countScript = `async function (spec, ...found) {` + finders + `
const subset = (want, got) => {
	if (want === null || typeof want !== 'object') return Object.is(want, got) || want === got;
	if (got === null || got === undefined) return false;
	return Object.entries(want).every(([k, v]) => subset(v, got[k]));
};
const meets = (el) => {
	for (const [k, v] of Object.entries(spec.attributes)) {
		if (el.getAttribute(k) !== v) return 'its attribute ' + k + ' differs';
	}
	for (const [k, v] of Object.entries(spec.properties)) {
		if (!subset(v, el[k])) return 'its property ' + k + ' differs';
	}
	return '';
};
const compare = {'>=': (a, b) => a >= b, '==': (a, b) => a === b, '<=': (a, b) => a <= b};
const begin = performance.now();
const states = [];
for (;;) {
	let els = [], used = -1, alive = 0, invalid = [];
	for (const [i, alt] of spec.alternatives.entries()) {
		let got;
		try { got = every(alt, found); } catch (e) { invalid.push(String(e.message)); continue; }
		if (!got.length) continue;
		alive++;
		if (used < 0) { els = got; used = i; }
	}
	if (invalid.length === spec.alternatives.length) return {invalid: invalid[0], states};
	let why = '';
	let ok = compare[spec.operator](els.length, spec.count);
	if (!ok) why = els.length === 0 ? 'not found' : 'found ' + els.length + ' times';
	for (const el of ok ? els : []) {
		why = meets(el);
		if (why) { ok = false; break; }
	}
	if (ok === spec.visible) return {ok: true, alternative: Math.max(used, 0), alive, states};
	const state = spec.visible ? why : 'still there';
	if (states.at(-1)?.state !== state) states.push({at: performance.now() - begin, state});
	const left = spec.budget - (performance.now() - begin);
	if (left <= 0 || states.length > 50) return {states};
	await pause(Math.min(100, left));
}
}`

// queryScript returns the elements a chain finds below this element or, without
// one, in the document; for chains that continue with an aria part.
const queryScript = `function (parts) {` + finders + `
return chain(this instanceof Element ? this : document, parts).slice(0, 50);
}`

// chooseScript sets a select or an input that has no text to type into.
const chooseScript = `function (value) {
	const el = globalThis.postflightTarget;
	if (!el?.isConnected) return 'detached';
	el.focus();
	if (el instanceof HTMLSelectElement) {
		const option = [...el.options].find((o) => o.value === value);
		if (!option) return 'detached';
		if (!el.multiple) el.value = value;
		option.selected = true;
	} else {
		el.value = value;
		const fixed = ['color', 'date', 'time', 'datetime-local', 'month', 'range', 'week'];
		if (fixed.includes(el.type) && el.value !== value.trim()) return 'malformed';
	}
	el.dispatchEvent(new Event('input', {bubbles: true, composed: true}));
	el.dispatchEvent(new Event('change', {bubbles: true}));
	return '';
}`

// focusScript prepares a text field for typing: it answers how many UTF-16
// units of value are in it already, or selects all that is to be replaced.
const focusScript = `function (value) {
	const el = globalThis.postflightTarget;
	if (!el?.isConnected) return -1;
	el.focus();
	const rich = !('value' in el);
	const now = rich ? el.innerText.replace(/\n$/, '') : el.value;
	let caret = rich || el instanceof HTMLTextAreaElement || ['text', 'search', 'tel', 'url', 'password'].includes(el.type);
	const prefix = caret && now.length > 0 && now.length < value.length && value.startsWith(now);
	if (rich) {
		const range = document.createRange();
		range.selectNodeContents(el);
		if (prefix) range.collapse(false);
		const selection = el.ownerDocument.getSelection();
		selection.removeAllRanges();
		selection.addRange(range);
	} else if (prefix) el.setSelectionRange(now.length, now.length);
	else el.select();
	return prefix ? now.length : 0;
}`

// holdsScript tells whether the field holds what was typed.
const holdsScript = `function (value) {
	const el = globalThis.postflightTarget;
	if (!el) return false;
	return ('value' in el ? el.value : el.innerText).trim() === value.trim();
}`

// scrollScript scrolls the element found, or the window.
const scrollScript = `function (x, y, element) {
	if (!element) { window.scroll({left: x, top: y, behavior: 'instant'}); return true; }
	const el = globalThis.postflightTarget;
	if (!el?.isConnected) return false;
	el.scrollTop = y;
	el.scrollLeft = x;
	return true;
}`

// ownerScript tells what lies over a frame, seen from the document around it:
// an empty text when the point hits a frame element.
const ownerScript = `function (x, y) {
	let el = document.elementFromPoint(x, y);
	while (el?.shadowRoot) {
		const inner = el.shadowRoot.elementFromPoint(x, y);
		if (!inner || inner === el) break;
		el = inner;
	}
	if (!el) return 'outside the viewport';
	if (['IFRAME', 'FRAME', 'OBJECT', 'EMBED'].includes(el.nodeName)) return '';
	const c = el.getAttribute('class');
	return 'covered by <' + el.nodeName.toLowerCase() + (el.id ? ' id=' + JSON.stringify(el.id) : '') + (c ? ' class=' + JSON.stringify(c) : '') + '>';
}`

// metaScript reads a meta tag.
const metaScript = `function (name) {
	for (const el of document.querySelectorAll('meta[name]')) {
		if (el.getAttribute('name') === name) return (el.getAttribute('content') ?? '').slice(0, 1000);
	}
	return '';
}`

// snapshotScript writes the document as HTML, at most limit characters, with
// open shadow roots and without what may be secret. Typed values are no part
// of it, because attributes are.
const snapshotScript = `function (limit) {
	const secret = /pass|secret|token|csrf|xsrf|auth|session|card|cvc|cvv/i;
	const empty = new Set(['AREA', 'BASE', 'BR', 'COL', 'EMBED', 'HR', 'IMG', 'INPUT', 'LINK', 'META', 'SOURCE', 'TRACK', 'WBR']);
	let left = limit, nodes = 100000;
	const out = [];
	const put = (s) => { if (left > 0) out.push(s.length > left ? s.slice(0, left) : s); left -= s.length; };
	const escape = (s) => s.slice(0, Math.max(left, 0)).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
	const hide = (el, name) => {
		if (el instanceof HTMLInputElement && name === 'value') {
			return el.type === 'password' || secret.test(el.name + ' ' + el.id + ' ' + el.autocomplete);
		}
		return el instanceof HTMLMetaElement && name === 'content' && secret.test(el.name);
	};
	const write = (n, depth) => {
		if (left <= 0 || nodes-- <= 0 || depth > 400) return;
		if (n.nodeType === Node.TEXT_NODE) {
			const raw = n.parentNode && ['SCRIPT', 'STYLE'].includes(n.parentNode.nodeName);
			put(raw ? n.nodeValue.slice(0, Math.max(left, 0)) : escape(n.nodeValue));
			return;
		}
		if (n.nodeType !== Node.ELEMENT_NODE) return;
		const tag = n.nodeName.toLowerCase();
		put('<' + tag);
		for (const a of n.attributes) put(' ' + a.name + '="' + (hide(n, a.name) ? '' : escape(a.value)) + '"');
		put('>');
		if (empty.has(n.nodeName)) return;
		if (n.shadowRoot) {
			put('<template shadowrootmode="open">');
			for (const c of n.shadowRoot.childNodes) write(c, depth + 1);
			put('</template>');
		}
		for (const c of n.childNodes) write(c, depth + 1);
		put('</' + tag + '>');
	};
	if (document.documentElement) write(document.documentElement, 0);
	return {html: '<!doctype html>' + out.join(''), cut: left <= 0 || nodes <= 0};
}`
