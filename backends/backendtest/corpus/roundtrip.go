package corpus

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/backends/kind"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Way is how a file is loaded, and how what we write of it is: the original's
// tool first.
type Way struct {
	Name string
	Kind kind.Kind
	// load takes the original from the file "in", again what we wrote from "out";
	// show lists what the kernel then has.
	load, again, show string
	write             func(*ruleset.Ruleset) ([]byte, []*diag.Diagnostic)
	same              func(a, b string) string
}

// Ways of the round trip.
func Ways() []Way {
	var out []Way
	for _, family := range []ruleset.Family{ruleset.IP, ruleset.IP6} {
		tool, k := "iptables", kind.Iptables
		if family == ruleset.IP6 {
			tool, k = "ip6tables", kind.Ip6tables
		}
		for _, variant := range []string{"nft", "legacy"} {
			name := tool + "-" + variant
			out = append(out, Way{Name: name, Kind: k, load: name + "-restore <in", again: name + "-restore <out", show: name + "-save",
				write: iptables.Save{Family: family}.Write, same: sameSaved})
		}
	}
	return append(out,
		Way{Name: "nft text", Kind: kind.Nft, load: "nft -f in", again: "nft -f out", show: "nft -j list ruleset", write: nft.Text{Plain: true}.Write, same: sameListed},
		Way{Name: "nft JSON", Kind: kind.Nft, load: "nft -f in", again: "nft -j -f out", show: "nft -j list ruleset", write: nft.JSON{Plain: true}.Write, same: sameListed},
		// What nft itself lists as JSON, read and written by us.
		Way{Name: "nft list -j", Kind: kind.Nft, load: "nft -f in", again: "nft -j -f out", show: "nft -j list ruleset", same: sameListed},
	)
}

// Trip is what came of one file on one way.
type Trip struct {
	File
	Way string
	// Loadable: the tool takes the original here.
	Loadable bool
	// Why it is not the same, or "".
	Why string
}

// RoundTrip loads every file that its tool takes, and what is written of it after
// reading it, and compares what the kernel has of both.
func (c *Corpus) RoundTrip(ctx context.Context) []*Trip {
	var out []*Trip
	for _, w := range Ways() {
		for _, f := range c.Files {
			if f.Kind == w.Kind && f.Valid && ctx.Err() == nil {
				out = append(out, c.trip(ctx, w, f))
			}
		}
	}
	return out
}

func (c *Corpus) trip(ctx context.Context, w Way, f File) *Trip {
	t := &Trip{File: f, Way: w.Name}
	data, err := c.text(f)
	if err != nil {
		t.Why = err.Error()
		return t
	}
	before, _, err := script(ctx, w.load+"\n"+w.show, map[string][]byte{"in": data})
	if err != nil {
		return t // not here, whatever VALID.tsv says: a module may be missing
	}
	t.Loadable = true
	var l diag.List
	var rs *ruleset.Ruleset
	write := w.write
	if write == nil {
		rs, write = readFile(diag.NewFile(f.Path+".json", []byte(before)), kind.NftJSON, nil, &l), nft.JSON{Plain: true}.Write
	} else if rs, err = c.read(f, &l); err != nil {
		t.Why = err.Error()
		return t
	}
	if l.Errors() > 0 {
		t.Why = "reading: " + firstError(l.All)
		return t
	}
	text, mistakes := write(rs)
	if text == nil {
		t.Why = "writing: " + firstError(mistakes)
		return t
	}
	after, msg, err := script(ctx, w.again+"\n"+w.show, map[string][]byte{"out": text})
	if err != nil {
		t.Why = "loading what was written: " + err.Error() + ": " + line(msg)
		return t
	}
	t.Why = w.same(before, after)
	return t
}

func firstError(all []*diag.Diagnostic) string {
	for _, d := range all {
		if d.Severity == diag.Error {
			return d.Span.FileLine() + ": " + d.Message
		}
	}
	return "nothing was written"
}

func line(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return s
}

// sameSaved compares iptables-save output but for comments and counters.
func sameSaved(a, b string) string {
	x, y := saved(a), saved(b)
	for i := range max(len(x), len(y)) {
		switch {
		case i >= len(x):
			return "more than before: " + y[i]
		case i >= len(y):
			return "lost: " + x[i]
		case x[i] != y[i]:
			return fmt.Sprintf("%q became %q", x[i], y[i])
		}
	}
	return ""
}

func saved(s string) []string {
	var out []string
	for l := range strings.Lines(s) {
		l = strings.TrimSuffix(l, "\n")
		if strings.HasPrefix(l, "#") || l == "" {
			continue
		}
		if strings.HasPrefix(l, ":") {
			l, _, _ = strings.Cut(l, " [")
		}
		out = append(out, l)
	}
	return out
}

// sameListed compares nft's JSON but for handles, counters and the order in
// which the elements of a set are listed.
func sameListed(a, b string) string {
	x, err := listed(a)
	if err != nil {
		return err.Error()
	}
	y, err := listed(b)
	if err != nil {
		return err.Error()
	}
	for i := range max(len(x), len(y)) {
		switch {
		case i >= len(x):
			return "more than before: " + y[i]
		case i >= len(y):
			return "lost: " + x[i]
		case x[i] != y[i]:
			return fmt.Sprintf("%s became %s", x[i], y[i])
		}
	}
	return ""
}

func listed(s string) ([]string, error) {
	var doc struct {
		Nftables []any `json:"nftables"`
	}
	d := json.NewDecoder(bytes.NewReader([]byte(s)))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		return nil, err
	}
	var out []string
	for _, o := range doc.Nftables {
		b, err := json.Marshal(plain(o, ""))
		if err != nil {
			return nil, err
		}
		out = append(out, string(b))
	}
	return out, nil
}

// plain removes from JSON what two loads of the same text differ in.
func plain(v any, key string) any {
	switch v := v.(type) {
	case map[string]any:
		for _, gone := range []string{"handle", "packets", "bytes", "expires", "used"} {
			if _, ok := v[gone].(json.Number); ok && (gone == "handle" || gone == "expires" || gone == "used" || key == "counter") {
				delete(v, gone)
			}
		}
		for k := range v {
			v[k] = plain(v[k], k)
		}
		return v
	case []any:
		for i := range v {
			v[i] = plain(v[i], key)
		}
		if key == "elem" || key == "set" {
			slices.SortFunc(v, func(a, b any) int {
				x, _ := json.Marshal(a)
				y, _ := json.Marshal(b)
				return bytes.Compare(x, y)
			})
		}
		return v
	}
	return v
}
