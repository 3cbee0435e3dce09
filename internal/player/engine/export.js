// What Go calls.

// over tells what lies over a frame's element at a point of the document around it.
const over = (x, y, el) => {
	fresh();
	const hit = at(x, y, el);
	if (!hit) return {state: 'outside the viewport', covered: false};
	return inside(hit, el) ? {state: '', covered: false} : {state: 'covered by ' + overlay(hit, el), covered: true};
};
// names are the roles and accessible names of elements, to be compared with Chromium's.
const names = (selector) => {
	fresh();
	return [...document.querySelectorAll(selector)].map((el) => ({id: el.id, role: roleOf(el), name: treeName(el), hidden: hiddenOf(el)}));
};
return {poll, count, see, outcome, verify, scrollTarget, chooseTarget, prepareTarget, holds, below, current, over, names, regions};
