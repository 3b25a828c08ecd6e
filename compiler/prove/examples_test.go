package prove_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/loward/loward/compiler"
	"github.com/loward/loward/compiler/prove"
	"github.com/loward/loward/compiler/resolve"
	"github.com/loward/loward/dsl/diag"
)

// Every example, for every host and every target, means what its policy says.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("../../testdata/examples/*.low")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d examples: %v", len(files), err)
	}
	for _, file := range files {
		p, l, err := resolve.Load(file)
		if err != nil || l.Errors() > 0 {
			t.Fatalf("%s: %v %v", file, err, l.All)
		}
		for _, v := range p.Views {
			for _, target := range []compiler.Target{compiler.Nft, compiler.IPTables, compiler.IP6Tables} {
				var l diag.List
				rs := compiler.Compile(v, target, &l)
				if rs == nil {
					continue // it can't be said there: another test's business
				}
				begin := time.Now()
				r, err := prove.View(v, rs, prove.Options{})
				if err != nil {
					t.Errorf("%s, %q, target %d: %v", filepath.Base(file), v.Host.Name, target, err)
					continue
				}
				for _, c := range r.Counterexamples {
					t.Errorf("%s, %q, target %d: %s", filepath.Base(file), v.Host.Name, target, c)
				}
				t.Logf("%s, %q, target %d: %d edges, %s", filepath.Base(file), v.Host.Name, target, r.Edges, time.Since(begin).Round(time.Millisecond))
			}
		}
	}
}
