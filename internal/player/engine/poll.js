// The waits: one look lasts until what is waited for is there, or until its
// time is over; then it tells what was missing when.

let target = null; // the element found last

// lookUp resolves every alternative anew.
const lookUp = (spec, given) => {
	fresh();
	const lists = [], invalid = [];
	for (const alt of spec.alternatives) {
		try { lists.push(matches(alt, given)); } catch (e) { lists.push([]); invalid.push(String(e.message)); }
	}
	return {lists, alive: lists.filter((l) => l.length).length, invalid: invalid.length === lists.length ? invalid[0] ?? '' : ''};
};
// single is the one element that is meant, or the complaint that there are more.
const single = (els, spec) => {
	if (!spec.strict || els.length === 1) return {el: els[0]};
	const seen = els.filter((el) => !invisible(el));
	if (seen.length === 1) return {el: seen[0]};
	const some = (seen.length ? seen : els).slice(0, 5).map(candidate).join(', ');
	return {rank: 8, state: 'found ' + els.length + ' times, where one was meant: ' + some + (els.length > 5 ? ', …' : ''), ambiguous: true};
};
// through is the label to press for a box that is itself not to be seen.
const through = (el, spec) => {
	if (spec.action !== 'check' && spec.action !== 'uncheck' || !invisible(el)) return el;
	return [...(el.labels ?? [])].find((l) => !invisible(l)) ?? el;
};
const ready = async (el, spec, turn) => {
	const needs = spec.needs;
	const why = needs.visible ? invisible(el) : '';
	if (why) return {rank: 2, state: why};
	if (needs.stable && !await stable(el)) return {rank: 3, state: 'moving'};
	if (!el.isConnected) return {rank: 1, state: 'detached'};
	fresh();
	if (needs.enabled && disabled(el)) return {rank: 4, state: 'disabled'};
	const out = {ok: true};
	if (needs.editable) {
		const f = fillable(el, spec);
		if (f.fatal) return f;
		if (f.state) return {rank: 5, state: f.state};
		out.kind = f.kind;
	}
	if (needs.visible) {
		const still = invisible(el);
		if (still) return {rank: 2, state: still};
		const r = await reach(el, spec, turn);
		if (r.state) return r;
		if (!el.isConnected) return {rank: 1, state: 'detached'};
		out.x = r.x;
		out.y = r.y;
	}
	return out;
};
// begin does in the same breath what needs no pointer: nothing can come between.
const begin = (el, spec, out) => {
	target = el;
	if (spec.watch) watchPointer(el, spec.action === 'hover', spec.watch);
	if (out.kind === 'text' && spec.now) Object.assign(out, prepare(el, spec));
	else if (out.kind && spec.now) Object.assign(out, choose(el, spec), {done: true});
	return out;
};
const checkable = (el) => {
	const s = checkedState(field(el));
	return s === '' ? {fatal: describe(el) + ' is no check box, radio button or switch'} : {checked: s};
};
const settled = (el, spec) => {
	const c = checkable(el);
	if (c.fatal) return c;
	if (c.checked === String(spec.action === 'check')) return {ok: true, done: true};
	const f = field(el);
	if (spec.action === 'uncheck' && (f.type === 'radio' || roleOf(f) === 'radio')) return {fatal: 'a radio button cannot be unchecked; check another one'};
	return null;
};
const attempt = async (els, spec, turn) => {
	const one = single(els, spec);
	if (one.state) return one;
	let el = spec.needs.editable || spec.action === 'upload' ? field(one.el) : one.el;
	if (spec.action === 'check' || spec.action === 'uncheck') {
		const s = settled(el, spec);
		if (s) { target = el; return s; }
		el = through(el, spec);
	}
	const r = await ready(el, spec, turn);
	return r.ok ? {...r, el} : r;
};
const poll = async (spec, ...given) => {
	const h = history();
	let turn = spec.turn;
	for (;;) {
		const now = lookUp(spec, given);
		let best = {rank: 0, state: 'not found'};
		const tried = new Set();
		for (const [i, els] of now.lists.entries()) {
			if (!els.length || !spec.strict && tried.has(els[0])) continue;
			tried.add(els[0]);
			const r = await attempt(els, spec, turn);
			if (r.fatal) return {fatal: r.fatal, states: h.states};
			if (r.ok) { best = {...r, alternative: i}; break; }
			if (r.rank > best.rank) best = r;
		}
		if (best.ok) {
			const {el, ...out} = best;
			fresh();
			if (spec.health && el) {
				out.same = now.lists.filter((l) => l[0] === el || spec.needs.editable && l[0] && field(l[0]) === el).length;
				out.better = better(el, spec.alternatives[out.alternative].parts, spec.attribute);
			}
			out.password = el instanceof HTMLInputElement && el.type === 'password';
			if (el) begin(el, spec, out);
			return {...out, alive: now.alive, states: h.states, turn, width: innerWidth, height: innerHeight};
		}
		if (now.invalid) return {invalid: now.invalid, states: h.states};
		h.note(best);
		if (best.ambiguous && h.age() - h.states.at(-1).at >= 500) return {fatal: best.state, states: h.states};
		const left = spec.budget - h.age();
		if (left <= 0) return {states: h.states, turn};
		if (best.rank >= 6) turn++;
		await change(Math.min(back(spec.looks++), left), 20);
	}
};

