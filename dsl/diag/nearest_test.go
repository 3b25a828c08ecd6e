package diag

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	keywords := []string{"allow", "deny", "allow-local", "address", "service", "home", "on", "lan"}
	for _, c := range []struct{ word, want string }{
		{"alow", "allow"},
		{"allwo", "allow"},
		{"allow_local", "allow-local"},
		{"adress", "address"},
		{"Service", "service"},
		{"servce", "service"},
		{"hmoe", "home"},
		{"no", "on"},
		{"x", ""},
		{"", ""},
		{"zebra", ""},
		{"deny", ""}, // equal is no answer, and nothing else is near
		{strings.Repeat("a", 1000), ""},
		{"lna", "lan"},
	} {
		if got := Nearest(c.word, keywords); got != c.want {
			t.Errorf("Nearest(%q) = %q, want %q", c.word, got, c.want)
		}
	}
	if got := Nearest("wab", []string{"web", "wan"}); got != "web" {
		t.Errorf("of equally near candidates the first should win, got %q", got)
	}
	if got := Nearest("weba", []string{strings.Repeat("w", 500), "web"}); got != "web" {
		t.Errorf("got %q", got)
	}
}
