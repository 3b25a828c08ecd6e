package parser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
	"github.com/loward/loward/dsl/parser"
)

// mistake is what a diagnostic is checked for: the text of its span, and parts
// of what it says.
type mistake struct {
	at   string // line:column
	text string // of the span; "" for a place between two bytes, or a line end
	code string
	says string
	help string
}

// check parses a text and compares all its diagnostics.
func check(t *testing.T, src string, want ...mistake) *ast.File {
	t.Helper()
	var l diag.List
	tree := parser.Parse(diag.NewFile("t", []byte(src)), &l)
	l.Sort()
	for i := range max(len(l.All), len(want)) {
		if i >= len(want) {
			d := l.All[i]
			t.Errorf("unexpected: %s %s %s (%s)", d.Span, d.Code, d.Message, d.Help)
			continue
		}
		w := want[i]
		if i >= len(l.All) {
			t.Errorf("missing: %+v", w)
			continue
		}
		d := l.All[i]
		text := strings.TrimRight(d.Span.Text(), "\r\n")
		if d.Span.String() != "t:"+w.at || text != w.text || d.Code != w.code ||
			!strings.Contains(d.Message, w.says) || !strings.Contains(d.Help, w.help) {
			t.Errorf("got  %s %q %s %s (%s)\nwant %+v", d.Span, text, d.Code, d.Message, d.Help, w)
		}
	}
	return tree
}

