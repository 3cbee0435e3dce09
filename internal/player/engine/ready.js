// Whether an element is ready to be acted upon, and where to point.

const inside = (hit, target) => {
	for (let n = hit; n; n = up(n)) if (n === target) return true;
	for (let n = hit; n; n = flatUp(n)) if (n === target) return true;
	return false;
};
const control = (el) => el.closest('label')?.control ?? el;
const field = (el) => el instanceof HTMLLabelElement ? el.control ?? el : el;

// boxes are the rectangles that an element is seen as. One without a size of its
// own is seen by what it holds, unless that is cut off.
const boxes = (el, depth = 0) => {
	const own = [...el.getClientRects()].filter((r) => r.width > 0 && r.height > 0);
	if (own.length || depth > 8) return own;
	const style = getComputedStyle(el);
	const through = style.display === 'contents' || style.display !== 'none' && style.overflowX === 'visible' && style.overflowY === 'visible';
	if (!through || el.ownerSVGElement || depth === 0 && el.nodeName === 'DETAILS') return [];
	const out = [];
	for (const c of flatKids(el).slice(0, 50)) {
		if (c.nodeType === Node.ELEMENT_NODE) {
			if (!hides(c)) out.push(...boxes(c, depth + 1));
		} else if (c.nodeType === Node.TEXT_NODE && c.nodeValue.trim() && getComputedStyle(el).visibility === 'visible') {
			const range = document.createRange();
			range.selectNodeContents(c);
			out.push(...[...range.getClientRects()].filter((r) => r.width > 0 && r.height > 0));
		}
	}
	return out;
};
// hides reports whether the style keeps an element from being seen.
const hides = (el) => {
	if (getComputedStyle(el).display === 'contents') {
		const above = flatUp(el);
		return !!above && hides(above);
	}
	return !el.checkVisibility({visibilityProperty: true});
};
const invisible = (el) => {
	if (boxes(el).length === 0) {
		if (el instanceof HTMLOptionElement) return 'an option of a closed list (set the list itself)';
		return 'has no size';
	}
	return hides(el) ? 'hidden' : '';
};

const disabled = (el) => disabledState(control(el));
const textTypes = ['text', 'url', 'tel', 'search', 'password', 'number', 'email'];
const setTypes = ['color', 'date', 'time', 'datetime-local', 'month', 'range', 'week'];
const kind = (el) => {
	if (el instanceof HTMLSelectElement) return 'select';
	if (el instanceof HTMLTextAreaElement || el.isContentEditable) return 'text';
	if (!(el instanceof HTMLInputElement)) return 'none';
	if (textTypes.includes(el.type)) return 'text';
	return ['file', 'button', 'submit', 'reset', 'image', 'hidden'].includes(el.type) ? 'none' : 'value';
};
const readonly = (el) => {
	if ((el instanceof HTMLInputElement || el instanceof HTMLTextAreaElement) && el.readOnly) return true;
	return el.getAttribute('aria-readonly') === 'true';
};

const same = (a, b) => a.left === b.left && a.top === b.top && a.width === b.width && a.height === b.height;
// stable compares two frames. An animation that is about to begin moves nothing
// yet, but it will; nor does one whose clock stands still, for want of frames.
const stable = async (el) => {
	await frame();
	const a = el.getBoundingClientRect(), began = document.timeline.currentTime;
	await frame();
	if (document.timeline.currentTime === began) await frame();
	if (!same(a, el.getBoundingClientRect())) return false;
	const still = document.timeline.currentTime === began;
	return !document.getAnimations().some((m) => m.playState === 'running' && (m.pending || still) && m.effect?.target && inside(el, m.effect.target));
};

