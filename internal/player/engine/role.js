// Roles by WAI-ARIA 1.2 and HTML-AAM, and what the accessibility tree leaves out.

const knownRoles = new Set(('alert alertdialog application article banner blockquote button caption cell checkbox code columnheader ' +
	'combobox complementary contentinfo definition deletion dialog directory document emphasis feed figure form generic grid gridcell ' +
	'group heading img image insertion link list listbox listitem log main mark marquee math menu menubar menuitem menuitemcheckbox ' +
	'menuitemradio meter navigation none note option paragraph presentation progressbar radio radiogroup region row rowgroup rowheader ' +
	'scrollbar search searchbox separator slider spinbutton status strong subscript superscript switch tab table tablist tabpanel term ' +
	'textbox time timer toolbar tooltip tree treegrid treeitem').split(' '));
const globalAria = ['aria-atomic', 'aria-busy', 'aria-controls', 'aria-current', 'aria-describedby', 'aria-details', 'aria-dropeffect',
	'aria-flowto', 'aria-grabbed', 'aria-keyshortcuts', 'aria-live', 'aria-owns', 'aria-relevant', 'aria-roledescription', 'aria-label',
	'aria-labelledby', 'aria-description'];
const plainTags = {
	ARTICLE: 'article', BLOCKQUOTE: 'blockquote', BUTTON: 'button', CAPTION: 'caption', CODE: 'code', DATALIST: 'listbox',
	DD: 'definition', DEL: 'deletion', S: 'deletion', DETAILS: 'group', DFN: 'term', DIALOG: 'dialog', DT: 'term', EM: 'emphasis', FIELDSET: 'group',
	FIGURE: 'figure', H1: 'heading', H2: 'heading', H3: 'heading', H4: 'heading', H5: 'heading', H6: 'heading', HR: 'separator',
	HTML: 'document', INS: 'insertion', MAIN: 'main', MARK: 'mark', MATH: 'math', MENU: 'list', METER: 'meter', NAV: 'navigation',
	OL: 'list', UL: 'list', OPTGROUP: 'group', OPTION: 'option', OUTPUT: 'status', P: 'paragraph', PROGRESS: 'progressbar',
	SEARCH: 'search', STRONG: 'strong', SUB: 'subscript', SUP: 'superscript', TABLE: 'table', TBODY: 'rowgroup', TFOOT: 'rowgroup',
	THEAD: 'rowgroup', TEXTAREA: 'textbox', TIME: 'time', TR: 'row', ADDRESS: 'group', HGROUP: 'group',
};
const inputRoles = {
	button: 'button', image: 'button', reset: 'button', submit: 'button', checkbox: 'checkbox', radio: 'radio', range: 'slider',
	number: 'spinbutton', hidden: '', color: '', file: 'button',
};
const sectioning = 'article,aside,main,nav,section,[role=article],[role=complementary],[role=main],[role=navigation],[role=region]';
const named = (el) => !!(el.getAttribute('aria-label')?.trim() || el.getAttribute('aria-labelledby')?.trim() || el.getAttribute('title')?.trim());

const implicitRole = (el) => {
	const tag = el.nodeName.toUpperCase();
	if (plainTags[tag] && el.namespaceURI === 'http://www.w3.org/1999/xhtml') return plainTags[tag];
	switch (tag) {
	case 'A': case 'AREA': return el.hasAttribute('href') || el.hasAttribute('xlink:href') ? 'link' : 'generic';
	case 'ASIDE': return el.parentElement?.closest(sectioning) && !named(el) ? 'generic' : 'complementary';
	case 'FOOTER': return el.parentElement?.closest(sectioning) ? 'generic' : 'contentinfo';
	case 'HEADER': return el.parentElement?.closest(sectioning) ? 'generic' : 'banner';
	case 'FORM': return 'form';
	case 'SECTION': return named(el) ? 'region' : 'generic';
	case 'IMG': {
		const silent = el.getAttribute('alt') === '' && !named(el) && !focusable(el);
		return silent ? 'none' : 'img';
	}
	case 'INPUT': {
		if (['text', 'email', 'tel', 'url', 'search'].includes(el.type) && el.list) return 'combobox';
		if (el.type === 'search') return 'searchbox';
		return inputRoles[el.type] ?? 'textbox';
	}
	case 'LI': return el.parentElement?.closest('ul,ol,menu,[role=list]') ? 'listitem' : 'generic';
	case 'SELECT': return el.multiple || el.size > 1 ? 'listbox' : 'combobox';
	case 'SVG': return 'img';
	case 'TD': {
		const grid = el.closest('table');
		return grid && ['grid', 'treegrid'].includes(explicitRole(grid)) ? 'gridcell' : 'cell';
	}
	case 'TH': {
		if (el.scope === 'row' || el.scope === 'rowgroup') return 'rowheader';
		if (el.scope === 'col' || el.scope === 'colgroup') return 'columnheader';
		const row = el.parentElement;
		return row && [...row.children].some((c) => c.nodeName === 'TD') ? 'rowheader' : 'columnheader';
	}
	}
	return 'generic';
};
const focusable = (el) => el.matches('button,select,textarea,input,iframe,summary,a[href],area[href]') && !el.matches(':disabled')
	|| el.hasAttribute('tabindex') || el.isContentEditable && up(el)?.isContentEditable === false;
