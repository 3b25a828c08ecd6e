package nft

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// loaded are the texts of the test data, each a ruleset of its own.
func loaded(t *testing.T) []asked {
	t.Helper()
	out := append(askedRules(t), askedTexts(t)...)
	files, err := filepath.Glob("testdata/foreign/*.nft")
	if err != nil || len(files) == 0 {
		t.Fatal("no rulesets: ", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, asked{filepath.Base(name), string(text)})
	}
	return out
}

// listing of a ruleset in the kernel, as nft prints it, and as JSON once more of
// what we wrote as JSON: a complaint of nft's first.
type listing struct{ text, json, complaint, again string }

// exception is why two views of a text differ, and in how many objects.
type exception struct {
	objects int
	why     string
}

// inListing are the texts that nft lists in other words than they were loaded
// in.
func inListing() map[string]exception {
	return map[string]exception{
		`inet | ip saddr { 10.0.0.0/8, 10.1.0.0/16 } accept`: {1, "one contains the other"},
		"the same twice": {1, "what stands there twice is there once"},
		"the same value": {1, "what stands there twice is there once"},
		"sets":           {1, "auto-merge merges"},
		"matches.nft":    {2, "a mask that is a prefix; neighbours in a set become a range"},
		"sets.nft":       {1, "a range that is a prefix"},
		"statements.nft": {5, "the mask below bits that are set; the size of a meter; in a bridge, ether type and meta protocol"},
		"objects":        {1, "a helper without l3proto is for the family of its table"},
		`inet | meta nfproto ipv4 tcp dport 1 reject`: {1, "nft leaves out a match that the statement behind it implies"},
		`inet | @th,16,16 53 accept`:                  {1, "nft takes the place for th dport"},
		`inet | @ll,0,1 1`:                            {1, "nft asks for whole bytes"},
		`ip | ct original saddr { 1.2.3.4 } accept`:   {1, "a set of one element"},
		`ip6 | rt0 addr[1] ::1`:                       {1, "the bytes are the same as srh sid[1]"},
	}
}

// nowhere are the texts that nft 1.0.6 lists as JSON of which nothing can be
// made: a table with a flag (memory that it has given back), a type without a
// size; and of which it takes no JSON either.
func nowhere(name string) bool { return name == "dormant" || name == "unsaid.nft" }

// unsaid are the texts that our JSON refuses, because nft's has no word for what they
// say: values of a map that are ranges, which it lists without saying so.
func unsaid(name string) bool { return name == "values that are ranges" }

// inJSON are the texts of which nft 1.0.6 lists less as JSON.
func inJSON() map[string]exception {
	return map[string]exception{
		`inet | comment "x"`: {1, "comment of a chain"},
		"chain comment":      {2, "comments of a table and of a chain"},
		"sets":               {1, "auto-merge"},
		"sets.nft":           {1, "auto-merge"},
		"statements.nft":     {3, "comments of a table and of a chain; the device of a chain"},
		"netdev":             {1, "the device of a chain"},
		"netdev devices":     {1, "the device of a chain"},
		"inet ingress":       {1, "the device of a chain"},
	}
}

// overJSON are the texts that can't be loaded as JSON, or not the same.
func overJSON() map[string]exception {
	return map[string]exception{
		"sets.nft":                              {1, "the comment of a set"},
		"statements.nft":                        {1, "nft 1.0.6 passes over what a ct timeout says, in its own listing too"},
		"maps":                                  {15, "values of several parts: nft makes a set of such a map, and we refuse"},
		"objects":                               {19, "nft 1.0.6 lists objects of synproxy and expectations as JSON and takes neither"},
		"anonymous chain":                       {3, "no words for a chain without a name"},
		`ip | ct original saddr 1.2.3.4 accept`: {1, "written as ct original ip saddr, which means the same"},
		`ip | ct original saddr { 1.2.3.4 } accept`: {1, "written as ct original ip saddr, which means the same"},
	}
}

