package schema

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/backends/nft/internal/syntax"
	"github.com/loward/loward/dsl/diag"
)

func parse(data string) (cmds []*syntax.Cmd, l diag.List) {
	for c := range Parse(diag.NewFile("x.json", []byte(data)), Options{"LW001", "LW061"}, &l) {
		cmds = append(cmds, c)
	}
	return cmds, l
}

// What nft lists of rulesets that have everything is all in the schema.
func TestListed(t *testing.T) {
	files, _ := filepath.Glob("../../testdata/foreign/*.nft")
	if len(files) == 0 {
		t.Fatal("no test data")
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out, err := kernel.Script(t, "nft -f x\nnft -j list ruleset", map[string][]byte{"x": text}, "nft")
		if err != nil {
			t.Fatal(err)
		}
		cmds, l := parse(out)
		for _, d := range l.All {
			t.Errorf("%s: %s: %s", filepath.Base(name), d.Message, d.Span.Text())
		}
		if len(cmds) < 5 {
			t.Errorf("%s: %d commands", name, len(cmds))
		}
	}
}

// What nft can't print as JSON it prints as its text, which is read as such.
func TestSpelled(t *testing.T) {
	cmds, l := parse(`{"nftables":[{"rule":{"family":"inet","table":"t","chain":"c","handle":5,"expr":["update @m { ip saddr timeout 10s : meta mark }","jump {\n\t\tip saddr 10.0.0.1 accept\n\t\tcounter packets 0 bytes 0 drop\n\t}","frobnicate ("]}}]}`)
	if len(l.All) != 1 || !strings.Contains(l.All[0].Message, `the statement "frobnicate ("`) || len(cmds) != 1 {
		t.Fatalf("%v", l.All)
	}
	s := cmds[0].Rule.Stmts
	if s[0].Kind != syntax.SSetUpdate || s[0].Update.Timeout.Value != 10000 || s[1].Kind != syntax.SVerdict || len(s[1].Expr.Rules) != 2 || s[2].Kind != syntax.SXT {
		t.Errorf("%v %v %v", s[0].Kind, s[1].Kind, s[2].Kind)
	}
	if s[1].Expr.Rules[0].Stmts[0].Span.Position().Line != 1 {
		t.Error(s[1].Expr.Rules[0].Stmts[0].Span)
	}
}

// Every mistake is told where it stands.
func TestMistakes(t *testing.T) {
	rule := func(expr string) string {
		return `{"nftables":[{"add":{"rule":{"family":"ip","table":"t","chain":"c","expr":[` + expr + `]}}}]}`
	}
	tests := []struct{ in, want string }{
		{``, `1:1: the JSON ends here, where "{" at the beginning`},
		{`[]`, `1:1: unexpected "["`},
		{`{"nftables":[}`, `1:14: unexpected "}"`},
		{"{\n\"nftables\":[{\"table\" {}}]}", `2:22: unexpected "{" in JSON: expected ":"`},
		{`{"nftables":[{"table":{"family":"ipx","name":"t"}}]}`, `1:33: no family "ipx"`},
		{`{"nftables":[{"table":{"family":"ip"}}]}`, `1:23: the field "name" is missing`},
		{`{"nftables":[{"add":{"tables2":{}}}]}`, `1:22: read, not modelled: "tables2"`},
		{`{"nftables":[{"table":{"family":"ip","name":5}}]}`, `1:45: name is a string, not a number`},
		{`{"nftables":[{"table":{"family":"ip","name":"t\x"}}]}`, `1:45: a string with an escape`},
		{`{"nftables":[tru]}`, `1:14: "tru" is no value`},
		{`{"nftables":[]} x`, `1:17: unexpected "x"`},
		{`{"other":[]}`, `the field "other"`},
		{rule(`{"match":{"op":"=~","left":{"meta":{"key":"mark"}},"right":5}}`), `no operator "=~"`},
		{rule(`{"match":{"op":"==","right":5}}`), `the field "left" is missing`},
		{rule(`{"frobnicate":{}}`), `read, not modelled: the statement "frobnicate"`},
		{rule(`{"mangle":{"key":{"moon":{"phase":1}},"value":5}}`), `read, not modelled: the expression "moon"`},
		{rule(`5`), `a statement is an object with one field`},
		{rule(`{"jump":null}`), `jump is an object`},
		{rule(`{"limit":{"rate":-5}}`), `rate is a number that is not negative`},
		{rule(`{"match":{"left":{"range":[1]},"right":1}}`), `a range is an array of two values`},
		{rule(`{"match":{"left":{"|":[1]},"right":1}}`), `combines an array`},
		{rule(`{"match":{"left":1.5,"right":1}}`), `1.5 is no whole number`},
		{strings.Repeat(`[`, 1000), `unexpected`},
		{`{"nftables":` + strings.Repeat(`[`, 1000), `JSON more than 128 deep`},
	}
	for _, tt := range tests {
		_, l := parse(tt.in)
		if len(l.All) == 0 {
			t.Errorf("%.60s: nothing", tt.in)
			continue
		}
		d := l.All[0]
		if got := fmt.Sprintf("%s: %s", position(d.Span), d.Message); !strings.Contains(got, tt.want) {
			t.Errorf("%.200s:\ngot  %s\nwant %s", tt.in, got, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"nftables":[{"metainfo":{"json_schema_version":1}},{"table":{"family":"ip","name":"t","handle":1}},{"set":{"family":"ip","table":"t","name":"s","type":["ipv4_addr","mark"],"map":"verdict","flags":["interval"],"elem":[[{"concat":[{"prefix":{"addr":"10.0.0.0","len":8}},5]},{"accept":null}]]}}]}`)
	f.Add(`{"nftables":[{"insert":{"rule":{"family":"inet","table":"t","chain":"c","handle":5,"expr":[{"match":{"op":"in","left":{"&":[{"ct":{"key":"mark"}},1,2]},"right":["a","b"]}},{"xt":null},"text",{"log":{"prefix":"a\u00e4\ud83d\ude00","flags":["skuid"]}},{"dnat":{"addr":{"map":{"key":{"numgen":{"mode":"inc","mod":2}},"data":{"set":[[0,"10.0.0.1"]]}}},"port":80}},{"limit":{"rate":5,"per":"day","inv":true}},{"jump":{"target":"d"}}]}}}]}`)
	f.Fuzz(func(t *testing.T, s string) {
		for range Parse(diag.NewFile("x", []byte(s)), Options{}, &diag.List{Max: 10}) {
		}
	})
}

func position(s diag.Span) string {
	p := s.Position()
	return fmt.Sprintf("%d:%d", p.Line, p.Column)
}

// A concatenation as one string, and an address of rt0 behind another.
func TestOfOldVersions(t *testing.T) {
	cmds, l := parse(`{"nftables":[{"map":{"family":"ip","table":"t","name":"m","type":"mark","map":"ipv4_addr . inet_service"}},
{"rule":{"family":"ip6","table":"t","chain":"c","expr":[{"match":{"op":"==","left":{"exthdr":{"name":"rt0","field":"addr[1]","offset":2}},"right":"::1"}}]}}]}`)
	if len(l.All) != 0 || len(cmds) != 2 {
		t.Fatal(l.All)
	}
	if d := cmds[0].SetSpec.Data; d.Kind != syntax.XConcat || len(d.Args) != 2 || d.Args[1].Text != "inet_service" {
		t.Errorf("%+v", d)
	}
	if e := cmds[1].Rule.Stmts[0]; e.Expr.Args[0].Field != "addr" || e.Expr.Args[0].Nums[0].Value != 3 {
		t.Errorf("%+v", e.Expr)
	}
}
