package iptables

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// A text is read without a crash and in time that its length bounds; what is
// read is written, and read again is the same.
func FuzzRead(f *testing.F) {
	for _, line := range strings.Split(strings.Trim(lines, "\n"), "\n") {
		_, line, _ := strings.Cut(line, " ")
		line = strings.ReplaceAll(strings.ReplaceAll(line, "/", "\n"), "|", "/")
		f.Add("*filter\n:INPUT ACCEPT [0:0]\n:FOO - [0:0]\n:BAR - [0:0]\n"+line+"\nCOMMIT\n", false)
	}
	for _, text := range saved {
		f.Add(text, strings.Contains(text, "::"))
	}
	f.Add("*filter\n-A INPUT -s "+strings.Repeat("1,", 400)+"1 -d "+strings.Repeat("1,", 400)+"1\nCOMMIT\n", false)
	f.Fuzz(func(t *testing.T, text string, v6 bool) {
		family := families[bit(v6)]
		start := time.Now()
		Read(diag.NewFile("x", []byte(text)), family, &diag.List{Max: 1000})
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%v for %d bytes", d, len(text))
		}
		roundTrip(t, text, family)
	})
}

// roundTrip reads, writes and reads a text; it says whether there was anything to
// compare.
func roundTrip(t *testing.T, text string, family ruleset.Family) bool {
	var l, again diag.List
	l.Max = 1000
	rs := Read(diag.NewFile("x", []byte(text)), family, &l)
	for _, tab := range rs.Tables {
		for _, c := range tab.Chains {
			if c.Foreign {
				return false
			}
			for _, r := range c.Rules {
				for _, s := range r.Body {
					if m, ok := s.(*ruleset.Match); ok && len(m.Terms) > 1 {
						return false // too many addresses for as many rules: written as several
					}
				}
			}
		}
	}
	if l.Errors() > 0 {
		return false
	}
	out, mistakes := Save{Family: family}.Write(rs)
	if len(mistakes) > 0 {
		return false
	}
	rs2 := Read(diag.NewFile("written", out), family, &again)
	for _, d := range again.All {
		if d.Severity == diag.Error {
			t.Fatalf("%s %s\n%s\nwas written for\n%s", d.Span, d.Message, out, text)
		}
	}
	if a, b := nowhere(rs), nowhere(rs2); !reflect.DeepEqual(a, b) {
		out2, _ := Save{Family: family}.Write(rs2)
		t.Fatalf("not the same\n%s\nread again is\n%s", out, out2)
	}
	return true
}

// nowhere takes the positions away.
func nowhere(rs *ruleset.Ruleset) *ruleset.Ruleset {
	for _, t := range rs.Tables {
		t.Origin = diag.Span{}
		for _, c := range t.Chains {
			c.Origin = diag.Span{}
			for _, r := range c.Rules {
				r.Origin = diag.Span{}
			}
		}
	}
	return rs
}

// Commands with pieces that can't be known (words that begin with $) are done
// without a crash, and leave what can be shown.
func FuzzCommand(f *testing.F) {
	for _, line := range strings.Split(strings.Trim(lines, "\n"), "\n") {
		_, line, _ := strings.Cut(line, " ")
		f.Add(strings.ReplaceAll(strings.ReplaceAll(line, "/", "\n"), "|", "/"))
	}
	f.Add("-A INPUT -s $LAN -p $P --dport 22 -j $TARGET\n-D INPUT $N\n-t $T -N $C\n-A $C -m $M $REST -j ACCEPT\n-P INPUT $POLICY\n-E $C $D\n-X $C")
	f.Fuzz(func(t *testing.T, text string) {
		s := NewState(ruleset.IP)
		var l diag.List
		for _, line := range strings.Split(text, "\n") {
			var words []Word
			for _, w := range strings.Fields(line) {
				if i := strings.IndexByte(w, '$'); i >= 0 {
					w = w[:i] + ruleset.MarkUnknown(w[i:])
				}
				words = append(words, Word{Text: w})
			}
			s.Command(words, diag.Span{}, &l)
		}
		Save{Family: ruleset.IP}.Write(s.Ruleset())
	})
}
