package player

// The functions below run in our isolated world of the page, where the page can
// neither see nor change them. They are sent whole with every call; the engine
// that finds and judges elements is not: see engine.go.

// scrollScript scrolls the window.
const scrollScript = `function (x, y) {
	window.scroll({left: x, top: y, behavior: 'instant'});
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
