package ruleset

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestFieldTable(t *testing.T) {
	seen := map[string]Field{}
	for _, f := range Fields() {
		i := f.Info()
		if i.Name == "" || i.Doc == "" || i.Width <= 0 || i.Width > 128 {
			t.Errorf("row %d is not whole: %+v", f, i)
		}
		if o, twice := seen[i.Name]; twice {
			t.Errorf("%s is two fields: %d and %d", i.Name, o, f)
		}
		seen[i.Name] = f
	}
}

func TestExpr(t *testing.T) {
	masked := &Binary{Op: And, Left: IPSaddr, Right: Num(7)}
	tests := []struct {
		e      Expr
		width  int
		domain Domain
	}{
		{Dport, 16, PortNum},
		{masked, 32, Addr4},
		{&Binary{Op: Rshift, Left: masked, Right: Num(1)}, 32, Addr4},
		{&Selector{Kind: TCPOption, Args: []string{"maxseg", "size"}, Width: 16}, 16, Number},
		{&Numgen{Mod: 2}, 32, Number},
		{&Hash{Key: Keys(IPSaddr)}, 32, Number},
		{&MapExpr{Key: Keys(Dport), Map: "m", Data: Keys(IP6Daddr)}, 128, Addr6},
		{&MapExpr{Key: Keys(Dport), Map: "m", Data: Keys(IP6Daddr, Dport)}, 0, Number},
		{Concat{IPSaddr, Dport}, 0, Number},
		{Num(1), 0, Number},
	}
	for i, tt := range tests {
		if w, d := WidthOf(tt.e), DomainOf(tt.e); w != tt.width || d != tt.domain {
			t.Errorf("%d: width %d, domain %d; want %d, %d", i, w, d, tt.width, tt.domain)
		}
	}
	if FieldOf(Dport) != Dport || FieldOf(masked) != NoField || FieldOf(nil) != NoField {
		t.Error("FieldOf")
	}
}

func TestPlain(t *testing.T) {
	a, b, c := In(Dport, Num(22)), &May{Why: "the time of day"}, Accept
	r := &Rule{Body: []Stmt{a, &Module{Name: "time", Means: []Stmt{b}}, &Module{Name: "tcp"}, c}}
	if got := slices.Collect(r.Plain); !slices.Equal(got, []Stmt{a, b, c}) {
		t.Errorf("%v", got)
	}
	for n := 1; n <= 3; n++ {
		got := 0
		for range r.Plain {
			if got++; got == n {
				break
			}
		}
		if got != n {
			t.Errorf("stopped at %d, not %d", got, n)
		}
	}
}

func TestUnknown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, source, after := rapid.StringMatching(`[a-z0-9./]*`).Draw(t, "before"), rapid.String().Draw(t, "source"), rapid.StringMatching(`[a-z]*`).Draw(t, "after")
		text := before + MarkUnknown(source) + after
		if HasUnknown(before) || !HasUnknown(text) || HasUnknown(ShowUnknown(text)) {
			t.Fatalf("%q", text)
		}
		if term := UnknownTerm(text); !term.Unknown || HasUnknown(term.Text) {
			t.Fatalf("%+v", term)
		}
	})
	if got := ShowUnknown("10.0.0.1/" + MarkUnknown("$BITS")); got != "10.0.0.1/$BITS" {
		t.Error(got)
	}
}
