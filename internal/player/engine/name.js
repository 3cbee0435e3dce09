// Accessible names by accname 1.2 and HTML-AAM, as Chromium computes them.

const fromContent = new Set(['button', 'cell', 'checkbox', 'columnheader', 'gridcell', 'heading', 'link', 'menuitem', 'menuitemcheckbox',
	'menuitemradio', 'option', 'radio', 'row', 'rowheader', 'switch', 'tab', 'term', 'tooltip', 'treeitem']);
const unnamed = new Set(['caption', 'code', 'deletion', 'emphasis', 'generic', 'insertion', 'mark', 'paragraph', 'strong', 'subscript', 'superscript', 'none']);
const byIds = (el, attribute) => {
	const ids = (el.getAttribute(attribute) ?? '').trim();
	if (!ids) return [];
	const root = el.getRootNode();
	return ids.split(/\s+/).map((id) => (root.getElementById ?? document.getElementById).call(root.getElementById ? root : document, id)).filter(Boolean);
};
const nameOf = (el) => remember('name', el, () => {
	const role = roleOf(el);
	if (unnamed.has(role) && !labelled(el) && !el.hasAttribute('title') && el.nodeName !== 'SUMMARY') return '';
	return norm(compute(el, {seen: new Set(), top: true}));
});
// treeName is the name in Chromium's accessibility tree, which, unlike the
// specifications, leaves rows that take no focus and captioned figures nameless.
const treeName = (el) => {
	const bare = !labelled(el) && !el.hasAttribute('title') && (el.nodeName === 'FIGURE' || roleOf(el) === 'row' && !focusable(el));
	return bare ? '' : nameOf(el);
};
const labelled = (el) => el.hasAttribute('aria-label') || el.hasAttribute('aria-labelledby');

// compute follows the steps of accname; o tells how we got here.
const compute = (el, o) => {
	if (o.seen.has(el)) return '';
	if (!o.top && !o.shown && hiddenOf(el)) return '';
	if (!o.referred) {
		const refs = byIds(el, 'aria-labelledby');
		if (refs.length) {
			const seen = new Set(o.seen);
			if (!refs.includes(el)) seen.add(el);
			const text = refs.map((r) => compute(r, {seen: new Set(seen), referred: true, shown: hiddenOf(r), content: true})).join(' ');
			if (norm(text)) return text;
		}
	}
	const role = roleOf(el);
	if (o.inside || o.referred) {
		const value = embedded(el, role, o);
		if (value !== null) { o.seen.add(el); return value; }
	}
	const label = el.getAttribute('aria-label');
	if (label?.trim()) { o.seen.add(el); return label; }
	if (role !== 'none' || explicitRole(el) !== 'none') {
		const native = nativeName(el, role, o);
		if (norm(native)) { o.seen.add(el); return native; }
	}
	if (o.inside || o.content || fromContent.has(role) || el.nodeName === 'SUMMARY') {
		o.seen.add(el);
		const text = content(el, o);
		if (norm(text)) return text;
	}
	o.seen.add(el);
	return o.inside && unnamed.has(role) || el.nodeName === 'IMG' && el.getAttribute('alt') === '' ? '' : tooltip(el);
};
const tooltip = (el) => {
	const title = el.getAttribute('title');
	if (title?.trim()) return title;
	if (el instanceof HTMLInputElement || el instanceof HTMLTextAreaElement) {
		const hint = el.getAttribute('placeholder') ?? el.getAttribute('aria-placeholder');
		if (hint?.trim() && (el instanceof HTMLTextAreaElement || ['text', 'url', 'tel', 'search', 'password', 'number', 'email'].includes(el.type))) return hint;
	}
	return el.getAttribute('aria-placeholder') ?? '';
};

// embedded is what a control inside a label stands for: its value.
const embedded = (el, role, o) => {
	if (!o.inside) return null;
	switch (role) {
	case 'textbox': case 'searchbox':
		if (el instanceof HTMLInputElement && el.type === 'password') return '•'.repeat(el.value.length);
		return 'value' in el ? el.value : content(el, o);
	case 'combobox': case 'listbox': {
		if (el instanceof HTMLSelectElement) return [...el.selectedOptions].map((c) => norm(c.label || c.textContent)).join(' ');
		if ('value' in el) return el.value;
		const chosen = [...every(el)].filter((c) => roleOf(c) === 'option' && ariaState(c, 'aria-selected') === 'true');
		return chosen.map((c) => content(c, {...o, seen: new Set(o.seen)})).join(' ');
	}
	case 'slider': case 'spinbutton': case 'scrollbar': case 'meter': case 'progressbar':
		return el.getAttribute('aria-valuetext') ?? el.getAttribute('aria-valuenow') ?? ('value' in el && el.nodeName === 'INPUT' ? String(el.value) : null);
	}
	return null;
};

