// What every part of the engine stands on. The files of this folder are joined
// in one function and run in our isolated world of a document: the page can
// neither see nor change them. They keep nothing but the element found last.

const up = (n) => n.parentElement ?? (n.getRootNode() instanceof ShadowRoot ? n.getRootNode().host : null);
const flatUp = (n) => n.assignedSlot ?? up(n);
const flatKids = (el) => {
	if (el instanceof HTMLSlotElement) {
		const assigned = el.assignedNodes();
		if (assigned.length) return assigned;
	}
	return [...(el.shadowRoot ?? el).childNodes];
};
// every yields the elements below root, also in open shadow roots.
const every = function* (root) {
	if (root.shadowRoot) yield* every(root.shadowRoot);
	const walk = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT);
	for (let n = walk.nextNode(); n; n = walk.nextNode()) {
		yield n;
		if (n.shadowRoot) yield* every(n.shadowRoot);
	}
};
const norm = (s) => s.replace(/[\u200b\u00ad]/g, '').replace(/\s+/g, ' ').trim();
const clip = (s, n) => s.length > n ? s.slice(0, n) + '…' : s;

// What is looked up again and again while one look lasts.
let memo = {};
const fresh = () => { memo = {text: new Map(), name: new Map(), hidden: new Map(), style: new Map()}; };
const remember = (kind, key, make) => {
	const map = memo[kind];
	if (!map.has(key)) map.set(key, make());
	return map.get(key);
};
const styleOf = (el) => remember('style', el, () => getComputedStyle(el));

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
// frame waits for the next animation frame, or a while where there are none.
const frame = () => new Promise((done) => {
	const timer = setTimeout(done, 150);
	requestAnimationFrame(() => { clearTimeout(timer); done(); });
});
// change waits at most ms, and ends earlier, not before floor, when the
// document changes: nothing has to be asked again as long as nothing moves.
const change = (ms, floor) => new Promise((done) => {
	const began = performance.now();
	let timer = 0, woken = false;
	const events = ['transitionend', 'animationend', 'load', 'scroll', 'resize', 'input', 'change'];
	const end = () => {
		clearTimeout(timer);
		seen.disconnect();
		for (const e of events) window.removeEventListener(e, wake, true);
		done();
	};
	const wake = () => {
		if (woken) return;
		woken = true;
		const rest = floor - (performance.now() - began);
		clearTimeout(timer);
		timer = setTimeout(end, Math.max(0, Math.min(rest, ms)));
	};
	const seen = new MutationObserver(wake);
	seen.observe(document, {childList: true, subtree: true, attributes: true, characterData: true});
	for (const e of events) window.addEventListener(e, wake, {capture: true, passive: true});
	timer = setTimeout(end, ms);
});
// back is how long to wait before the next look, by how many there were.
const back = (turn) => [0, 20, 50, 100, 100][turn] ?? 500;

const describe = (el) => {
	let s = '<' + el.nodeName.toLowerCase();
	if (el.id) s += ' id=' + JSON.stringify(el.id.slice(0, 60));
	const c = el.getAttribute?.('class');
	if (c) s += ' class=' + JSON.stringify(c.trim().slice(0, 80));
	return s + '>';
};
// candidate is how one of several matches is told to people.
const candidate = (el) => {
	const name = roleOf(el) ? clip(nameOf(el), 40) : '';
	return describe(el) + (name ? ' “' + name + '”' : '');
};

// history keeps what was missing when.
const history = () => {
	const begin = performance.now(), states = [];
	return {
		states,
		age: () => performance.now() - begin,
		note: (r) => {
			if (states.at(-1)?.state !== r.state && states.length < 60) states.push({at: performance.now() - begin, state: r.state, covered: !!r.covered});
		},
	};
};
