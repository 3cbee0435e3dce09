// How the selector languages find elements in the tree below a scope.

const kids = (root) => root.shadowRoot ?? root;
const roots = function* (root) {
	yield root;
	for (const n of every(root)) if (n.shadowRoot) yield n.shadowRoot;
};

// The recorder's text/: the deepest elements whose text includes the wanted one.
const textable = (n) => !['SCRIPT', 'STYLE'].includes(n.nodeName) && !document.head?.contains(n);
const typed = (n) => n instanceof HTMLSelectElement || n instanceof HTMLTextAreaElement ||
	(n instanceof HTMLInputElement && !['checkbox', 'radio', 'image', 'password'].includes(n.type));
const recordedText = (n) => remember('text', n, () => {
	if (!textable(n)) return '';
	if (typed(n)) return n.value;
	let s = '';
	for (let c = n.firstChild; c; c = c.nextSibling) {
		if (c.nodeType === Node.TEXT_NODE) s += c.nodeValue;
		else if (c.nodeType === Node.ELEMENT_NODE) s += recordedText(c);
	}
	return n.shadowRoot ? s + recordedText(n.shadowRoot) : s;
});
const byText = (scope, want) => {
	const short = norm(want);
	const has = (n) => { const s = recordedText(n); return s.includes(want) || norm(s).includes(short); };
	const out = [];
	const search = (root) => {
		let any = false;
		for (let c = root.firstChild; c; c = c.nextSibling) {
			if (c.nodeType !== Node.ELEMENT_NODE || !textable(c) || !has(c)) continue;
			any = true;
			const shadow = c.shadowRoot ? search(c.shadowRoot) : false;
			const below = search(c);
			if (!shadow && !below) out.push(c);
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
// The recorder's aria/: by name and role, exactly, as the accessibility tree has them.
const byAria = (scope, p) => {
	const role = p.role === 'image' ? 'img' : p.role === 'presentation' ? 'none' : p.role;
	const out = [];
	for (const el of every(scope)) {
		if (role ? roleOf(el) !== role : roleOf(el) === 'none') continue;
		if (p.hasName && treeName(el) !== p.name) continue;
		if (!hiddenOf(el)) out.push(el);
	}
	return out;
};

// matcher compares texts as the hand-written locators do.
const matcher = (text, filter) => {
	if (filter.pattern) {
		const re = new RegExp(filter.pattern, (filter.flags ?? '').replace(/[gy]/g, ''));
		return (s) => re.test(norm(s));
	}
	const want = norm(text);
	if (filter.exact) return (s) => norm(s) === want;
	const low = want.toLowerCase();
	return (s) => norm(s).toLowerCase().includes(low);
};
const silent = (n) => ['SCRIPT', 'NOSCRIPT', 'STYLE', 'TEMPLATE'].includes(n.nodeName) || document.head?.contains(n);
// textOf is an element's text with what is in its shadow and its slots.
const textOf = (n) => remember('text', n, () => {
	if (n.nodeType === Node.TEXT_NODE) return n.nodeValue;
	if (n.nodeType !== Node.ELEMENT_NODE || silent(n)) return '';
	if (n instanceof HTMLInputElement) return ['submit', 'button', 'reset'].includes(n.type) ? n.value : '';
	let s = '';
	for (const c of flatKids(n)) s += c.nodeName === 'BR' ? ' ' : textOf(c);
	return s;
});
const bySeenText = (scope, p) => {
	const match = matcher(p.value, p.filter);
	const part = !p.filter.exact && !p.filter.pattern; // then what is around holds it too
	const out = [];
	const visit = (el) => {
		if (silent(el)) return false;
		const self = match(textOf(el));
		if (!self && part) return false;
		let below = false;
		for (const c of flatKids(el)) if (c.nodeType === Node.ELEMENT_NODE) below = visit(c) || below;
		if (self && !below) out.push(el);
		return self || below;
	};
	const top = scope instanceof Element ? flatKids(scope) : [...scope.childNodes];
	for (const c of top) if (c.nodeType === Node.ELEMENT_NODE) visit(c);
	return out;
};
// words is a label's text, without what its controls hold.
const words = (el) => {
	let s = '';
	for (const c of flatKids(el)) {
		if (c.nodeType === Node.TEXT_NODE) s += c.nodeValue;
		else if (c.nodeType === Node.ELEMENT_NODE && !silent(c) && !['SELECT', 'TEXTAREA', 'DATALIST'].includes(c.nodeName)) s += c.nodeName === 'BR' ? ' ' : words(c);
	}
	return s;
};
const byLabel = (scope, p) => {
	const match = matcher(p.value, p.filter);
	return [...every(scope)].filter((el) => {
		const refs = byIds(el, 'aria-labelledby');
		if (refs.length) return refs.some((r) => match(words(r))) || match(refs.map(words).join(' '));
		const said = el.getAttribute('aria-label');
		if (said?.trim()) return match(said);
		return !!el.labels?.length && el.type !== 'hidden' && [...el.labels].some((l) => match(words(l)));
	});
};
const byRole = (scope, p) => {
	const f = p.filter, role = p.value === 'image' ? 'img' : p.value === 'presentation' ? 'none' : p.value;
	const named = f.hasName || f.pattern ? matcher(f.name ?? '', f) : null;
	const states = [['checked', checkedState], ['pressed', pressedState], ['selected', selectedState], ['expanded', expandedState], ['disabled', (el) => String(disabledState(el))]];
	return [...every(scope)].filter((el) => {
		if (roleOf(el) !== role) return false;
		if (f.level && levelOf(el) !== f.level) return false;
		for (const [k, read] of states) if (f[k] && read(el) !== f[k]) return false;
		if (!f.hidden && hiddenOf(el)) return false;
		return !named || (named(nameOf(el)) && (norm(f.name ?? '') !== '' || f.pattern || nameOf(el) === ''));
	});
};
const byAttribute = (scope, p, attribute) => {
	const match = matcher(p.value, p.filter);
	return [...every(scope)].filter((el) => el.hasAttribute(attribute) && match(el.getAttribute(attribute)));
};
const found = (scope, p) => {
	switch (p.language) {
	case 'css': return p.filter ? [...roots(scope)].flatMap((r) => [...r.querySelectorAll(p.value)]) : [...kids(scope).querySelectorAll(p.value)];
	case 'pierce': return [...roots(kids(scope))].flatMap((r) => [...r.querySelectorAll(p.value)]);
	case 'deep': return [...roots(scope)].flatMap((r) => [...r.querySelectorAll(p.value)]);
	case 'text': return byText(kids(scope), p.value);
	case 'xpath': return byXPath(kids(scope), p.value);
	case 'aria': return byAria(scope, p);
	case 'role': return byRole(scope, p);
	case 'label': return byLabel(scope, p);
	case 'visible': return bySeenText(scope, p);
	case 'placeholder': case 'alt': case 'title': return byAttribute(scope, p, p.language);
	case 'testid': {
		const attribute = p.filter.attribute || 'data-testid';
		return [...every(scope)].filter((el) => el.hasAttribute(attribute) && (p.filter.pattern ? matcher('', p.filter)(el.getAttribute(attribute)) : el.getAttribute(attribute) === p.value));
	}
	}
	throw new Error('unknown selector language ' + p.language);
};
const own = ['role', 'label', 'visible', 'placeholder', 'alt', 'title', 'testid'];
const part = (scope, p) => {
	if (own.includes(p.language) && !p.filter) p = {...p, filter: {}};
	let els = found(scope, p);
	const f = p.filter;
	if (!f) return els;
	if (f.hasText) {
		const match = matcher(f.hasText, {});
		els = els.filter((el) => match(textOf(el)));
	}
	return els;
};
const chain = (scope, list) => {
	let scopes = [scope];
	for (const p of list) {
		const next = new Set();
		for (const s of scopes) for (const el of part(s, p)) next.add(el);
		scopes = [...next];
		const nth = p.filter?.nth;
		if (nth !== undefined && nth !== null) scopes = scopes.slice(nth < 0 ? scopes.length + nth : nth).slice(0, nth < 0 && -nth > scopes.length ? 0 : 1);
	}
	return scopes;
};
// matches are the elements of one alternative: those the page's tree has or,
// where it has none, those that Chromium found.
const matches = (alt, given) => {
	const els = alt.parts ? chain(document, alt.parts) : [];
	if (els.length || !alt.count) return els;
	return given.slice(alt.from, alt.from + alt.count).filter((el) => el.isConnected);
};
