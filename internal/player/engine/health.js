// The health of a step's alternatives, and a sturdier selector for its element.

const testAttributes = ['data-testid', 'data-test-id', 'data-test', 'data-qa', 'data-cy'];
const madeUp = (id) => /\d{3,}|[0-9a-f]{8}|^:|:$|^(radix|ember|headlessui|react-|mui-|ext-gen|yui_|__)/i.test(id) || id.length > 50;
// rank is how likely a selector is to outlive a release: 1 is best.
const rank = (list) => {
	if (!list?.length) return 9;
	const p = list[list.length - 1];
	if (p.language === 'testid') return 1;
	if (p.language === 'css') {
		if (/^\[data-(test|qa|cy)[\w-]*=("[^"]*"|'[^']*')\]$/.test(p.value)) return 1;
		if (/^#[\w-]+$/.test(p.value)) return madeUp(p.value.slice(1)) ? 7 : 3;
		return 6;
	}
	return {role: 2, label: 2, aria: p.role || p.name ? 2 : 6, placeholder: 3, text: 4, visible: 4, pierce: 6, xpath: 8}[p.language] ?? 6;
};
const only = (list, el) => {
	try {
		const got = chain(document, list);
		return got.length === 1 && got[0] === el;
	} catch { return false; }
};
const quoted = (s) => '"' + s.replace(/["\\]/g, '\\$&') + '"';
const short = (el) => {
	const tag = el.nodeName.toLowerCase();
	const classes = [...el.classList].filter((c) => !madeUp(c) && !/^(is|has|js)-|active|hover|focus|open|[[\]:/]/.test(c)).slice(0, 3);
	const own = [tag, ...classes.map((c) => tag + '.' + CSS.escape(c))];
	if (el.getAttribute('name')) own.unshift(tag + '[name=' + quoted(el.getAttribute('name')) + ']');
	const above = el.parentElement?.closest('[id]');
	if (above && !madeUp(above.id)) own.push(...own.map((c) => '#' + CSS.escape(above.id) + ' ' + c));
	return own.find((c) => c.length < 80 && only([{language: 'css', value: c}], el));
};
// better is a selector of a better rank than the one that was used; "" for none.
const better = (el, used, attribute) => {
	const at = rank(used);
	if (el.getRootNode() !== document) return '';
	if (at > 1) {
		for (const a of new Set([attribute, ...testAttributes].filter(Boolean))) {
			const v = el.getAttribute(a);
			const css = v && '[' + a + '=' + quoted(v) + ']';
			if (css && only([{language: 'css', value: css}], el)) return css;
		}
	}
	if (at > 2) {
		const role = roleOf(el), name = treeName(el);
		if (role && name && name.length <= 60 && !unnamed.has(role) && !/[[\]]|\d{3,}/.test(name) && only([{language: 'aria', role, name, hasName: true}], el)) {
			return 'aria/' + name + '[role=' + quoted(role) + ']';
		}
	}
	if (at > 3 && el.id && !madeUp(el.id)) {
		const css = '#' + CSS.escape(el.id);
		if (only([{language: 'css', value: css}], el)) return css;
	}
	if (at > 4) {
		const text = norm(recordedText(el));
		if (text && text.length <= 40 && !/\d{3,}/.test(text) && only([{language: 'text', value: text}], el)) return 'text/' + text;
	}
	return at > 6 ? short(el) ?? '' : '';
};
