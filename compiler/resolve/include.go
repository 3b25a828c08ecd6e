package resolve

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

// include follows one include statement. What the path names is decided by its
// text: `..` and absolute paths are allowed, but no symbolic link may lead out
// of the main file's directory, or, for a path that leaves it in plain sight,
// out of the directory that the path names.
func (ld *loader) include(s *ast.Include) {
	at := s.Path.Span
	text := s.Path.Text
	bad := func(code, format string, args ...any) *diag.Diagnostic {
		return ld.l.Errorf(at, format, args...).WithCode(code)
	}
	switch {
	case ld.noIncludes:
		bad(codeInclude, "includes are not followed here")
		return
	case text == "":
		bad(codeInclude, "the path is empty")
		return
	case strings.ContainsRune(text, 0):
		bad(codeInclude, "a path can't hold a NUL byte")
		return
	}
	from := ld.stack[len(ld.stack)-1]
	shown := filepath.Clean(text)
	if !filepath.IsAbs(shown) {
		shown = filepath.Join(from.dir, shown)
	}
	base := literalDir(shown)
	if !filepath.IsAbs(filepath.Clean(text)) {
		// What has wildcards is the text, not the directory that it is relative to.
		base = filepath.Join(from.dir, literalDir(filepath.Clean(text)))
	}
	files, m := expand(base, shown, hasMeta(text))
	if m != nil {
		bad(codeInclude, "%s", m.what).Help = m.help
		return
	}
	if len(files) == 0 {
		ld.l.Warnf(at, "no file matches %s", shown).WithCode(codeInclude).
			Helpf("nothing is included")
		return
	}
	for _, f := range files {
		if ld.full {
			return
		}
		ld.includeFile(at, f, base)
	}
}

// includeFile reads one file that an include names, unless it was read before.
func (ld *loader) includeFile(at diag.Span, name, base string) {
	bad := func(code, format string, args ...any) *diag.Diagnostic {
		return ld.l.Errorf(at, format, args...).WithCode(code)
	}
	real, err := realPath(name)
	if err != nil {
		bad(codeInclude, "%s can't be read: %s", name, reason(err))
		return
	}
	root, m := ld.tree(base, real)
	if m != nil {
		bad(codeIncludeLink, "%s leads to %s by a symbolic link: %s", name, real, m.what).Help = m.help
		return
	}
	for i, o := range ld.stack {
		if o.real != real {
			continue
		}
		ring := make([]string, 0, len(ld.stack)-i+1)
		for _, o := range ld.stack[i:] {
			ring = append(ring, o.name)
		}
		d := bad(codeIncludeRing, "this file includes itself: %s", strings.Join(append(ring, o.name), " → ")).
			Helpf("remove one of the includes")
		for _, o := range ld.stack[i+1:] {
			d.See(o.at, "%s is included here", o.name)
		}
		return
	}
	if ld.seen[real] {
		return
	}
	ld.seen[real] = true
	data, m := openWithin(root, real)
	if m != nil {
		bad(codeInclude, "%s: %s", name, m.what).Help = m.help
		return
	}
	if len(ld.trees) >= maxFiles || ld.total+len(data) > maxTotal {
		bad(codeTooMuch, "the files of this policy are more than %d, or more than %d MiB together", maxFiles, maxTotal>>20)
		ld.full = true
		return
	}
	ld.file(opened{name: name, real: real, dir: filepath.Dir(name), at: at}, data)
}

// tree is the directory, free of symbolic links, that the file must lie in.
func (ld *loader) tree(base, real string) (string, *mistake) {
	abs, err := filepath.Abs(base)
	if err != nil {
		return "", &mistake{what: err.Error()}
	}
	// The main directory itself may be reached by symbolic links.
	if mainDir, err := filepath.Abs(ld.stack[0].dir); err == nil {
		if rel, err := filepath.Rel(mainDir, abs); err == nil && filepath.IsLocal(rel) {
			if within(ld.root, real) {
				return ld.root, nil
			}
			return "", &mistake{"that is outside of the policy's directory", "include that path itself, if it is meant"}
		} else if err == nil && !filepath.IsAbs(base) {
			abs = filepath.Join(ld.root, rel)
		}
	}
	if within(abs, real) {
		return abs, nil
	}
	return "", &mistake{"that is outside of the directory that the include names", "include that path itself, if it is meant"}
}

