package picture

import (
	"bytes"
	"image"
	"slices"
)

// MaxRegions bounds the boxes of a result.
const MaxRegions = 20

// tile is the side of the squares by which pixels are gathered into regions:
// letters of one word belong together, two columns of a page do not.
const tile = 16

// regions gathers the differing pixels into boxes: squares that touch, also by
// a corner, are one region, and its box is tight around its pixels.
func regions(r *Result) (boxes []image.Rectangle, more int) {
	if r.Different == 0 {
		return nil, 0
	}
	cols, rows := (r.w+tile-1)/tile, (r.h+tile-1)/tile
	tight := make([]image.Rectangle, cols*rows)
	for y := range r.h {
		line := r.mask[y*r.w : (y+1)*r.w]
		x := bytes.IndexByte(line, different)
		if x < 0 {
			continue
		}
		for ; x < r.w; x++ {
			if line[x] == different {
				at := y/tile*cols + x/tile
				tight[at] = tight[at].Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	done := make([]bool, len(tight))
	for i := range tight {
		if !done[i] && !tight[i].Empty() {
			boxes = append(boxes, gather(tight, done, i, cols))
		}
	}
	slices.SortStableFunc(boxes, func(a, b image.Rectangle) int { return b.Dx()*b.Dy() - a.Dx()*a.Dy() })
	if len(boxes) > MaxRegions {
		boxes, more = boxes[:MaxRegions], len(boxes)-MaxRegions
	}
	return boxes, more
}

// gather unites the squares that touch the one at start.
func gather(tight []image.Rectangle, done []bool, start, cols int) image.Rectangle {
	var box image.Rectangle
	todo := []int{start}
	done[start] = true
	rows := len(tight) / cols
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		box = box.Union(tight[at])
		for y := max(at/cols-1, 0); y <= min(at/cols+1, rows-1); y++ {
			for x := max(at%cols-1, 0); x <= min(at%cols+1, cols-1); x++ {
				if n := y*cols + x; !done[n] && !tight[n].Empty() {
					done[n] = true
					todo = append(todo, n)
				}
			}
		}
	}
	return box
}
