package syntax

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loward/loward/dsl/diag"
)

// show writes a command in a few words, as the tests name it.
func show(c *Cmd) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", c.Verb, c.Kind)
	for _, s := range []string{c.Family, c.Table.Text, c.Chain.Text, c.Name.Text, c.NewName.Text} {
		if s != "" {
			b.WriteString(" " + s)
		}
	}
	for i, n := range []Num{c.Handle, c.Position, c.Index} {
		if n.Given {
			fmt.Fprintf(&b, " %s %d", [...]string{"handle", "position", "index"}[i], n.Value)
		}
	}
	if c.Rule != nil {
		for _, s := range c.Rule.Stmts {
			b.WriteString(" [" + showStmt(s) + "]")
		}
	}
	if len(c.Elems) > 0 {
		b.WriteString(" {" + showAll(c.Elems, ", ") + "}")
	}
	if c.More {
		b.WriteString(" …")
	}
	return b.String()
}

func showStmt(s *Stmt) string {
	t := s.Kind.String()
	if s.Expr != nil {
		t += " " + showExpr(s.Expr)
	}
	if s.Value != nil {
		t += " to " + showExpr(s.Value)
	}
	if s.NAT != nil && s.NAT.Addr != nil {
		t += " addr " + showExpr(s.NAT.Addr)
	}
	if s.NAT != nil && s.NAT.Port != nil {
		t += " port " + showExpr(s.NAT.Port)
	}
	return t
}

func showAll(list []*Expr, sep string) string {
	var t []string
	for _, e := range list {
		t = append(t, showExpr(e))
	}
	return strings.Join(t, sep)
}

func showExpr(e *Expr) string {
	switch e.Kind {
	case XSymbol, XNumber:
		return e.Text
	case XString:
		return `"` + e.Text + `"`
	case XRel:
		return showAll(e.Args[:1], "") + " rel" + e.Op.String() + " " + showExpr(e.Args[1])
	case XBinary:
		return "(" + showAll(e.Args, " "+e.Op.String()+" ") + ")"
	case XElem:
		t := showExpr(e.Elem.Key)
		if e.Elem.Data != nil {
			t += " : " + showExpr(e.Elem.Data)
		}
		return t
	case XVerdict:
		return strings.TrimSpace(e.Text + " " + showAll(e.Args, ""))
	}
	t := e.Kind.String()
	for _, s := range []string{e.Dir, e.Text, e.Field} {
		if s != "" {
			t += " " + s
		}
	}
	if len(e.Args) > 0 {
		t += "(" + showAll(e.Args, ", ") + ")"
	}
	return t
}

func parse(t *testing.T, text string, o Options) (cmds []string, l diag.List) {
	t.Helper()
	for c := range NewParser(o).Parse(diag.NewFile("f", []byte(text)), &l) {
		cmds = append(cmds, show(c))
	}
	return cmds, l
}

func TestCommands(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"add table inet t\n", "add table inet t"},
		{"delete rule ip t c handle 7\n", "delete rule ip t c handle 7"},
		{"insert rule t c position 3 accept\n", "insert rule t c position 3 [verdict accept]"},
		{"add rule t c handle 3 accept\n", "add rule t c position 3 [verdict accept]"},
		{"ip t c index 2 drop", "add rule ip t c index 2 [verdict drop]"},
		{"rename chain t a b", "rename chain t a b"},
		{"flush ruleset inet", "flush ruleset inet"},
		{"add rule t c ip saddr 10.0.0.0/8 tcp dport {22, 80-90}\n",
			"add rule t c [match payload ip saddr rel prefix(10.0.0.0, 8)] [match payload tcp dport rel set(22, range(80, 90))]"},
		{"add rule t c tcp flags syn / syn,ack\n", "add rule t c [match (payload tcp flags & list(syn, ack)) rel== syn]"},
		{"add rule t c meta mark and 0xf != 1 | 2 ^ 3\n", "add rule t c [match (meta mark & 0xf) rel!= (1 | (2 ^ 3))]"},
		{"add rule t c ct original ip saddr @s", "add rule t c [match ct original ip saddr rel set reference s]"},
		{"add rule t c meta mark set ct mark\n", "add rule t c [set meta mark to ct mark]"},
		{"add rule t c tcp dport vmap { 1 : jump x, * : drop }", "add rule t c [verdict vmap(payload tcp dport, set(1 : jump x, * : drop))]"},
		{"add rule t c dnat to [fe80::1]:80", "add rule t c [nat addr fe80::1 port 80]"},
		{"add rule t c redirect to :80", "add rule t c [nat port 80]"},
		{"add rule t c dnat to ip saddr . tcp dport map @m", "add rule t c [nat addr map(concatenation(payload ip saddr, payload tcp dport), set reference m)]"},
		{"add element t s { 1.2.3.4 timeout 1d2h, 5-6 : accept }", "add element t s {1.2.3.4, range(5, 6) : accept}"},
		{"define a = { 1, 2 }\nadd rule t c tcp dport { $a, 3 }\n", "add rule t c [match payload tcp dport rel set(1, 2, 3)]"},
		{"define a = 5; define b = $a; add rule t c tcp dport $b - 9", "add rule t c [match payload tcp dport rel range(5, 9)]"},
		{"add rule t c iifname eth\\* accept\n", `add rule t c [match meta iifname rel eth\*] [verdict accept]`},
		{"add rule t c log prefix \"a: \" \\\n accept", "add rule t c [log] [verdict accept]"},
	} {
		cmds, l := parse(t, c.text, Options{})
		if got := strings.Join(cmds, "; "); got != c.want || len(l.All) > 0 {
			t.Errorf("%s\ngot  %s\nwant %s", c.text, got, c.want)
			for _, d := range l.All {
				t.Log(d.Span, d.Message)
			}
		}
	}
}