func within(dir, file string) bool {
	rel, err := filepath.Rel(dir, file)
	return err == nil && filepath.IsLocal(rel)
}

// openWithin reads a regular file. It is opened below root, so that a link put
// there in between leads nowhere else.
func openWithin(root, real string) ([]byte, *mistake) {
	rel, err := filepath.Rel(root, real)
	if err != nil {
		return nil, &mistake{what: err.Error()}
	}
	dir, err := os.OpenRoot(root)
	if err != nil {
		return nil, &mistake{what: "can't be read: " + reason(err)}
	}
	defer dir.Close()
	st, err := dir.Stat(rel)
	switch {
	case err != nil:
		return nil, &mistake{what: "can't be read: " + reason(err)}
	case st.IsDir():
		return nil, &mistake{"this is a directory, not a policy file", "write " + filepath.Base(real) + "/*.low to include the files in it"}
	case !st.Mode().IsRegular():
		// A pipe would block, a device never end.
		return nil, &mistake{"this is not a regular file", ""}
	}
	in, err := dir.Open(rel)
	if err != nil {
		return nil, &mistake{what: "can't be read: " + reason(err)}
	}
	defer in.Close()
	return readAll(in)
}

// expand lists the files that a path below base names, sorted: with wildcards
// those that match, else itself. Hidden files are named only by patterns that
// begin with a dot, so that what editors leave behind is never part of a policy.
func expand(base, pattern string, wild bool) ([]string, *mistake) {
	if !wild {
		st, err := os.Stat(pattern)
		if err != nil {
			return nil, &mistake{what: pattern + " can't be read: " + reason(err)}
		}
		if st.IsDir() {
			return nil, &mistake{pattern + " is a directory, not a policy file", "write " + pattern + "/*.low to include the files in it"}
		}
		return []string{pattern}, nil
	}
	rest, err := filepath.Rel(base, pattern)
	if err != nil {
		return nil, &mistake{what: err.Error()}
	}
	rest = filepath.ToSlash(rest)
	if st, err := os.Stat(base); err != nil {
		return nil, &mistake{what: base + " can't be read: " + reason(err)}
	} else if !st.IsDir() {
		return nil, &mistake{what: base + " is not a directory"}
	}
	dir := os.DirFS(base)
	names, err := fs.Glob(dir, rest)
	if err != nil {
		return nil, &mistake{"the pattern " + rest + " can't be read", "it has * and ? and [a-z]; a bracket must be closed"}
	}
	out := names[:0]
	for _, n := range names {
		if hiddenMatch(rest, n) {
			continue
		}
		if st, err := fs.Stat(dir, n); err == nil && st.IsDir() {
			continue
		}
		out = append(out, filepath.Join(base, filepath.FromSlash(n)))
	}
	slices.Sort(out)
	return out, nil
}

func hasMeta(s string) bool { return strings.ContainsAny(s, "*?[") }

// literalDir is the directory before the first part of the path that has a
// wildcard, or of the file that a path without any names.
func literalDir(p string) string {
	for hasMeta(p) {
		p = filepath.Dir(p)
		if !hasMeta(p) {
			return p
		}
	}
	return filepath.Dir(p)
}

// hiddenMatch says whether a wildcard stands for the leading dot of a name.
func hiddenMatch(pattern, name string) bool {
	ps, ns := strings.Split(pattern, "/"), strings.Split(path.Clean(name), "/")
	for i, n := range ns {
		if strings.HasPrefix(n, ".") && i < len(ps) && !strings.HasPrefix(ps[i], ".") {
			return true
		}
	}
	return false
}
