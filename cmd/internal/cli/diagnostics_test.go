package cli

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/loward/loward/dsl/diag"
)

// Of a flood of diagnostics the errors are shown, some of the rest, and how many
// there are.
func TestFloodOfDiagnostics(t *testing.T) {
	var l diag.List
	f := diag.NewFile("x.low", []byte("zone\n"))
	for i := range 500 {
		l.Warnf(f.Span(0, 4), "warning %d", i)
	}
	for i := range 50 {
		l.Errorf(f.Span(0, 4), "mistake %d", i)
	}
	var out bytes.Buffer
	tell(Env{Stderr: &out}, &l)
	for i := range 50 {
		if !strings.Contains(out.String(), fmt.Sprintf("mistake %d\n", i)) {
			t.Errorf("mistake %d is not shown", i)
		}
	}
	if n := strings.Count(out.String(), ": warning: "); n != maxShown-50 {
		t.Errorf("%d warnings are shown, want %d", n, maxShown-50)
	}
	if !strings.HasSuffix(out.String(), "and 350 more: in all 50 errors, 500 warnings\n") {
		t.Errorf("the end is %q", out.String()[max(0, out.Len()-120):])
	}
}