// A block is declared first, then its sets are filled, then its chains.
func TestBlockOrder(t *testing.T) {
	cmds, l := parse(t, `table inet t {
	chain a { jump b; }
	set s { type ipv4_addr; elements = { 1.2.3.4, 1.2.3.5 }
	}
	define port = 22
	chain b {
		type filter hook input priority -5; policy drop;
		tcp dport $port accept
	}
	redefine port = 23
	chain c {
		define port2 = $port
		tcp dport $port2 accept
	}
	counter n { }
	flags dormant
}
`, Options{})
	want := []string{"add table inet t", "add chain inet t a", "add chain inet t b", "add chain inet t c", "add counter inet t n", "add set inet t s",
		"add element inet t s {1.2.3.4, 1.2.3.5}",
		"add rule inet t a [verdict jump b]",
		"add rule inet t b [match payload tcp dport rel 22] [verdict accept]",
		"add rule inet t c [match payload tcp dport rel 23] [verdict accept]"}
	// nft wants separators behind the closing braces that stand alone on a line.
	if len(l.All) > 0 {
		t.Fatal(l.All[0].Span, l.All[0].Message)
	}
	if !slices.Equal(cmds, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(cmds, "\n"), strings.Join(want, "\n"))
	}
}

// Every mistake is reported, and what is right around it is read.
func TestRecovery(t *testing.T) {
	cmds, l := parse(t, `add rule t c tcp dport
table inet t {
	set s { type ipv4_addr; nonsense; elements = { 1.2.3.4 5 }
	}
	chain c {
		type filter hook input priority 0; policy maybe;
		tcp dport 22 foo
		tcp dport { 22, accept } drop
		ip saddr 1.2.3.4 accept
		jump {
			tcp nothing 5
			accept
		}
	}
	rule x
}
add rule t c drop
}
add rule t c log level loud; add rule t c accept
`, Options{})
	l.Sort()
	var at []string
	for _, d := range l.All {
		at = append(at, d.Span.String()[2:])
	}
	want := []string{"1:23", "3:26", "3:57", "6:45", "7:19", "8:19", "11:8", "15:2", "18:1", "19:24"}
	if !slices.Equal(at, want) {
		t.Errorf("mistakes at %v, want %v", at, want)
	}
	for _, c := range []string{"add rule inet t c [match payload ip saddr rel 1.2.3.4] [verdict accept]", "add rule t c [verdict drop]", "add rule t c [verdict accept]", "add chain inet t c"} {
		if !slices.Contains(cmds, c) {
			t.Errorf("%s is not read, only\n%s", c, strings.Join(cmds, "\n"))
		}
	}
}

// Pieces that are unknown are words like others, and no reason for an error.
func TestUnknown(t *testing.T) {
	const x = "\ue000$X\ue001"
	for _, text := range []string{
		"add rule t c ip saddr " + x + " accept", "add rule t c ip saddr " + x + "/24 accept", "add rule t c tcp dport { 22, " + x + " }",
		"add rule t c ip saddr 10." + x + ".0.1-" + x, "add rule t c iifname " + x + " accept", "add rule t c iifname \"" + x + "\"",
		"add rule t " + x + " accept", "add table inet " + x, "add rule t c limit rate " + x + "/second", "add rule t c dnat to " + x + ":" + x,
		"add rule t c jump " + x, "add rule t c meta mark set " + x, "add rule t c tcp dport " + x + "-" + x, "add element t s { " + x + " }",
		"add element t s " + x, "add rule t c ip saddr @" + x, "add rule t c iifname eth" + x + "-lan", "add rule t c counter packets " + x,
		"add chain t c { type filter hook input priority " + x + "; policy " + x + "; }", "add rule t c log level " + x,
	} {
		cmds, l := parse(t, text+"\n", Options{})
		if len(cmds) != 1 || len(l.All) > 0 {
			t.Errorf("%s: %d commands", text, len(cmds))
			for _, d := range l.All {
				t.Log(d.Span, d.Message)
			}
		}
	}
	cmds, l := parse(t, "add rule t c "+x+" accept\nadd rule t c drop\n", Options{CodeUnknown: "U"})
	if l.Errors() > 0 || len(cmds) == 0 {
		t.Error(cmds, l.All)
	}
}

