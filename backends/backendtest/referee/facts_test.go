package referee

import (
	"testing"

	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

func read(t *testing.T, text string) *ruleset.Ruleset {
	t.Helper()
	var l diag.List
	rs := nft.Read(diag.NewFile("in", []byte(text)), nft.Options{}, &l)
	if l.Errors() > 0 {
		t.Fatalf("%s\n%s", l.All[0].Message, text)
	}
	return rs
}

// What a simulator of the kernel has to know, the model knows.
func TestFacts(t *testing.T) {
	for _, f := range facts() {
		r := path.New(read(t, f.text()), factWorld(&f).Host).Send(f.sent(1).Start)
		if arrives(r) != f.want || r.Verdict == path.Undecided {
			t.Errorf("%s: %s: %s %s", f.name, f.packet, r.Verdict, r.Why)
		}
	}
}