const explicitRole = (el) => {
	for (const r of (el.getAttribute('role') ?? '').toLowerCase().split(/\s+/)) {
		if (r === 'image') return 'img';
		if (r === 'presentation') return 'none';
		if (knownRoles.has(r)) return r;
	}
	return '';
};
// roleOf is the element's role; "" for what has none, "none" for the presentational.
const roleOf = (el) => {
	const said = explicitRole(el);
	if (said && said !== 'none') return said;
	if (said === 'none') {
		const kept = focusable(el) || globalAria.some((a) => el.hasAttribute(a) && (a === 'aria-label' || a === 'aria-labelledby' ? el.getAttribute(a).trim() : true));
		return kept ? implicitRole(el) : 'none';
	}
	return inheritsNone(el) ? 'none' : implicitRole(el);
};
// Parts of a table or list that is presentational are so too.
const parts = {LI: 'UL,OL,MENU', DD: 'DL', DT: 'DL', TBODY: 'TABLE', THEAD: 'TABLE', TFOOT: 'TABLE', TR: 'TABLE', TD: 'TABLE', TH: 'TABLE'};
const inheritsNone = (el) => {
	const whole = parts[el.nodeName];
	if (!whole) return false;
	const owner = el.parentElement?.closest(whole);
	return !!owner && explicitRole(owner) === 'none' && roleOf(owner) === 'none';
};

// unrendered reports what has no part in the picture at all.
const unrendered = (el) => {
	if (el.nodeName === 'OPTION' || el.nodeName === 'OPTGROUP') {
		const list = el.closest('select,datalist');
		return list ? unrendered(list) : false;
	}
	if (styleOf(el).display === 'contents') {
		const above = flatUp(el);
		return above ? unrendered(above) : false;
	}
	return !el.checkVisibility({visibilityProperty: true});
};
const modals = () => remember('hidden', document, () => [...document.querySelectorAll('dialog:modal')]);
// hiddenOf reports what the accessibility tree leaves out.
const hiddenOf = (el) => remember('hidden', el, () => {
	if (['SCRIPT', 'STYLE', 'NOSCRIPT', 'TEMPLATE'].includes(el.nodeName)) return true;
	if (el.getAttribute('aria-hidden') === 'true' && el !== document.body && el !== document.documentElement) return true;
	if (el.hasAttribute('inert')) return true;
	const open = modals();
	if (open.length && el !== document.documentElement && el !== document.body && !open.some((m) => m === el || m.contains(el) || el.contains(m) || m.contains(el.getRootNode().host ?? null))) return true;
	if (unrendered(el)) return true;
	const above = flatUp(el);
	// What is not visible can hold what is: only the other ways to hide go down.
	return !!above && hiddenAbove(above);
});
const hiddenAbove = (el) => {
	for (let n = el; n; n = flatUp(n)) {
		if (n.hasAttribute('inert') || n.getAttribute('aria-hidden') === 'true' && n !== document.body && n !== document.documentElement) return true;
	}
	return false;
};

// States that locators filter by, as "true", "false", "mixed" or "" (has none).
const ariaState = (el, attribute) => {
	const v = el.getAttribute(attribute);
	return v === 'true' || v === 'false' || v === 'mixed' ? v : '';
};
const checkedState = (el) => {
	if (el instanceof HTMLInputElement && ['checkbox', 'radio'].includes(el.type)) return el.indeterminate && el.type === 'checkbox' ? 'mixed' : String(el.checked);
	const able = ['checkbox', 'menuitemcheckbox', 'menuitemradio', 'option', 'radio', 'switch', 'treeitem'];
	return able.includes(roleOf(el)) ? ariaState(el, 'aria-checked') || 'false' : '';
};
const selectedState = (el) => {
	if (el instanceof HTMLOptionElement) return String(el.selected);
	return ['gridcell', 'option', 'row', 'tab', 'rowheader', 'columnheader', 'treeitem'].includes(roleOf(el)) ? ariaState(el, 'aria-selected') || 'false' : '';
};
const pressedState = (el) => roleOf(el) === 'button' ? ariaState(el, 'aria-pressed') || 'false' : '';
const expandedState = (el) => {
	if (el instanceof HTMLDetailsElement) return String(el.open);
	if (el.nodeName === 'SUMMARY' && el.parentElement instanceof HTMLDetailsElement) return String(el.parentElement.open);
	return ariaState(el, 'aria-expanded') || 'false';
};
const levelOf = (el) => {
	const said = Number(el.getAttribute('aria-level'));
	if (said > 0) return said;
	const m = /^H([1-6])$/.exec(el.nodeName);
	return m ? Number(m[1]) : roleOf(el) === 'heading' ? 2 : 0;
};
// The roles that aria-disabled means something for.
const disableable = new Set(('application button composite gridcell group input link menuitem scrollbar separator tab checkbox columnheader ' +
	'combobox grid listbox menu menubar menuitemcheckbox menuitemradio option radio radiogroup row rowheader searchbox select slider ' +
	'spinbutton switch tablist textbox toolbar tree treegrid treeitem').split(' '));
const nativelyDisabled = (el) => {
	if (el.matches('button,input,select,textarea,option,optgroup') && el.matches(':disabled')) return true;
	return el.nodeName === 'OPTION' && !!el.closest('optgroup:disabled,select:disabled');
};
const disabledState = (el) => {
	if (nativelyDisabled(el)) return true;
	if (disableable.has(roleOf(el)) && el.getAttribute('aria-disabled') === 'true') return true;
	for (let n = flatUp(el); n; n = flatUp(n)) {
		if (n.getAttribute('aria-disabled') === 'true') return true;
	}
	return false;
};
