// Filling in fields. What is set here is set by the browser's own setters, which
// the page's frameworks do not replace in our world, followed by the events of
// a person's input.

const fire = (el, ...types) => {
	for (const t of types) el.dispatchEvent(t === 'input' ? new Event('input', {bubbles: true, composed: true}) : new Event(t, {bubbles: true}));
};
const labelOf = (o) => norm(o.label || o.textContent);
// chosen are the options that are wanted, or what is missing.
const chosen = (el, spec) => {
	const all = [...el.options];
	const wanted = spec.options?.length ? spec.options : [spec.value];
	if (wanted.length > 1 && !el.multiple) return {fatal: describe(el) + ' takes one option only'};
	const out = [];
	for (const w of wanted) {
		let o = all.find((c) => c.value === w);
		if (!o && spec.action === 'select') o = all.find((c) => labelOf(c) === norm(w)) ?? (/^index=\d+$/.test(w) ? all[Number(w.slice(6))] : undefined);
		if (!o) return {state: 'without the option that is to be chosen'};
		if (nativelyDisabled(o)) return {state: 'with the option that is to be chosen disabled'};
		out.push(o);
	}
	return {chosen: out};
};
const number = (s) => s.trim() !== '' && !Number.isNaN(Number(s));
// fillable tells whether the field takes the value now, later, or never.
const fillable = (el, spec) => {
	const k = kind(el);
	if (spec.action === 'select' && k !== 'select') return {fatal: describe(el) + ' is no list of options'};
	if (k === 'none') return {fatal: describe(el) + ' cannot be filled in'};
	if (readonly(el)) return {state: 'read-only'};
	if (k === 'select') {
		const c = chosen(el, spec);
		return c.chosen ? {kind: k} : c;
	}
	if (spec.strict && el.type === 'number' && spec.value !== '' && !number(spec.value)) return {fatal: 'a number field cannot take text that is no number'};
	if (spec.strict && k === 'value' && !setTypes.includes(el.type)) return {fatal: describe(el) + ' of type ' + el.type + ' cannot be filled in'};
	return {kind: k};
};
// choose sets a list, or an input that has no text to type into.
const choose = (el, spec) => {
	el.focus();
	if (el instanceof HTMLSelectElement) {
		const c = chosen(el, spec);
		if (!c.chosen) return {state: 'detached'};
		if (!el.multiple) el.value = c.chosen[0].value;
		else if (spec.action === 'select') for (const o of el.options) o.selected = c.chosen.includes(o);
		for (const o of c.chosen) o.selected = true;
		fire(el, 'input', 'change');
		return {};
	}
	const want = spec.value.trim();
	el.value = el.type === 'color' ? want.toLowerCase() : want;
	if (setTypes.includes(el.type) && el.value !== (el.type === 'color' ? want.toLowerCase() : want) && !(el.type === 'range' && Number(el.value) === Number(want))) return {malformed: true};
	fire(el, 'input', 'change');
	return {};
};
const plainText = (el) => 'value' in el ? el.value : el.innerText.replace(/\n$/, '');
// prepare focuses a text field and selects what is to be replaced. It answers how
// many UTF-16 units of the value are there already, when the rest is to be typed.
const prepare = (el, spec) => {
	el.focus({preventScroll: true});
	const rich = !('value' in el);
	const now = plainText(el), value = spec.value;
	const caret = rich || el instanceof HTMLTextAreaElement || ['text', 'search', 'tel', 'url', 'password'].includes(el.type);
	const prefix = !spec.strict && caret && now.length > 0 && now.length < value.length && value.startsWith(now);
	if (rich) {
		const range = document.createRange();
		range.selectNodeContents(el);
		if (prefix) range.collapse(false);
		const selection = document.getSelection();
		selection.removeAllRanges();
		selection.addRange(range);
	} else if (prefix) el.setSelectionRange(now.length, now.length);
	else el.select();
	const active = el.getRootNode().activeElement;
	const focused = active === el || el.contains(active) || el.isContentEditable && !!active?.contains(el);
	return {had: prefix ? now.length : 0, focused};
};
const holds = (value) => {
	const el = target;
	return {ok: !!el && plainText(el).trim() === value.trim()};
};