// listings of the texts that nft loads, by number.
func listings(t *testing.T, all []asked) map[int]listing {
	t.Helper()
	files := map[string][]byte{}
	for i, a := range all {
		files[fmt.Sprintf("in%d", i)] = []byte(a.text)
		rs := Read(diag.NewFile("in", []byte(a.text)), Options{}, &diag.List{})
		if doc, _ := (JSON{Plain: true}).Write(rs); doc != nil {
			files[fmt.Sprintf("out%d", i)] = doc
		}
	}
	const script = `
i=0
while [ -e in$i ]; do
	nft flush ruleset
	if nft -f in$i >/dev/null 2>&1; then
		nft list ruleset
		printf '\002'
		nft -j list ruleset
		nft flush ruleset
		printf '\002'
		if [ -e out$i ]; then nft -j -f out$i >/dev/null 2>err || echo "exit code $?: $(head -n1 err)"; printf '\002'; nft -j list ruleset; fi
	fi
	printf '\001'
	i=$((i+1))
done`
	out, err := kernel.Script(t, script, files, "nft")
	if err != nil {
		t.Fatal(err)
	}
	found := map[int]listing{}
	for i, s := range strings.Split(out, "\x01") {
		if p := strings.Split(s, "\x02"); len(p) > 2 {
			p = append(p, "")
			found[i] = listing{p[0], p[1], p[2], p[3]}
		}
	}
	return found
}

// A ruleset read from its source, from nft's listing of it and from nft's JSON is
// the same model; and what is written as JSON after reading the source is the
// same to the kernel as the source.
func TestListings(t *testing.T) {
	all := loaded(t)
	found := listings(t, all)
	t.Run("source and text", func(t *testing.T) {
		for i, l := range found {
			alike(t, all[i].name, inListing(), Read(diag.NewFile("in", []byte(all[i].text)), Options{}, &diag.List{}), readListing(t, all[i].name, l.text))
		}
	})
	t.Run("text and JSON", func(t *testing.T) {
		for i, l := range found {
			if nowhere(all[i].name) {
				continue
			}
			var said diag.List
			rs := ReadJSON(diag.NewFile("json", []byte(l.json)), Options{}, &said)
			if said.Errors() > 0 {
				t.Errorf("%s: %s", all[i].name, said.All[0].Message)
				continue
			}
			alike(t, all[i].name, inJSON(), readListing(t, all[i].name, l.text), rs)
		}
	})
	t.Run("round trip", func(t *testing.T) {
		for i, l := range found {
			if nowhere(all[i].name) || unsaid(all[i].name) {
				continue
			}
			trip(t, all[i].name, l)
		}
	})
	t.Logf("%d of %d are loaded and compared", len(found), len(all))
}

func readListing(t *testing.T, name, text string) *ruleset.Ruleset {
	t.Helper()
	var said diag.List
	rs := Read(diag.NewFile("listing", []byte(text)), Options{}, &said)
	if said.Errors() > 0 {
		t.Errorf("%s: the listing: %s: %s", name, said.All[0].Span.FileLine(), said.All[0].Message)
	}
	return rs
}

// alike compares models.
func alike(t *testing.T, name string, exceptions map[string]exception, a, b *ruleset.Ruleset) {
	t.Helper()
	excused(t, name, exceptions, model(t, a), model(t, b))
}

// excused says in what two views of a ruleset differ, unless that is known.
func excused(t *testing.T, name string, exceptions map[string]exception, a, b []string) {
	t.Helper()
	differ := unlike(a, b)
	if e := exceptions[name]; len(differ) != e.objects {
		t.Errorf("%s: %d differences, expected are %d: %s\n%s", name, len(differ), e.objects, e.why, strings.Join(differ, "\n"))
	}
}

// trip compares what the kernel had of the source and then of our JSON.
func trip(t *testing.T, name string, l listing) {
	t.Helper()
	if _, known := overJSON()[name]; l.complaint != "" && !known {
		t.Errorf("%s: nft says of the JSON: %s", name, l.complaint)
		return
	}
	excused(t, name, overJSON(), objects(t, l.json), objects(t, l.again))
}

// model of a ruleset: the objects of its JSON, with what is implied.
func model(t *testing.T, rs *ruleset.Ruleset) []string {
	t.Helper()
	for _, tb := range rs.Tables {
		for _, c := range tb.Chains {
			for _, r := range c.Rules {
				for _, st := range r.Body {
					if m, ok := st.(*ruleset.Match); ok {
						m.Implied = false
					}
				}
			}
		}
	}
	doc, mistakes := JSON{Model: true}.Write(rs)
	if doc == nil {
		t.Fatal(mistakes[0].Message)
	}
	return objects(t, string(doc))
}

// objects of nft's JSON, each in one form; none where it is no JSON.
func objects(t *testing.T, doc string) (out []string) {
	t.Helper()
	var list struct{ Nftables []any }
	d := json.NewDecoder(strings.NewReader(doc))
	d.UseNumber()
	if d.Decode(&list) != nil {
		return nil
	}
	for _, o := range list.Nftables {
		if b, _ := json.Marshal(usual(o, "")); !bytes.HasPrefix(b, []byte(`{"metainfo"`)) {
			out = append(out, string(b))
		}
	}
	return out
}

