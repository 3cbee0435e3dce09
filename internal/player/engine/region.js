// Regions that a picture is compared without.

// regions are the boxes, in the viewport, of all that the alternatives find.
const regions = (spec, ...given) => {
	fresh();
	const found = new Set(), invalid = [];
	for (const alt of spec.alternatives) {
		try { for (const el of matches(alt, given)) found.add(el); } catch (e) { invalid.push(String(e.message)); }
	}
	const boxes = [];
	for (const el of found) {
		const r = el.getBoundingClientRect();
		const inView = r.width > 0 && r.height > 0 && r.bottom > 0 && r.right > 0 && r.top < innerHeight && r.left < innerWidth;
		if (inView && boxes.length < spec.count) boxes.push([r.x, r.y, r.width, r.height]);
		else if (inView) { invalid.push('more regions than can be ignored'); break; }
	}
	return {boxes, invalid};
};
