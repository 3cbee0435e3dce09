package browser

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"testing"
)

func imageOf(t *testing.T, b []byte) string {
	t.Helper()
	img, format, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s %d×%d", format, img.Bounds().Dx(), img.Bounds().Dy())
}