func TestFiveMistakes(t *testing.T) {
	tree := check(t, `zone lan = eth0
servce dns {
    address 10.53.53.53
    allow dns form lan
    allow tcp 80 443
    log "refused
    allow ping on lan
}
net = 10.0.0.0/8
port web = 80
`,
		mistake{"2:1", "servce", "LW002", "unknown statement", `did you mean "service"?`},
		mistake{"4:15", "form", "LW002", "unknown clause", `did you mean "from"?`},
		mistake{"5:18", "443", "LW001", "a comma or a clause is missing", ""},
		mistake{"6:9", `"`, "LW005", "not closed", `end it with "`},
		mistake{"9:5", "=", "LW001", "expected a name", "net NAME ="},
	)
	if n := len(tree.Body.Stmts); n != 4 {
		t.Errorf("%d statements, want 4", n)
	}
	s, ok := tree.Body.Stmts[1].(*ast.Service)
	if !ok || len(s.Body.Stmts) != 5 {
		t.Errorf("the service was not read in spite of its keyword: %#v", tree.Body.Stmts[1])
	}
}

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		src  string
		want []mistake
	}{
		"misplaced at the top": {"allow tcp 22\n", []mistake{
			{"1:1", "allow", "LW003", "at the top level", `in a "service" block`}}},
		"misplaced in a host": {"host r {\n    address 10.0.0.1\n    forwards\n}\n", []mistake{
			{"2:5", "address", "LW003", "in host r", "interface NAME ="}}},
		"misplaced block": {"service a {\n    inbound {\n        alow any\n    }\n    home r\n}\n", []mistake{
			{"2:5", "inbound", "LW003", "in service a", `or in a "host" block`},
			{"3:9", "alow", "LW002", "unknown statement", `did you mean "allow"?`}}},
		"allow-local in a block": {"local { allow-local any }", []mistake{
			{"1:9", "allow-local", "LW003", "in local", `written "allow"`}}},
		"missing brace before a service": {"service a {\n    allow dns\n\nservice b {\n    allow ping\n}\nzone x = y\n", []mistake{
			{"1:11", "{", "LW006", "never closed", `write "}"`}}},
		"missing brace at the end": {"host r {\n    inbound {\n        default drop\n    }\n", []mistake{
			{"1:8", "{", "LW006", "host r is never closed", ""}}},
		"missing brace of an inner block": {"host r {\n    inbound {\n        default drop\n}\nservice a {\n}\n", []mistake{
			{"1:8", "{", "LW006", "host r is never closed", ""}}},
		"missing opening brace": {"service a\n    allow dns\n}\nservice b {\n}\n", []mistake{
			{"1:9", "a", "LW006", `"{" is missing behind service a`, "service NAME {"}}},
		"brace on the next line": {"service a\n{\n    alow dns\n}\n", []mistake{
			{"1:9", "a", "LW006", `"{" is missing`, "on the same line"},
			{"3:5", "alow", "LW002", "unknown", "allow"}}},
		"stray brace": {"zone a = b\n}\nzone c = d e\n", []mistake{
			{"2:1", "}", "LW006", "closes nothing", "remove it"},
			{"3:12", "e", "LW001", "a comma is missing", "zone NAME ="}}},
		"two names": {"service a b {\n    alow dns\n}\n", []mistake{
			{"1:11", "b", "LW006", `expected "{"`, "service NAME"},
			{"2:5", "alow", "LW002", "unknown", "allow"}}},
		"list ends with a comma": {"service a {\n    home r,\n    allow dns form a\n    home q,\n}\n", []mistake{
			{"2:11", ",", "LW001", "ends with a comma", ""},
			{"3:15", "form", "LW002", "unknown clause", "from"},
			{"4:11", ",", "LW001", "ends with a comma", ""}}},
		"braces around a list": {"port web = { 80, 443 }\nport x = 1\n", []mistake{
			{"1:12", "{", "LW001", "expected a port", "without braces"}}},
		"no equals": {"zone wan wan1\n", []mistake{{"1:10", "wan1", "LW001", `expected "="`, "zone NAME ="}}},
		"no items":  {"zone wan =\n", []mistake{{"1:11", "", "LW001", "expected an interface, found end of the line", "zone"}}},
		"set not closed": {"inbound {\n    allow tcp { 80, 443\n    alow dns\n}\n", []mistake{
			{"2:15", "{", "LW006", "this set is never closed", "tcp { 80, 443 }"},
			{"3:5", "alow", "LW002", "unknown", "allow"}}},
		"empty set": {"inbound { allow tcp { } on a }", []mistake{{"1:21", "{ }", "LW001", "empty", "tcp alone"}}},
		"bare port": {"proto a = ping, 80, tcp 1\n", []mistake{{"1:17", "80", "LW001", "neither a port", "tcp 80"}}},
		"no traffic": {"inbound {\n    allow from lan\n    allow\n}\n", []mistake{
			{"2:11", "from", "LW001", "expected traffic before", "allow TRAFFIC"},
			{"3:10", "", "LW001", "expected traffic, found end of the line", "allow TRAFFIC"}}},
		"clause twice": {"inbound { allow dns on a on b }", []mistake{{"1:26", "on", "LW007", "twice", "one list"}}},
		"clause empty": {"inbound { allow dns on from b; allow dns on }", []mistake{
			{"1:21", "on", "LW001", "no items", "quote it"},
			{"1:45", "}", "LW001", "expected a zone or an interface", ""}}},
		"log text bare": {"inbound { allow dns log hello }", []mistake{{"1:25", "hello", "LW001", "not quoted", `log "TEXT"`}}},
		"limit": {"inbound { allow dns limit; allow dns limit 1/s brust 3; allow dns limit 1/s per host }", []mistake{
			{"1:26", ";", "LW001", "expected a rate", "burst"},
			{"1:48", "brust", "LW002", "unknown word", "burst"},
			{"1:81", "host", "LW001", `expected "source"`, "per source"}}},
		"log alone": {"inbound { log }", []mistake{{"1:15", "}", "LW001", `expected "refused"`, "log refused"}}},
		"expect": {"expect accept tcp form 10.0.0.1 to 10.0.0.2\nexpect accept tcp from 10.0.0.1\nexpect accept proto from any to 10.0.0.2\n", []mistake{
			{"1:19", "form", "LW001", "unexpected", `did you mean "from"?`},
			{"2:31", "1", "LW001", "not complete", "expect accept"},
			{"3:15", "proto", "LW001", "protocol number", "proto 50"}}},
		"unquoted include": {"include zones.low\n", []mistake{{"1:9", "zones.low", "LW001", "unexpected", `include "`}}},
		"masquerade": {"host r { masquerade of wan; masquerade; masquerade on a to b }", []mistake{
			{"1:21", "of", "LW002", "unknown clause", `"on"`},
			{"1:39", ";", "LW001", `expected "on"`, "masquerade on ZONE"},
			{"1:57", "to", "LW001", "unexpected", "masquerade on ZONE"}}},
		"option": {"option antispoof\noption table = x\n", []mistake{
			{"1:16", "f", "LW001", "not complete", "option NAME VALUE"},
			{"2:14", "=", "LW001", "unexpected", "option NAME VALUE"}}},
		"publish": {"service a { publish tcp 80 172.17.0.2:80 }", []mistake{{"1:28", "172.17.0.2:80", "LW001", `expected "to"`, "publish TRAFFIC to"}}},
		"several on a line": {"service a { } service b { }\nlocal { } frob", []mistake{
			{"1:15", "service", "LW001", `unexpected "service" behind "}"`, "line of its own"},
			{"2:11", "frob", "LW002", "unknown statement", "at the top level"}}},
		"no keyword": {"\"zone\" a = b\n= x\n", []mistake{
			{"1:1", `"zone"`, "LW001", "where a statement begins", "keyword"},
			{"2:1", "=", "LW001", "where a statement begins", "keyword"}}},
		"wrong escape":       {`include "a\nb\\\"c"`, []mistake{{"1:11", `\n`, "LW005", "unknown escape", `\\`}}},
		"string not closed":  {"service \"a {\n    alow dns\n}\n", []mistake{{"1:9", `"`, "LW005", "not closed", ""}, {"2:5", "alow", "LW002", "", ""}}},
		"control character":  {"zone a = e\x01th0\n# \x1b[31m\n", []mistake{{"1:11", "\x01", "LW004", "U+0001", "remove"}, {"2:3", "\x1b", "LW004", "U+001B", ""}}},
		"invalid UTF-8":      {"zone a = \"\xff\"\nzone b = \xc3\n", []mistake{{"1:11", "\xff", "LW004", "UTF-8", ""}, {"2:10", "\xc3", "LW004", "UTF-8", ""}}},
		"no-break space":     {"zone a\u00a0= b\n", []mistake{{"1:7", "\u00a0", "LW004", "U+00A0", "ordinary blank"}}},
		"direction override": {"zone a = b # \u202e x\n", []mistake{{"1:14", "\u202e", "LW004", "U+202E", ""}}},
		"carriage return":    {"zone a = b\rzone c = d\r\n", []mistake{{"1:11", "", "LW004", "carriage return", ""}, {"1:17", "c", "LW001", "unexpected", ""}}},
		"binary":             {"\x7fELF\x00\x01 allow", []mistake{{"1:5", "\x00", "LW004", "binary", ""}}},
		"UTF-16":             {"\xff\xfez\x00", []mistake{{"1:1", "\xff\xfe", "LW004", "UTF-16", "save it as UTF-8"}}},
	} {
		t.Run(name, func(t *testing.T) { check(t, c.src, c.want...) })
	}
}

