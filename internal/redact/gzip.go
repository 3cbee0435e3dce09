package redact

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
)

// maxUnpacked bounds what is unpacked, in bytes.
const maxUnpacked = 200 << 20

// Gzipped redacts a gzipped text of lines, such as a trace.
func (r *Redactor) Gzipped(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	in := bufio.NewReaderSize(io.LimitReader(z, maxUnpacked), 1<<16)
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	for {
		line, err := in.ReadString('\n')
		if _, werr := io.WriteString(w, r.Text(line)); werr != nil {
			return nil, werr
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
