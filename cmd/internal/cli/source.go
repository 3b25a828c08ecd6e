package cli

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/loward/loward/dsl"
	"github.com/loward/loward/dsl/diag"
)

// codeUnreadable is the code of a file that can't be read, as in
// compiler/resolve.
const codeUnreadable = "LW010"

// readSource reads a file, or standard input for "-". What can't be read is a
// diagnostic in the list, and no file.
func readSource(env Env, path string) (*diag.File, *diag.List) {
	l := &diag.List{}
	var data []byte
	var err error
	if path == "-" {
		data, err = readAll(env.Stdin)
	} else {
		data, err = readFile(path)
	}
	if err != nil {
		unreadable(l, path, err)
		return nil, l
	}
	return diag.NewFile(path, data), l
}

// readAll reads one byte more than a policy may have, so that the parser sees
// that there is too much, and an endless file ends.
func readAll(r io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, dsl.MaxFileSize+1))
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, errors.New("is a directory")
	}
	if size := info.Size(); info.Mode().IsRegular() && 0 < size && size <= dsl.MaxFileSize {
		// Known size: no growing buffers for a large policy. (Files of /proc say 0.)
		data := make([]byte, size)
		n, err := io.ReadFull(f, data)
		if err == nil || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return data[:n], nil
		}
		return nil, err
	}
	return readAll(f)
}

func unreadable(l *diag.List, path string, err error) {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err // without the path, which the position names
	}
	l.Errorf(diag.NewFile(path, nil).Span(0, 0), "can't be read: %v", err).
		WithCode(codeUnreadable).
		Helpf("name a policy file, or - for standard input")
}
