package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/loward/loward/backends/ipset"
	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Read what the kernel holds. What a listing has that is not understood goes to
// the list; an error is a tool that failed, or that is missing while the kernel
// may have something which it alone can show.
//
// The tools are run one after the other, so a change meanwhile can show in one
// listing and not in the next.
func Read(ctx context.Context, tool Tool, l *diag.List) (*ruleset.Ruleset, error) {
	r := reader{ctx: ctx, tool: tool, l: l}
	text, said, err := tool(ctx, "nft", "list", "ruleset")
	if err != nil {
		return nil, fmt.Errorf("the tables of nf_tables can't be listed: %w", err)
	}
	rs := r.nftables(text, said)
	for _, f := range []ruleset.Family{ruleset.IP, ruleset.IP6} {
		legacy, err := r.legacy(f)
		if err != nil {
			return nil, err
		}
		rs.Tables = append(rs.Tables, legacy...)
	}
	r.sets(rs)
	return rs, nil
}

// reader reads a kernel.
type reader struct {
	ctx  context.Context
	tool Tool
	l    *diag.List
}

// nftables are the tables that nft lists. What iptables made comes from iptables:
// nft has no words for much of it, and shows the rest in a translation. said is
// what nft printed to standard error.
func (r *reader) nftables(text, said []byte) *ruleset.Ruleset {
	var l diag.List
	rs := nft.Read(diag.NewFile("nft list ruleset", text), nft.Options{}, &l)
	saved := map[ruleset.Family][]*ruleset.Table{}
	for i, t := range rs.Tables {
		if !managed(t, text, said) {
			continue
		}
		if saved[t.Family] == nil {
			saved[t.Family] = r.saved(t.Family)
		}
		if s := find(saved[t.Family], t); s != nil {
			rs.Tables[i] = s
			l.All = outside(l.All, t.Origin)
			continue
		}
		r.l.Warnf(t.Origin, "read, not modelled: table %s %s is iptables', and iptables does not show all of it: its rules are read as nft translates them", t.Family, t.Name).WithCode(ruleset.CodeOpaque)
	}
	r.l.All = append(r.l.All, l.All...)
	return rs
}

// managed says whether nft warns that a table is iptables': to standard error, or
// in a comment of the listing (from nft 1.0.9 on).
func managed(t *ruleset.Table, listing, said []byte) bool {
	warning := fmt.Appendf(nil, "# Warning: table %s %s is managed by iptables-nft", t.Family, t.Name)
	return bytes.Contains(said, warning) || bytes.Contains(listing, warning)
}

// find the table that is the same as nft's.
func find(saved []*ruleset.Table, listed *ruleset.Table) *ruleset.Table {
	for _, s := range saved {
		if s.Name == listed.Name && same(listed, s) {
			return s
		}
	}
	return nil
}

// saved are the tables that iptables' variant for nf_tables prints.
func (r *reader) saved(f ruleset.Family) []*ruleset.Table {
	name, text := r.save(f, "nf_tables")
	if text == nil {
		return nil
	}
	var l diag.List
	tables := iptables.Read(diag.NewFile(name, text), f, &l).Tables
	// Tables that the tool shows in part, and says so.
	partly := map[string]bool{}
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte("# Table `")); ok {
			table, _, _ := bytes.Cut(rest, []byte("'"))
			partly[string(table)] = true
		}
	}
	var out []*ruleset.Table
	for _, t := range tables {
		if !partly[t.Name] {
			out = append(out, t)
		}
	}
	r.l.All = append(r.l.All, l.All...)
	return out
}

// legacy are the tables of x_tables.
func (r *reader) legacy(f ruleset.Family) ([]*ruleset.Table, error) {
	name, text := r.save(f, "legacy")
	if text == nil {
		// The kernel lists the tables that it has, to root; without the module there
		// is no list.
		names, err := os.ReadFile(map[ruleset.Family]string{ruleset.IP: "/proc/net/ip_tables_names", ruleset.IP6: "/proc/net/ip6_tables_names"}[f])
		if err == nil && len(bytes.TrimSpace(names)) > 0 {
			return nil, fmt.Errorf("the kernel has tables of x_tables (%s), and there is no %s to list them", bytes.Join(bytes.Fields(names), []byte(", ")), name)
		}
		return nil, nil
	}
	tables := iptables.Read(diag.NewFile(name, text), f, r.l).Tables
	for _, t := range tables {
		t.Legacy = true
	}
	return tables, nil
}

// save gives what iptables-save or ip6tables-save of a variant prints, and the
// name of the command; the text is nil where there is no such command, or where
// it fails, as it does without its kernel module.
func (r *reader) save(f ruleset.Family, variant string) (name string, text []byte) {
	tool := map[ruleset.Family]string{ruleset.IP: "iptables", ruleset.IP6: "ip6tables"}[f]
	suffix := map[string]string{"nf_tables": "-nft-save", "legacy": "-legacy-save"}[variant]
	name = tool + suffix
	text, _, err := r.tool(r.ctx, name)
	if errors.Is(err, exec.ErrNotFound) {
		plain := tool + "-save"
		version, _, err := r.tool(r.ctx, plain, "-V")
		if err != nil || !bytes.Contains(version, []byte("("+variant+")")) {
			return name, nil
		}
		name = plain
		if text, _, err = r.tool(r.ctx, name); err != nil {
			return name, nil
		}
		return name, text
	}
	if err != nil {
		return name, nil
	}
	if text == nil {
		text = []byte{}
	}
	return name, text
}

// sets adds those of ipset. Without the tool they stay unknown.
func (r *reader) sets(rs *ruleset.Ruleset) {
	if text, _, err := r.tool(r.ctx, "ipset", "save"); err == nil {
		rs.IPSets = ipset.Read(diag.NewFile("ipset save", text), r.l)
		rs.IPSetsComplete = true
	}
	iptables.CompleteSets(rs, r.l)
}
