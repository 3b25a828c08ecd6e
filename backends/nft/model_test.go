package nft

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// The model of an iptables ruleset is JSON in nft's words as far as they go.
func TestModelOfIptables(t *testing.T) {
	const text = `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:own - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 22 -j own
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m limit --limit 5/sec -j LOG --log-prefix "in: "
-A INPUT -m set --match-set bad src -j DROP
COMMIT
`
	l := &diag.List{}
	rs := iptables.Read(diag.NewFile("x.rules", []byte(text)), ruleset.IP, l)
	rs.IPSets = []*ruleset.Set{{Name: "bad", Key: []ruleset.Expr{ruleset.IPSaddr}, IPSet: &ruleset.IPSetType{Type: "hash:ip", Family: ruleset.IP, Options: []string{"maxelem", "10"}},
		Elems: []ruleset.Elem{{Key: []ruleset.Term{ruleset.Num(7)}, Except: true}}}}
	doc, mistakes := JSON{Model: true}.Write(rs)
	if mistakes != nil || !json.Valid(doc) {
		t.Fatalf("%v\n%s", mistakes, doc)
	}
	for _, want := range []string{
		`{"chain":{"family":"ip","table":"filter","name":"INPUT","type":"filter","hook":"input","prio":0,"policy":"drop"}}`,
		`{"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":22}}`,
		`{"match":{"op":"in","left":{"ct":{"key":"state"}},"right":["established","related"]}}`,
		`{"xt":{"type":"match","name":"set","args":["--match-set","bad","src"],"means":[{"match":{"op":"==","left":null,"right":{"ipset":"bad"}}}]}}`,
		`{"limit":{"rate":5,"per":"second","burst":5}},{"log":{"prefix":"in: "}}`,
		`{"ipset":{"name":"bad","type":"hash:ip","family":"ip","options":["maxelem","10"],"elem":[
{"elem":{"val":"0.0.0.7","nomatch":true}}]}}`,
	} {
		if !strings.Contains(string(doc), want) {
			t.Errorf("no %s in\n%s", want, doc)
		}
	}
}

// The model of every ruleset of the corpus is JSON.
func TestModelOfCorpus(t *testing.T) {
	var files []string
	for _, depth := range []string{"*", "*/*", "*/*/*"} {
		m, _ := filepath.Glob("../../../shared/corpus/iptables/" + depth)
		files = append(files, m...)
	}
	if len(files) == 0 {
		t.Skip("there is no corpus beside the checkout")
	}
	n, xt, opaque, may := 0, 0, 0, 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		for _, f := range []ruleset.Family{ruleset.IP, ruleset.IP6} {
			l := &diag.List{Max: 10}
			doc, mistakes := JSON{Model: true}.Write(iptables.Read(diag.NewFile(name, text), f, l))
			if mistakes != nil || !json.Valid(doc) {
				t.Errorf("%s: %v no JSON", name, mistakes)
			}
			n++
			xt += strings.Count(string(doc), `{"xt":`)
			opaque += strings.Count(string(doc), `{"opaque":`)
			may += strings.Count(string(doc), `{"may":`)
		}
	}
	t.Logf("%d readings, %d extensions that nft can't say, %d opaque, %d may", n, xt, opaque, may)
}