// nativeName is what the element's own markup says.
const nativeName = (el, role, o) => {
	const from = (n) => n ? compute(n, {seen: new Set(o.seen).add(el), content: true, inside: true, shown: hiddenOf(n)}) : '';
	const child = (tag) => [...el.children].find((c) => c.nodeName.toUpperCase() === tag);
	const labels = !o.inside && el.labels?.length ? [...el.labels].map((l) => compute(l, {seen: new Set(o.seen).add(el), content: true, inside: true})).join(' ') : '';
	switch (el.nodeName.toUpperCase()) {
	case 'INPUT':
		if (norm(labels)) return labels;
		switch (el.type) {
		case 'button': return el.value;
		case 'submit': return el.hasAttribute('value') ? el.value : 'Submit';
		case 'reset': return el.hasAttribute('value') ? el.value : 'Reset';
		case 'image': return el.getAttribute('alt')?.trim() || el.getAttribute('value')?.trim() || el.getAttribute('title')?.trim() || 'Submit';
		}
		return '';
	case 'IMG': case 'AREA': return el.getAttribute('alt') ?? '';
	case 'FIELDSET': return from(child('LEGEND'));
	case 'FIGURE': return from(child('FIGCAPTION'));
	case 'TABLE': return from(child('CAPTION')) || (el.getAttribute('summary') ?? '');
	case 'SVG': return child('TITLE')?.textContent ?? '';
	case 'OPTGROUP': return el.label;
	case 'OPTION': return el.hasAttribute('label') ? el.label : '';
	case 'BUTTON': case 'SELECT': case 'TEXTAREA': case 'METER': case 'PROGRESS': case 'OUTPUT': return labels;
	case 'HTML': return document.title;
	}
	if (el.ownerSVGElement && child('TITLE')) return child('TITLE').textContent;
	return el.labels?.length ? labels : '';
};

const blockish = (display) => !/^(inline|none|ruby)/.test(display) || /^inline-(block|flex|grid|table)/.test(display);
const generated = (el, which) => {
	const style = getComputedStyle(el, which);
	const raw = style.content;
	if (!raw || raw === 'none' || raw === 'normal' || style.display === 'none' || style.visibility !== 'visible') return '';
	const spoken = /\/\s*("(?:[^"\\]|\\.)*")\s*$/.exec(raw);
	const source = spoken ? spoken[1] : raw;
	let text = '';
	for (const m of source.matchAll(/"((?:[^"\\]|\\.)*)"|attr\(([\w-]+)\)/g)) text += m[1] !== undefined ? m[1].replace(/\\(.)/g, '$1') : el.getAttribute(m[2]) ?? '';
	return blockish(style.display) ? ' ' + text + ' ' : text;
};
const shape = (text, parent) => {
	switch (parent ? styleOf(parent).textTransform : 'none') {
	case 'uppercase': return text.toUpperCase();
	case 'lowercase': return text.toLowerCase();
	case 'capitalize': return text.replace(/(^|[^\p{L}\p{N}'’])(\p{L})/gu, (m, a, b) => a + b.toUpperCase());
	}
	return text;
};
// content is the text of what is inside, as it is shown.
const content = (el, o) => {
	let text = generated(el, '::before');
	const kids = flatKids(el).concat(byIds(el, 'aria-owns'));
	for (const n of kids) {
		if (n.nodeType === Node.TEXT_NODE) {
			const parent = n.parentElement;
			if (!o.shown && parent && styleOf(parent).visibility !== 'visible') continue;
			text += shape(n.nodeValue, parent);
			continue;
		}
		if (n.nodeType !== Node.ELEMENT_NODE) continue;
		if (n.nodeName === 'BR') { text += ' '; continue; }
		if (n.parentElement === el && byOwner(n, el)) continue;
		const inner = compute(n, {seen: o.seen, inside: true, shown: o.shown && hiddenOf(n) && styleOf(n).display !== 'none'});
		text += blockish(styleOf(n).display) || n.nodeName === 'OPTION' ? ' ' + inner + ' ' : inner;
	}
	return text + generated(el, '::after');
};
// byOwner reports a child that another element has taken for its own.
const byOwner = (n, el) => {
	if (!n.id) return false;
	const owners = remember('hidden', 'owners', () => [...document.querySelectorAll('[aria-owns]')]);
	return owners.some((owner) => owner !== el && byIds(owner, 'aria-owns').includes(n));
};