// usual form of JSON: without handles and counts, elements in an order, and no
// burst where it is the usual one, of which nft's text says nothing.
func usual(v any, key string) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "handle")
		delete(v, "expires")
		if val, ok := v["val"]; ok && key == "elem" && len(v) == 1 {
			return usual(val, "")
		}
		switch {
		case key == "counter":
			delete(v, "packets")
			delete(v, "bytes")
		case key == "limit" && v["rate_unit"] == nil && v["burst"] == json.Number("5"):
			delete(v, "burst")
		case key == "limit" && v["burst"] == json.Number("0"):
			delete(v, "burst")
			delete(v, "burst_unit")
		}
		for k := range v {
			v[k] = usual(v[k], k)
		}
		if e, ok := v["elem"]; ok && len(v) == 1 {
			if _, pair := e.(map[string]any); !pair {
				return e // an element of which nothing but the value is said
			}
		}
	case []any:
		for i := range v {
			v[i] = usual(v[i], "")
		}
		if key == "elem" || key == "set" {
			slices.SortFunc(v, func(a, b any) int {
				x, _ := json.Marshal(a)
				y, _ := json.Marshal(b)
				return bytes.Compare(x, y)
			})
		}
	}
	return v
}

// unlike are the objects in which two lists differ, as each has them; all of the
// longer one where the other is empty.
func unlike(a, b []string) (out []string) {
	for i := range max(len(a), len(b)) {
		x, y := "nothing", "nothing"
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			out = append(out, x+"\nand then\n"+y)
		}
	}
	return out
}

// A map with values of several parts is refused as JSON, of which nft would make
// a set, and is there in the model.
func TestPartsInJSON(t *testing.T) {
	var l diag.List
	rs := Read(diag.NewFile("in", []byte("table ip t { map m { type mark : ipv4_addr . inet_service; }; }")), Options{}, &l)
	if doc, mistakes := (JSON{Plain: true}).Write(rs); doc != nil || len(mistakes) != 1 || mistakes[0].Code != "LW090" {
		t.Errorf("%v\n%s", mistakes, doc)
	}
	if doc, mistakes := (JSON{Model: true}).Write(rs); doc == nil || len(mistakes) != 0 {
		t.Error(mistakes)
	}
}

// What nft lists as a type without a name, and would not take back, is no mistake:
// of such a set nothing is known.
func TestListedTypes(t *testing.T) {
	var l diag.List
	rs := ReadJSON(diag.NewFile("in", []byte(`{"nftables": [{"table": {"family": "ip", "name": "t"}},
{"set": {"family": "ip", "name": "v", "table": "t", "type": ["ether_addr", "integer"], "elem": [{"concat": ["00:00:00:00:00:01", 5]}]}},
{"chain": {"family": "ip", "table": "t", "name": "c"}}]}`)), Options{}, &l)
	if l.Errors() > 0 || len(l.All) != 1 || l.All[0].Code != ruleset.CodeOpaque {
		t.Errorf("%v", l.All)
	}
	if set := rs.Tables[0].Find("v"); set == nil || !rs.Changes().Open(set) {
		t.Errorf("%+v", set)
	}
	if text, mistakes := (Text{Plain: true}).Write(rs); text != nil || len(mistakes) == 0 {
		t.Errorf("written: %s", text)
	}
}

// nft makes a base chain of "type", "hook" and a number "prio" alone, and else,
// without a word, a chain that nothing calls.
func TestChainsWithoutPriority(t *testing.T) {
	for prio, base := range map[string]bool{`"prio":0`: true, `"prio":"filter"`: false, `"policy":"drop"`: false} {
		var l diag.List
		rs := ReadJSON(diag.NewFile("in", []byte(`{"nftables":[{"table":{"family":"ip","name":"t"}},{"reset":{"counters":null}},
{"chain":{"family":"ip","table":"t","name":"c","type":"filter","hook":"input",`+prio+`}}]}`)), Options{}, &l)
		if l.Errors() > 0 || (rs.Tables[0].Chains[0].Base != nil) != base || (len(l.All) == 0) != base {
			t.Errorf("%s: %v %+v", prio, l.All, rs.Tables[0].Chains[0])
		}
	}
}
