package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// printResult writes a result to standard output.
func printResult(env Env, data []byte) error {
	if _, err := env.Stdout.Write(data); err != nil {
		return refused(fmt.Errorf("standard output: %w", err))
	}
	return nil
}

// file is an output file and what shall stand in it.
type file struct {
	path string
	data []byte
}

// writeFiles replaces or creates files, each whole or not at all: everything is
// written beside its place first, and put there by renaming only when all of it
// is on disk.
//
// A file that exists keeps its permissions and, where we may, its owner. A
// symbolic link stays one: what it points to is replaced. What is no regular
// file (/dev/stdout, a pipe) can't be replaced and is written to.
func writeFiles(files ...file) (err error) {
	var staged []stage
	defer func() {
		for _, s := range staged {
			if s.temp != "" {
				os.Remove(s.temp) // renamed away where all went well
			}
		}
	}()
	for _, f := range files {
		s, err := prepare(f)
		if err != nil {
			return refused(named(f.path, err))
		}
		staged = append(staged, s)
	}
	for i := range staged {
		if err := staged[i].commit(); err != nil {
			return refused(named(files[i].path, err))
		}
	}
	return nil
}

// named says what is wrong with the file that the user named, and not with the
// one beside it that only we know of.
func named(path string, err error) error {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		err = p.Err
	case errors.As(err, &l):
		err = l.Err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// stage is a file that is ready to be put in its place.
type stage struct {
	file
	temp string // "": write to path itself
}

func prepare(f file) (stage, error) {
	info, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(f.path); err == nil {
			return stage{}, errors.New("is a symbolic link to nothing")
		}
		temp, err := writeTemp(f.path, f.data, nil)
		return stage{f, temp}, err
	case err != nil:
		return stage{}, err
	case info.IsDir():
		return stage{}, errors.New("is a directory")
	case !info.Mode().IsRegular() || openAlready(f.path):
		return stage{file: f}, nil
	}
	path, err := filepath.EvalSymlinks(f.path)
	if err != nil {
		return stage{}, err
	}
	temp, err := writeTemp(path, f.data, info)
	return stage{file{path, f.data}, temp}, err
}

// openAlready: the path is a name for an open file of ours, which somebody else
// goes on writing to; it must not be replaced under their hands.
func openAlready(path string) bool {
	path = filepath.Clean(path)
	return path == "/dev/stdout" || path == "/dev/stderr" || strings.HasPrefix(path, "/dev/fd/") || strings.HasPrefix(path, "/proc/")
}

// writeTemp writes the data to a new file in the directory of path. Old is what
// it shall replace, or nil.
func writeTemp(path string, data []byte, old fs.FileInfo) (name string, err error) {
	dir := filepath.Dir(path)
	var f *os.File
	for {
		name = filepath.Join(dir, ".loward-"+strconv.FormatUint(rand.Uint64(), 36))
		// 0666 leaves it to the umask, as for any file a tool creates.
		f, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			os.Remove(name)
		}
	}()
	if old != nil {
		keepOwner(f, old)
		err = f.Chmod(old.Mode().Perm())
	}
	if err == nil {
		_, err = f.Write(data)
	}
	if err == nil {
		err = f.Sync() // a crash after the rename must not leave an empty file
	}
	return name, errors.Join(err, f.Close())
}

func (s *stage) commit() error {
	if s.temp == "" {
		f, err := os.OpenFile(s.path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		_, err = f.Write(s.data)
		return errors.Join(err, f.Close())
	}
	if err := os.Rename(s.temp, s.path); err != nil {
		return err
	}
	s.temp = ""
	return nil
}
