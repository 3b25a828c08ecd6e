package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/loward/loward/dsl"
)

// nftConfig is where nft looks for what is included by a name without a folder.
const nftConfig = "/etc"

// openIncluded reads a file that nft text includes, from where nft itself takes
// it: relative to the working directory where the name says so (./ or ../), else
// in /etc. Only regular files are read, and none larger than an input may be.
func openIncluded(name string) ([]byte, error) {
	path := name
	if !filepath.IsAbs(name) && !strings.HasPrefix(name, "./") && !strings.HasPrefix(name, "../") {
		path = filepath.Join(nftConfig, name)
	}
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !st.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file", path)
	case st.Size() > dsl.MaxFileSize:
		return nil, fmt.Errorf("%s has more than %d MiB", path, dsl.MaxFileSize>>20)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, dsl.MaxFileSize))
}