func TestContinuedListDoesNotEatStatements(t *testing.T) {
	// A list goes on behind a comma, even with a word that is a keyword, as long
	// as it stands further in than its statement.
	f := parse(t, "net a = x,\n    local,\n    host\nservice s {\n    home a,\n        service\n    allow dns from a,\n        forward on b\n}\n")
	if n := len(f.Body.Stmts); n != 2 {
		t.Fatalf("%d statements", n)
	}
	if items := f.Body.Stmts[0].(*ast.Net).Items; len(items) != 3 || items[2].Text != "host" {
		t.Errorf("items %v", items)
	}
}

func TestMarkAndLineEnds(t *testing.T) {
	f := parse(t, "\ufeffzone a = b # c\r\nservice s {\r\n    allow tcp { 80,\r\n 443 }\r\n}\r\n")
	z := f.Body.Stmts[0].(*ast.Zone)
	if z.Name.Text != "a" || z.Name.Span.Start != 8 || z.Trail.Text != "# c" || z.Ifaces[0].Text != "b" {
		t.Errorf("%+v", z)
	}
	check(t, "\ufefffrobnicate\r\nzone \ufeffa = b\r\n",
		mistake{"1:4", "frobnicate", "LW002", "unknown", ""},
		mistake{"2:6", "\ufeff", "LW004", "byte order mark", "remove"})
}

func TestTooManyMistakes(t *testing.T) {
	var l diag.List
	parser.Parse(diag.NewFile("t", []byte(strings.Repeat("frobnicate\n", 5000))), &l)
	if len(l.All) != parser.MaxErrors+1 {
		t.Fatalf("%d diagnostics", len(l.All))
	}
	last := l.All[parser.MaxErrors]
	if last.Code != "LW009" || last.Span.String() != fmt.Sprintf("t:%d:1", parser.MaxErrors+1) {
		t.Errorf("%s %s %s", last.Span, last.Code, last.Message)
	}
}

func TestParsePacket(t *testing.T) {
	var l diag.List
	k := parser.ParsePacket(diag.NewFile("t", []byte("udp from 10.0.0.1:4 on eth0 to [fd00::1]:53")), &l)
	if len(l.All) > 0 || k == nil || k.Traffic.Kind.Text != "udp" || k.From.Text != "10.0.0.1:4" ||
		k.On.Text != "eth0" || k.To.Text != "[fd00::1]:53" || k.Self || k.Any {
		t.Errorf("%+v %v", k, l.All)
	}
	for _, bad := range []string{"", "udp", "udp from any to a b", "udp from any to a\nx", "udp from any to a at h", "udp from self to \"a", "{}"} {
		var l diag.List
		if k := parser.ParsePacket(diag.NewFile("t", []byte(bad)), &l); k != nil || len(l.All) != 1 {
			t.Errorf("%q: %+v, %d mistakes", bad, k, len(l.All))
		}
	}
}
