// The watch over a pointer action: the first trusted event of it that arrives
// must reach the element that was aimed at. If it does not, because something
// moved in between, the whole press is swallowed, so that nothing else is
// clicked by mistake, and the action is done again. The watch ends with the
// answer to outcome, or by itself.

const pressing = ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click', 'auxclick', 'dblclick', 'contextmenu'];
const hovering = ['pointermove', 'mousemove'];
let watch = null;
const unwatch = () => {
	if (!watch) return;
	clearTimeout(watch.timer);
	for (const e of watch.events) window.removeEventListener(e, watch.on, true);
	watch = null;
};
const watchPointer = (el, hover, ms) => {
	unwatch();
	const w = {events: hover ? hovering : pressing, seen: false, missed: '', covered: false};
	w.on = (event) => {
		if (!event.isTrusted) return;
		if (!w.seen) {
			w.seen = true;
			let hit = event.composedPath()[0];
			if (hit instanceof Element && !hit.shadowRoot) hit = at(event.clientX, event.clientY, el) ?? hit;
			fresh();
			if (!(hit instanceof Element) || !el.isConnected || !receives(hit, el)) {
				w.missed = !el.isConnected ? 'detached' : hit instanceof Element ? 'covered by ' + overlay(hit, el) : 'not hit by a pointer';
				w.covered = el.isConnected && hit instanceof Element;
			}
		}
		if (!w.missed || hover) return;
		event.preventDefault();
		event.stopImmediatePropagation();
	};
	for (const e of w.events) window.addEventListener(e, w.on, {capture: true, passive: false});
	w.timer = setTimeout(() => { if (watch === w) unwatch(); }, ms);
	watch = w;
};
// outcome ends the watch and tells whether the action missed.
const outcome = () => {
	const w = watch;
	unwatch();
	return {state: w?.missed ?? '', covered: w?.covered ?? false};
};
