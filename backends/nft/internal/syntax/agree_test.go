package syntax

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/dsl/diag"
)

// nftRefuses are the messages of nft that mean what is a mistake here.
var nftRefuses = []string{"syntax error", "unknown identifier", "redefinition of symbol", "undefined symbol",
	"unknown raw payload base", "invalid log level"}

// TestAgree asks nft about each text of testdata/agree.txt: what it refuses for
// its syntax is a mistake here, at the same line and column, and nothing else is.
// A text that begins with ~ is of a newer language than nft 1.0.6's: it is
// accepted here. One that begins with ? differs in the column, or nft says
// nothing of it.
func TestAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("hundreds of runs of nft")
	}
	data, err := os.ReadFile("testdata/agree.txt")
	if err != nil {
		t.Fatal(err)
	}
	texts := strings.Split(strings.TrimSpace(string(data)), "\n")
	files := map[string][]byte{}
	names := map[string]string{} // by text
	places := map[string]string{}
	batch := 0
	var together []string
	for i, text := range texts {
		var l diag.List
		name := fmt.Sprintf("f%03d", i)
		for range NewParser(Options{}).Parse(diag.NewFile(name, agreeText(text)), &l) {
			continue
		}
		l.Sort()
		place := ""
		for _, d := range l.All {
			if d.Severity == diag.Error {
				place = fmt.Sprintf("%s-", d.Span)
				break
			}
		}
		switch {
		case text[0] == '?':
		case text[0] == '~':
			if place != "" {
				t.Errorf("%s\n\there: %s %s", text, place, l.All[0].Message)
			}
		case place == "" && !strings.Contains(text, "define "):
			// What is taken can be asked about together.
			if together = append(together, text); len(together) == 25 {
				files[fmt.Sprintf("b%03d", batch)] = agreeText(strings.Join(together, " | "))
				batch++
				together = nil
			}
		default:
			files[name] = agreeText(text)
			names[name], places[name] = text, place
		}
	}
	files[fmt.Sprintf("b%03d", batch)] = agreeText(strings.Join(together, " | "))
	// The messages of one text are one line.
	out, err := kernel.Script(t, `for f in [bf]*; do m=$(timeout 9 nft -c -f $f 2>&1) && rc=0 || rc=$?; echo "$f $rc $(echo "$m" | grep -v '^ *[\^]*$' | tr '\n' ' ')"; done; true`, files, "nft")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		name, said, _ := strings.Cut(line, " ")
		rc, said, _ := strings.Cut(said, " ")
		refused := false
		for _, m := range nftRefuses {
			refused = refused || strings.Contains(said, m)
		}
		place := places[name]
		switch {
		case len(rc) > 2:
			t.Errorf("nft ends with %s on %s: %s", rc, name, files[name])
		case refused != (place != ""):
			t.Errorf("%s %s\n\tnft: %s\n\there: %s", name, names[name], said, place)
		case refused && !strings.HasPrefix(said, place):
			t.Errorf("the place differs: %s\n\tnft: %s\n\there: %s", names[name], said, place)
		}
	}
	t.Logf("%d texts", len(texts))
}

// agreeText makes a text of a line of the table, in which | is a line end where
// it has blanks around it.
func agreeText(line string) []byte {
	line = strings.TrimLeft(line, "~?")
	return []byte(strings.ReplaceAll(line, " | ", "\n") + "\n")
}
