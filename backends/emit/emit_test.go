package emit

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

func TestComment(t *testing.T) {
	long := "dns allow tcp 22 from everywhere to here " + strings.Repeat("/directory", 20) + "/policy.low:1234"
	tests := []struct{ in, want string }{
		{"dns policy.low:21", "dns policy.low:21"},
		{`a"b\c` + "\n\td\x00e", "a'b/c  d e"},
		{"naïve 日本", "naïve 日本"},
		{"\xffbad\u202e", "?bad?"},
		{strings.Repeat("x", 128), strings.Repeat("x", 128)},
		{long, long[:40] + "..." + long[len(long)-85:]},
	}
	for _, tt := range tests {
		if got := Comment(tt.in); got != tt.want {
			t.Errorf("Comment(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// A comment can never leave its quotes or its line, nor be longer than 128
// bytes, and it keeps the end of a path and the line.
func TestCommentIsSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.String().Draw(t, "in")
		if rapid.Bool().Draw(t, "long") {
			in = strings.Repeat(in, 30)
		}
		got := Comment(in + " p.low:7")
		if len(got) > MaxComment || !Quotable(got) || !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r\"\\") || !strings.HasSuffix(got, " p.low:7") {
			t.Fatalf("%q of %q", got, in)
		}
	})
}

func TestHeaderLines(t *testing.T) {
	got := HeaderLines("one \r\ntwo\x1b[2J\n\nthree\r")
	if strings.Join(got, "|") != "one|two [2J||three" {
		t.Errorf("%q", got)
	}
}

func TestNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := ruleset.U128{Hi: rapid.Uint64().Draw(t, "hi"), Lo: rapid.Uint64().Draw(t, "lo")}
		if got, want := string(Addr(nil, v, true)), v.Addr6Of().String(); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
		v.Lo &= 1<<32 - 1
		if got, want := string(Addr(nil, v, false)), v.Addr4Of().String(); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	})
	if got := string(MAC(nil, 0x001122aabbcc)); got != "00:11:22:aa:bb:cc" {
		t.Error(got)
	}
}

func TestReport(t *testing.T) {
	f := diag.NewFile("p.low", []byte("abc"))
	r := Report{Target: "nft"}
	if r.Failed() {
		t.Error("failed before anything")
	}
	r.Unsupported(f.Span(1, 2), "a %s", "thing")
	for range 1000 {
		r.Unsupported(f.Span(0, 1), "much").Helpf("less")
	}
	m := r.Mistakes()
	if len(m) != 2 || m[1].Message != "nft cannot say a thing" || m[0].Code != "LW090" || !r.Failed() {
		t.Errorf("%v", m)
	}
}

func TestIfaceName(t *testing.T) {
	for name, ok := range map[string]bool{"eth0": true, "ppp*": true, "*": true, "abcdefghijklmno": true, "abcdefghijklmno*": true, "é": true, "-": true,
		"": false, "abcdefghijklmnop": false, "a/b": false, "a:b": false, "a b": false, ".": false, "..": false, "..*": false, `a"`: false, `a\`: false, "a\x00": false, "a\u00a0b": false} {
		if (IfaceName(name) == "") != ok {
			t.Errorf("%q: %q", name, IfaceName(name))
		}
	}
}
