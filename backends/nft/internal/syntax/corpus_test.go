package syntax

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loward/loward/dsl/diag"
)

// Where the corpus is there: what nft takes has no mistakes.
func TestCorpus(t *testing.T) {
	const corpus = "../../../../../shared/corpus"
	rows, err := os.ReadFile(corpus + "/VALID.tsv")
	if err != nil {
		t.Skip("the corpus is not there")
	}
	files, cmds := 0, 0
	for _, line := range strings.Split(string(rows), "\n") {
		col := strings.Split(line, "\t")
		if len(col) < 4 || col[1] != "nft" || col[2] != "0" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(corpus, col[0]))
		if err != nil {
			t.Error(err)
			continue
		}
		files++
		var l diag.List
		for range NewParser(Options{}).Parse(diag.NewFile(col[0], data), &l) {
			cmds++
		}
		for _, d := range l.All {
			if d.Severity == diag.Error {
				t.Errorf("%s %s", d.Span, d.Message)
			}
		}
	}
	t.Logf("%d files, %d commands", files, cmds)
}
