package player

// freezeScript holds a page still for a picture, and measures what has to be
// known about it. It runs in our isolated world; thawScript undoes it.
const freezeScript = `async () => {
	const roots = [];
	const walk = (root) => {
		roots.push(root);
		if (roots.length > 500) return;
		const it = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT);
		for (let n = it.nextNode(); n; n = it.nextNode()) if (n.shadowRoot) walk(n.shadowRoot);
	};
	walk(document);
	const soon = (p, ms) => Promise.race([p, new Promise((done) => setTimeout(done, ms))]);
	await soon(document.fonts.ready, 2000);
	const inView = (r) => r.width > 0 && r.height > 0 && r.bottom > 0 && r.right > 0 && r.top < innerHeight && r.left < innerWidth;
	const waiting = [...document.images].slice(0, 500).filter((i) => !i.complete && inView(i.getBoundingClientRect()));
	await soon(Promise.allSettled(waiting.map((i) => i.decode())), 1500);
	const kept = { moved: [], sheet: null };
	globalThis.__postflightStill = kept;
	for (const root of roots) for (const a of root.getAnimations().slice(0, 500)) {
		const end = a.effect?.getComputedTiming().endTime;
		try {
			if (a.playState === 'finished' || a.playState === 'idle') continue;
			if (end === Infinity || a.playbackRate === 0) {
				kept.moved.push([a, a.currentTime, a.playState]);
				a.cancel();
			} else a.finish();
		} catch {}
	}
	try {
		kept.sheet = new CSSStyleSheet();
		kept.sheet.replaceSync('*,*::before,*::after{caret-color:transparent!important;transition:none!important;scroll-behavior:auto!important}');
		document.adoptedStyleSheets = [...document.adoptedStyleSheets, kept.sheet];
	} catch { kept.sheet = null; }
	const canvases = [];
	const deepest = (x, y) => {
		let e = document.elementFromPoint(x, y);
		while (e?.shadowRoot) { const in_ = e.shadowRoot.elementFromPoint(x, y); if (!in_ || in_ === e) break; e = in_; }
		return e;
	};
	for (const root of roots) for (const e of root.querySelectorAll('canvas,video')) {
		if (canvases.length >= 50) break;
		const r = e.getBoundingClientRect();
		const left = Math.max(r.left, 0), top = Math.max(r.top, 0), right = Math.min(r.right, innerWidth), bottom = Math.min(r.bottom, innerHeight);
		if (right - left < 48 || bottom - top < 48) continue;
		const points = [[.5, .5], [.1, .1], [.9, .1], [.1, .9], [.9, .9]];
		if (points.every(([u, v]) => deepest(left + u * (right - left), top + v * (bottom - top)) === e)) canvases.push([left, top, right - left, bottom - top]);
	}
	const text = (document.body?.innerText || '').replace(/\s+/g, '').length;
	await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
	return { width: innerWidth, height: innerHeight, scale: devicePixelRatio, text, canvases };
}`

// thawScript lets the page go on.
const thawScript = `() => {
	const kept = globalThis.__postflightStill;
	if (!kept) return;
	delete globalThis.__postflightStill;
	for (const [a, at, state] of kept.moved) {
		try {
			a.play();
			a.currentTime = at;
			if (state === 'paused') a.pause();
		} catch {}
	}
	if (kept.sheet) document.adoptedStyleSheets = document.adoptedStyleSheets.filter((s) => s !== kept.sheet);
}`
