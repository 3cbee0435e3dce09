// What see and not see wait for.

// shown reports whether the document shows anything at all yet: as long as it
// does not, that something is not there says nothing.
const shown = () => {
	if (!document.body || document.readyState === 'loading') return false;
	let left = 3000;
	for (const el of every(document.body)) {
		if (left-- <= 0) return true;
		const drawn = ['IMG', 'SVG', 'CANVAS', 'VIDEO', 'INPUT', 'BUTTON', 'SELECT', 'TEXTAREA', 'IFRAME', 'OBJECT', 'HR', 'METER', 'PROGRESS'].includes(el.nodeName.toUpperCase());
		const says = [...el.childNodes].some((c) => c.nodeType === Node.TEXT_NODE && c.nodeValue.trim());
		if ((drawn || says && !silent(el)) && !invisible(el)) return true;
	}
	return [...document.body.childNodes].some((c) => c.nodeType === Node.TEXT_NODE && c.nodeValue.trim()) && !invisible(document.body);
};
// rendered is the text of an element as it is seen, shadow and slots included.
const rendered = (el) => {
	const f = field(el);
	if (f instanceof HTMLInputElement) return ['submit', 'button', 'reset'].includes(f.type) ? f.value : '';
	if (f instanceof HTMLSelectElement) return [...f.selectedOptions].map(labelOf).join(' ');
	if (f instanceof HTMLTextAreaElement) return f.value;
	let s = '';
	const walk = (n) => {
		for (const c of flatKids(n)) {
			if (c.nodeType === Node.TEXT_NODE) { if (styleOf(n).visibility === 'visible') s += c.nodeValue; continue; }
			if (c.nodeType !== Node.ELEMENT_NODE || silent(c) || styleOf(c).display === 'none') continue;
			if (c.nodeName === 'BR') { s += ' '; continue; }
			const apart = blockish(styleOf(c).display) ? ' ' : '';
			s += apart;
			walk(c);
			s += apart;
		}
	};
	if (styleOf(el).display !== 'none') walk(el);
	return s;
};
const includesText = (el, want) => {
	const text = norm(rendered(el));
	return text.includes(want) || el instanceof HTMLElement && norm(el.innerText ?? '').includes(want);
};
const like = (pattern, url) => {
	if (!pattern.includes('*')) return url === pattern || url === pattern + '/' ;
	return new RegExp('^' + pattern.split('*').map((s) => s.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*') + '$').test(url);
};
const place = (e) => {
	if (e.url && !like(e.url, location.href) && !like(e.url, location.pathname + location.search + location.hash)) return 'the page is ' + clip(location.href, 200);
	if (e.title && !norm(document.title).includes(norm(e.title))) return 'the title is “' + clip(norm(document.title), 100) + '”';
	return '';
};
// lacks tells what an element that is seen lacks.
const lacks = (el, e) => {
	const f = field(el), secret = f instanceof HTMLInputElement && f.type === 'password';
	if (e.text && !includesText(el, norm(e.text))) {
		const said = norm(rendered(el));
		return said ? 'its text is “' + clip(said, 100) + '”' : 'it has no text';
	}
	if (e.value !== undefined && e.value !== '') {
		const now = 'value' in f ? f.value : f.isContentEditable ? plainText(f) : null;
		if (now === null) return 'it is no field';
		const wanted = now === e.value || norm(now) === norm(e.value) || f instanceof HTMLSelectElement && [...f.selectedOptions].some((o) => labelOf(o) === norm(e.value));
		if (!wanted) return secret ? 'its value differs' : 'its value is “' + clip(now, 100) + '”';
	}
	if (typeof e.enabled === 'boolean' && disabled(el) === e.enabled) return e.enabled ? 'disabled' : 'enabled';
	if (typeof e.checked === 'boolean') {
		const s = checkedState(f);
		if (s === '') return 'it is no check box';
		if (s !== String(e.checked)) return s === 'mixed' ? 'half checked' : s === 'true' ? 'checked' : 'not checked';
	}
	return '';
};
const seeOnce = (spec, now) => {
	const e = spec.expect;
	const off = place(e);
	if (off) return {rank: 0, state: off};
	if (!spec.alternatives.length) return {ok: true, alternative: 0};
	const counts = typeof e.count === 'number';
	let best = {rank: 0, state: 'not found'};
	for (const [i, els] of now.lists.entries()) {
		const seen = els.filter((el) => !invisible(el));
		if (counts) {
			const meet = seen.filter((el) => !lacks(el, e));
			if (meet.length === e.count) return {ok: true, alternative: i, el: meet[0], absent: e.count === 0};
			best = {rank: 3, state: 'seen ' + meet.length + ' times'};
			continue;
		}
		if (!els.length) continue;
		if (!seen.length) {
			const r = {rank: 1, state: invisible(els[0])};
			if (r.rank > best.rank) best = r;
			continue;
		}
		const one = spec.strict ? single(seen, spec) : {el: seen.find((el) => !lacks(el, e)) ?? seen[0]};
		if (one.state) { best = one; continue; }
		const why = lacks(one.el, e);
		if (!why) return {ok: true, alternative: i, el: one.el};
		if (best.rank < 2) best = {rank: 2, state: why};
	}
	return best;
};
// see waits until the page shows what it should.
const see = async (spec, ...given) => {
	const h = history();
	let quiet = -1; // since when what is not to be seen was not
	for (;;) {
		const now = lookUp(spec, given);
		if (now.invalid) return {invalid: now.invalid, states: h.states};
		let r;
		if (spec.not) {
			const still = now.lists.flat().find((el) => !invisible(el) && !lacks(el, spec.expect));
			r = still ? {state: 'still seen: ' + candidate(still)} : {ok: true, absent: true, alternative: 0};
		} else r = seeOnce(spec, now);
		if (r.ok && r.absent) {
			// Absence counts once the document is there, shows something, and for two looks.
			const early = document.readyState !== 'complete' ? 'the page is still loading' : shown() ? '' : 'the page shows nothing at all';
			if (early) { r = {state: early}; quiet = -1; } else if (quiet < 0 || h.age() - quiet < 150) {
				if (quiet < 0) quiet = h.age();
				await pause(Math.min(100, Math.max(10, spec.budget)));
				if (spec.budget - h.age() > -500) continue;
				r = {state: 'not long enough away'};
			}
		} else quiet = -1;
		if (r.ok) {
			const out = {ok: true, alternative: r.alternative, alive: now.alive, states: h.states};
			if (spec.health && r.el) {
				out.same = now.lists.filter((l) => l[0] === r.el).length;
				out.better = better(r.el, spec.alternatives[r.alternative].parts, spec.attribute);
			}
			return out;
		}
		h.note(r);
		if (r.ambiguous && h.age() - h.states.at(-1).at >= 500) return {fatal: r.state, states: h.states};
		const left = spec.budget - h.age();
		if (left <= 0) return {states: h.states};
		await change(Math.min(100, left), 20);
	}
};
// below are the elements a chain finds under an element, or in the document.
const below = (scope, list) => { fresh(); return chain(scope ?? document, list).slice(0, 100); };
const current = () => target;
