package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/loward/loward/dsl"
	"github.com/loward/loward/dsl/diag"
)

// nftConfig is where nft looks for what is included by a name without a folder.
const nftConfig = "/etc"

// included gives the files that nft text includes, from where nft itself takes
// them: relative to the working directory where the name says so (./ or ../),
// else in /etc; wildcards in the order of their names, without hidden files (see
// "Including other files" in nft(8)). Only regular files are read, and none
// larger than an input may be.
func included(pattern string) []*diag.File {
	path := pattern
	if !filepath.IsAbs(pattern) && !strings.HasPrefix(pattern, "./") && !strings.HasPrefix(pattern, "../") {
		path = filepath.Join(nftConfig, pattern)
	}
	names := []string{path}
	wild := strings.ContainsAny(pattern, "*?[")
	if wild {
		names, _ = filepath.Glob(path) // an error is a pattern that names nothing
	}
	var files []*diag.File
	for _, name := range names {
		if wild && strings.HasPrefix(filepath.Base(name), ".") {
			continue
		}
		if data, ok := readIncluded(name); ok {
			files = append(files, diag.NewFile(name, data))
		}
	}
	return files
}

func readIncluded(path string) ([]byte, bool) {
	// Opening something else than a file, a pipe for one, may wait for ever.
	if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() || st.Size() > dsl.MaxFileSize {
		return nil, false
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, dsl.MaxFileSize))
	return data, err == nil
}