func TestInclude(t *testing.T) {
	files := map[string]string{
		"a":    "define x = 5\nadd rule t c tcp dport $x # five\n",
		"b":    "set s { type ipv4_addr; }\nchain d { accept; }\n",
		"c":    "tcp dport 7 accept\ninclude \"e\"\n",
		"e":    "drop\n",
		"loop": "include \"loop\"\n",
	}
	o := Options{Comments: true, CodeMissing: "M", Include: func(name string) []*diag.File {
		text, ok := files[name]
		if !ok {
			return nil
		}
		return []*diag.File{diag.NewFile(name, []byte(text))}
	}}
	cmds, l := parse(t, "include \"a\"\nadd rule t c udp dport $x\ntable t {\ninclude \"b\"\nchain e {\ninclude \"c\"\n}\n}\n", o)
	want := []string{"add rule t c [match payload tcp dport rel 5]", "add rule t c [match payload udp dport rel 5]",
		"add table t", "add chain t d", "add chain t e", "add set t s", "add rule t d [verdict accept]",
		"add rule t e [match payload tcp dport rel 7] [verdict accept]", "add rule t e [verdict drop]"}
	if !slices.Equal(cmds, want) || len(l.All) > 0 {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(cmds, "\n"), strings.Join(want, "\n"))
	}
	if _, l := parse(t, "include \"loop\"\n", o); l.Errors() != 1 {
		t.Error("a file that includes itself:", l.All)
	}
	// What may be in a file that is not there is not known.
	cmds, l = parse(t, "include \"none\"\nadd rule t c tcp dport $y accept\ninclude \"*.none\"\n", o)
	if len(cmds) != 1 || len(l.All) != 1 || l.All[0].Severity != diag.Warning || l.All[0].Code != "M" {
		t.Error(cmds, l.All)
	}
}

func TestComments(t *testing.T) {
	p := NewParser(Options{Comments: true})
	var l diag.List
	f := diag.NewFile("f", []byte("# one\ntable t { # two\n\tchain c {\n\t\taccept # three\n\t\t# four\n\t}\n}\n"))
	for range p.Parse(f, &l) {
		continue
	}
	var got []string
	for _, s := range p.Comments() {
		got = append(got, s.Text())
	}
	if want := []string{"# one", "# two", "# three", "# four"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// Reading stops where the caller does.
func TestStop(t *testing.T) {
	var l diag.List
	n := 0
	for range NewParser(Options{}).Parse(diag.NewFile("f", []byte("table t { chain c { accept; drop; }; }\nadd table u\n")), &l) {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 || len(l.All) > 0 {
		t.Error(n, l.All)
	}
}

// The time grows as the text does, also where nothing of it is right.
func TestLinear(t *testing.T) {
	for _, piece := range []string{"{", "}", "(", "\"", "add rule t c ip saddr {\n", "table t {\n chain c {\n", "add rule t c $x;", "define a = { $b, $b }\n",
		"add rule t c tcp dport { 1, ", "jump { ", "\\", "add rule t c \ue000 foo;", "table t { chain c { ip saddr { 1 \n } }\n", "1:", "include \"x\"\n",
		"table t { chain c { accept \" } }\n", "a | ", "1 . ", "redefine x = { 1 }\nadd rule t c tcp dport $x\n", "#\n", "@", "table t { set s { elements = { 1, "} {
		text := []byte(strings.Repeat(piece, 200_000/len(piece)*2))
		l := diag.List{Max: 100}
		start := time.Now()
		for range NewParser(Options{}).Parse(diag.NewFile("f", text), &l) {
			continue
		}
		if d := time.Since(start); d > 3*time.Second {
			t.Errorf("%q: %s", piece, d)
		}
	}
	// Variables that double.
	text := "define a0 = { 1, 2 }\n"
	for i := range 40 {
		text += fmt.Sprintf("define a%d = { $a%d, $a%d }\n", i+1, i, i)
	}
	if _, l := parse(t, text, Options{}); l.Errors() == 0 {
		t.Error("2^40 elements are no mistake")
	}
}

func TestTime(t *testing.T) {
	for text, want := range map[string]uint64{"1d": 86400000, "1h1m1s1ms": 3661001, "10ms": 10, "3m": 180000, "5m3ms": 300003} {
		if got, ok := ParseTime(text); !ok || got != want {
			t.Errorf("%s is %d, want %d", text, got, want)
		}
	}
	for _, text := range []string{"", "1", "d", "1s1d", "1x", "1s "} {
		if got, ok := ParseTime(text); ok {
			t.Errorf("%q is %d", text, got)
		}
	}
}
