package syntax

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loward/loward/dsl/diag"
)

// Upstream's own vectors, where the corpus is there: every rule that nft takes
// can be parsed.
func TestVectors(t *testing.T) {
	files, _ := filepath.Glob("../../../../../shared/corpus/upstream/nftables-py/*.t")
	if len(files) == 0 {
		t.Skip("upstream's vectors are not there")
	}
	ok, refused, failed := 0, 0, 0
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(data), "\n") {
			if line == "" || strings.ContainsAny(line[:1], "#*:!?%-") {
				continue
			}
			col := strings.Split(line, ";")
			if len(col) < 2 {
				continue
			}
			for i, text := range col {
				if i == 1 || text == "" {
					continue
				}
				var l diag.List
				n := 0
				for c := range NewParser(Options{}).Parse(diag.NewFile("v", []byte("add rule t c "+text+"\n")), &l) {
					if c.Rule != nil {
						n++
					}
				}
				switch good := len(l.All) == 0 && n == 1; {
				case strings.TrimSpace(col[1]) == "fail":
					failed++
					if !good {
						refused++
					}
				case good:
					ok++
				default:
					t.Errorf("%s: %s", filepath.Base(name), line)
					for _, d := range l.All {
						t.Logf("    %s %s", d.Span, d.Message)
					}
				}
			}
		}
	}
	t.Logf("%d rules are read; %d of %d that fail do so here", ok, refused, failed)
}
