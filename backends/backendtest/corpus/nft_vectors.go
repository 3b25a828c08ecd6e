package corpus

import (
	"strings"

	"github.com/loward/loward/backends/kind"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// NftVectors reads each line of nftables' tests in each table and chain that it
// is for.
func (c *Corpus) NftVectors() ([]Vector, error) {
	var out []Vector
	var p *pyFile
	err := tests(c.Root, "nftables-py", func(name string, n int, line string) {
		if p == nil || p.name != name {
			p = &pyFile{name: name, chains: map[string]string{}}
		}
		for _, v := range p.line(line) {
			v.File, v.Line = name, n
			out = append(out, v)
		}
	})
	return out, err
}

// pyFile is one of upstream's files while it is being read.
type pyFile struct {
	name   string
	chains map[string]string // name: type and hook
	tables []pyTable
}

type pyTable struct {
	family, name string
	chains       []string
	// body are the sets, maps and objects declared so far, elems the commands that
	// fill them.
	body, elems []string
}

// line gives the vectors of a line.
func (p *pyFile) line(s string) []Vector {
	switch s[0] {
	case '-':
		return nil // known not to work upstream
	case ':':
		name, def, _ := strings.Cut(s[1:], ";")
		p.chains[name] = def
		return nil
	case '*':
		if cols := strings.Split(s[1:], ";"); len(cols) == 3 {
			p.tables = append(p.tables, pyTable{family: cols[0], name: cols[1], chains: strings.Split(cols[2], ",")})
		}
		return nil
	case '!', '?', '%':
		return p.declare(s)
	}
	cols := strings.Split(s, ";")
	if len(cols) < 2 {
		return nil
	}
	ok := strings.TrimSpace(cols[1]) == "ok"
	var out []Vector
	for i := range p.tables {
		t := &p.tables[i]
		for _, chain := range t.chains {
			v := Vector{Family: familyOf(t.family), Text: cols[0], OK: ok}
			v.Why = p.rule(t, chain, cols[0], ok)
			if want := at(cols, 2); v.Why == "" && ok && want != "" {
				got, _ := p.read(t, chain, cols[0])
				printed, l := p.read(t, chain, want)
				if why := judge(true, printed, l); why != "" {
					v.Why = "upstream's own output: " + why
				} else if a, b := meaning(got), meaning(printed); a != b {
					v.Why = "means " + a + ", and upstream's output " + b
				}
			}
			out = append(out, v)
		}
	}
	return out
}

func at(cols []string, i int) string {
	if i < len(cols) {
		return strings.TrimSpace(cols[i])
	}
	return ""
}

// declare a set, elements or an object in each table.
func (p *pyFile) declare(s string) []Vector {
	cut := strings.LastIndexByte(s, ';')
	if cut < 0 {
		return nil
	}
	def, ok := strings.TrimSpace(s[1:cut]), strings.TrimSpace(s[cut+1:]) == "ok"
	name, rest, _ := strings.Cut(def, " ")
	var out []Vector
	for i := range p.tables {
		t := &p.tables[i]
		v := Vector{Family: familyOf(t.family), Text: s[:cut], OK: ok}
		was := *t
		switch s[0] {
		case '!':
			t.body = append(t.body[:len(t.body):len(t.body)], setText(name, rest))
		case '%':
			t.body = append(t.body[:len(t.body):len(t.body)], objectText(name, rest))
		case '?':
			t.elems = append(t.elems[:len(t.elems):len(t.elems)], "add element "+t.family+" "+t.name+" "+name+" { "+rest+" }")
		}
		var l diag.List
		readText(kind.Nft, p.text(t, "", ""), &l)
		switch {
		case ok && l.Errors() > 0:
			v.Why = "refused: " + message(&l)
		case !ok && l.Errors() == 0:
			v.Why = "taken, and upstream refuses it"
		}
		if !ok || l.Errors() > 0 {
			*t = was
		}
		out = append(out, v)
	}
	return out
}

// setText is a line !NAME DEFINITION as nft has it.
func setText(name, def string) string {
	kind := "set"
	// Upstream's script puts a semicolon in front of these.
	for _, word := range []string{" timeout ", " flags "} {
		def = strings.Replace(def, word, ";"+word, 1)
	}
	for _, part := range strings.Split(def, ";") {
		words := strings.Fields(part)
		if len(words) > 1 && (words[0] == "type" || words[0] == "typeof") && contains(words, ":") {
			kind = "map"
		}
	}
	return kind + " " + name + " { " + strings.TrimSuffix(def, ";") + "; }"
}

func contains(words []string, w string) bool {
	for _, x := range words {
		if x == w {
			return true
		}
	}
	return false
}

// objectText is a line %NAME type KIND DEFINITION.
func objectText(name, def string) string {
	def = strings.TrimSpace(strings.TrimPrefix(def, "type "))
	for _, kind := range []string{"counter", "quota", "limit", "ct helper", "ct timeout", "ct expectation", "synproxy", "secmark"} {
		rest, ok := strings.CutPrefix(def, kind)
		if !ok {
			continue
		}
		if rest = strings.TrimSpace(rest); !strings.HasPrefix(rest, "{") {
			if rest == "" {
				return kind + " " + name + " { }"
			}
			rest = "{ " + rest + " }"
		}
		return kind + " " + name + " " + rest
	}
	return def
}

// rule says how a rule is read, against what upstream says.
func (p *pyFile) rule(t *pyTable, chain, rule string, ok bool) string {
	r, l := p.read(t, chain, rule)
	return judge(ok, r, l)
}

func (p *pyFile) read(t *pyTable, chain, rule string) (*ruleset.Rule, *diag.List) {
	var l diag.List
	return lastRule(readText(kind.Nft, p.text(t, chain, rule), &l), chain), &l
}

// text of a table with its chains, and a rule.
func (p *pyFile) text(t *pyTable, chain, rule string) string {
	var b strings.Builder
	b.WriteString("table " + t.family + " " + t.name + " {\n")
	for _, d := range t.body {
		b.WriteString("\t" + d + "\n")
	}
	for _, c := range t.chains {
		b.WriteString("\tchain " + c + " { ")
		if def := p.chains[c]; def != "" {
			b.WriteString(def + "; ")
		}
		b.WriteString("}\n")
	}
	b.WriteString("}\n")
	for _, e := range t.elems {
		b.WriteString(e + "\n")
	}
	if rule != "" {
		b.WriteString("add rule " + t.family + " " + t.name + " " + chain + " " + rule + "\n")
	}
	return b.String()
}

func familyOf(s string) ruleset.Family {
	for _, f := range []ruleset.Family{ruleset.IP, ruleset.IP6, ruleset.ARP, ruleset.Bridge, ruleset.Netdev} {
		if f.String() == s {
			return f
		}
	}
	return ruleset.Inet
}