// at is what a pointer hits at x, y: through open shadow roots, and through the
// closed ones that el itself is in.
const at = (x, y, el) => {
	const closed = [];
	for (let r = el?.getRootNode(); r instanceof ShadowRoot; r = r.host.getRootNode()) closed.push(r);
	const deeper = (n) => n && (n.shadowRoot ?? closed.find((r) => r.host === n));
	let hit = document.elementFromPoint(x, y);
	for (let root = deeper(hit); root; root = deeper(hit)) {
		const inner = root.elementFromPoint(x, y);
		if (!inner || inner === hit) break;
		hit = inner;
	}
	return hit;
};
// receives reports whether a hit reaches the element; a control is reached by
// its label, what is inside a button by the button.
const receives = (hit, el) => {
	const label = el.closest('label');
	for (const a of [el, el.closest('button,[role=button],a,[role=link]'), label?.control, ...(el.labels ?? [])]) {
		if (a && inside(hit, a)) {
			const link = a instanceof HTMLLabelElement && hit.closest('a[href],button,[role=button],[role=link],input,select,textarea');
			return !link || !a.contains(link) || link === el || link === label?.control;
		}
	}
	return false;
};
const overlay = (hit, el) => {
	let top = hit;
	for (let n = up(hit); n && n !== document.body && n !== document.documentElement && !inside(el, n); n = up(n)) top = n;
	return describe(hit) + (top !== hit ? ' of ' + describe(top) : '');
};
const onScreen = (p) => p.x >= 0 && p.y >= 0 && p.x < innerWidth && p.y < innerHeight;
const clipped = (r) => {
	const left = Math.max(r.left, 0), top = Math.max(r.top, 0), right = Math.min(r.right, innerWidth), bottom = Math.min(r.bottom, innerHeight);
	return right - left > 0 && bottom - top > 0 && (right - left) * (bottom - top) > 0.99 ? {left, top, right, bottom} : null;
};
// points are the places to point at, best first: the recorded offset if it is
// on the element, the middle of the first rectangle, then others, for shapes
// with a hole in the middle.
const points = function* (el, offset, list) {
	if (offset) {
		const r = list[0];
		const p = {x: r.left + offset.x, y: r.top + offset.y};
		if (offset.x >= 0 && offset.y >= 0 && offset.x <= r.width && offset.y <= r.height) {
			yield {x: Math.min(p.x, r.right - 0.5), y: Math.min(p.y, r.bottom - 0.5), first: true};
		} else if (onScreen(p)) {
			const hit = at(p.x, p.y, el);
			if (hit && inside(hit, el)) yield p; // what hangs out of its box
		}
	}
	let first = !offset;
	for (const r of list) {
		const c = clipped(r);
		if (c) yield {x: (c.left + c.right) / 2, y: (c.top + c.bottom) / 2, first};
		first = false;
	}
	const c = clipped(list[0]);
	for (const [fx, fy] of c ? [[0.5, 0.02], [0.5, 0.98], [0.02, 0.5], [0.98, 0.5], [0.25, 0.25], [0.75, 0.75], [0.25, 0.75], [0.75, 0.25], [0.1, 0.1], [0.9, 0.9]] : []) {
		yield {x: c.left + (c.right - c.left) * fx, y: c.top + (c.bottom - c.top) * fy};
	}
};
// aim chooses a point that the element receives events at. Another than the
// first is tried only where the pointer falls through the element to what is
// behind it, or to a link in its label; what lies over it stays in the way.
const aim = (el, spec) => {
	const list = boxes(el);
	if (!list.length) return {rank: 6, state: 'has no size'};
	let refused = null;
	for (const p of points(el, spec.offset, list)) {
		if (!onScreen(p)) {
			if (p.first) return {rank: 6, state: 'outside the viewport', wanted: p};
			continue;
		}
		if (!spec.needs.events) return {x: p.x, y: p.y};
		const hit = at(p.x, p.y, el);
		if (hit && receives(hit, el)) return {x: p.x, y: p.y};
		refused ??= {hit, p};
		const hole = hit && (inside(el, hit) || el.labels && [...el.labels].some((l) => l.contains(hit)) || el.contains(hit));
		if (!hole) break;
	}
	if (!refused) return {rank: 6, state: 'outside the viewport'};
	if (getComputedStyle(el).pointerEvents === 'none') return {rank: 7, state: 'deaf to the pointer (pointer-events: none)', covered: false};
	return {rank: 7, state: refused.hit ? 'covered by ' + overlay(refused.hit, el) : 'not hit by a pointer', covered: !!refused.hit};
};

const ways = [null, {block: 'end', inline: 'end'}, {block: 'center', inline: 'center'}, {block: 'start', inline: 'start'}];
const seenWhole = (el) => {
	const list = boxes(el);
	return list.length > 0 && list[0].top >= 0 && list[0].left >= 0 && list[0].bottom <= innerHeight && list[0].right <= innerWidth;
};
const where = (el) => { const r = el.getBoundingClientRect(); return r.left + ':' + r.top; };
// reach scrolls until the element can be hit; each turn in another way, so that
// it comes out from under headers that stick to the edges.
const reach = async (el, spec, turn) => {
	const before = where(el);
	const way = ways[turn % ways.length];
	const box = boxes(el)[0] ? el : [...every(el)].find((c) => boxes(c).length) ?? el;
	if (way) box.scrollIntoView({behavior: 'instant', ...way});
	else if (window !== window.top || !seenWhole(el) || aim(el, spec).state) box.scrollIntoView({behavior: 'instant', block: 'nearest', inline: 'nearest'});
	let got = aim(el, spec);
	if (got.wanted) { // a place on something larger than the window
		box.scrollIntoView({behavior: 'instant', block: 'start', inline: 'nearest'});
		const p = aim(el, spec).wanted;
		if (p) scrollBy({left: p.x < 0 || p.x >= innerWidth ? p.x - innerWidth / 2 : 0, top: p.y < 0 || p.y >= innerHeight ? p.y - innerHeight / 2 : 0, behavior: 'instant'});
		got = aim(el, spec);
	}
	if (!got.state && where(el) !== before) { // what scrolling set off may move it again
		await frame();
		got = aim(el, spec);
	}
	return got;
};