// verify waits until the box is as it was to be made.
const verify = async (spec) => {
	const h = history();
	for (;;) {
		fresh();
		const el = target && field(target);
		if (!el?.isConnected) return {ok: true, gone: true};
		if (checkedState(el) === String(spec.action === 'check')) return {ok: true};
		const left = spec.budget - h.age();
		if (left <= 0) return {ok: false};
		await change(Math.min(100, left), 0);
	}
};
const scrollTarget = (x, y) => {
	if (!target?.isConnected) return {state: 'detached'};
	target.scrollTop = y;
	target.scrollLeft = x;
	return {};
};
const chooseTarget = (spec) => target?.isConnected ? choose(target, spec) : {state: 'detached'};
const prepareTarget = (spec) => target?.isConnected ? prepare(target, spec) : {state: 'detached'};

// count waits for a waitForElement's condition. The first alternative that finds
// anything is used.
const subset = (want, got) => {
	if (want === null || typeof want !== 'object') return Object.is(want, got) || want === got;
	if (got === null || got === undefined) return false;
	return Object.entries(want).every(([k, v]) => subset(v, got[k]));
};
const differs = (el, spec) => {
	for (const [k, v] of Object.entries(spec.attributes ?? {})) if (el.getAttribute(k) !== v) return 'its attribute ' + k + ' differs';
	for (const [k, v] of Object.entries(spec.properties ?? {})) if (!subset(v, el[k])) return 'its property ' + k + ' differs';
	return '';
};
const compare = {'>=': (a, b) => a >= b, '==': (a, b) => a === b, '<=': (a, b) => a <= b};
const count = async (spec, ...given) => {
	const h = history();
	for (;;) {
		const now = lookUp(spec, given);
		if (now.invalid) return {invalid: now.invalid, states: h.states};
		const used = now.lists.findIndex((l) => l.length);
		const els = used < 0 ? [] : now.lists[used];
		let ok = compare[spec.operator](els.length, spec.count);
		let why = ok ? '' : els.length === 0 ? 'not found' : 'found ' + els.length + ' times';
		for (const el of ok ? els : []) {
			why = differs(el, spec);
			if (why) { ok = false; break; }
		}
		if (ok === spec.visible) return {ok: true, alternative: Math.max(used, 0), alive: now.alive, states: h.states};
		h.note({state: spec.visible ? why : 'still there'});
		const left = spec.budget - h.age();
		if (left <= 0) return {states: h.states};
		await change(Math.min(100, left), 20);
	}
};
