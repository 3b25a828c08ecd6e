package resolve

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/loward/loward/compiler/policy"
)

func derived(name string, max int) string { return policy.DerivedName(name, max) }

// TestLogPrefixFits: whatever the name, what the kernel prints is short enough
// and says what happened.
func TestLogPrefixFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		for _, what := range []string{"refused", "allow", "deny"} {
			p := logPrefix(name, what)
			if len(p) > maxPrefix {
				t.Fatalf("%q has %d bytes", p, len(p))
			}
			for _, c := range []byte(p) {
				if c < ' ' || c > '~' || c == '"' || c == '\\' || c == '$' {
					t.Fatalf("%q holds %q", p, c)
				}
			}
		}
	})
}
