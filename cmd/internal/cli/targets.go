package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/loward/loward/backends/iproute"
	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler"
	"github.com/loward/loward/compiler/convert"
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// target is something a policy can be compiled to. Its name is also the
// extension of its files.
type target struct {
	name, help string
	// shape to which a policy is lowered, and the text of that.
	shape compiler.Target
	write func(rs *ruleset.Ruleset, reload bool) ([]byte, []*diag.Diagnostic)
	// view gives the text of a target that is no ruleset; it is nil for the others.
	view func(v *policy.View) ([]byte, []*diag.Diagnostic)
	// translate does so with a ruleset that somebody else wrote. It is nil where
	// the target is none for rulesets.
	translate func(rs *ruleset.Ruleset, l *diag.List) []byte
}

// targets lists them in the order in which help shows them.
func targets() []target {
	return []target{{
		name: "nft", help: "nftables, for nft -f", shape: compiler.Nft,
		write: func(rs *ruleset.Ruleset, _ bool) ([]byte, []*diag.Diagnostic) { return nft.Text{}.Write(rs) },
		translate: func(rs *ruleset.Ruleset, l *diag.List) []byte {
			rs, mistakes := convert.ToNft(rs, nft.ValidName)
			return written(rs, mistakes, l, nft.Text{Plain: true}.Write)
		},
	}, {
		name: "iptables", help: "for iptables-restore --noflush", shape: compiler.IPTables,
		write: restore(ruleset.IP), translate: toIptables(ruleset.IP),
	}, {
		name: "ip6tables", help: "for ip6tables-restore --noflush", shape: compiler.IP6Tables,
		write: restore(ruleset.IP6), translate: toIptables(ruleset.IP6),
	}, {
		name: "iproute", help: "addresses and routes, for ip -batch", view: iproute.Write,
	}, {
		name: "json", help: "of a policy, the nft ruleset for nft -j -f; of a ruleset, what was understood", shape: compiler.Nft,
		write: func(rs *ruleset.Ruleset, _ bool) ([]byte, []*diag.Diagnostic) { return nft.JSON{}.Write(rs) },
		translate: func(rs *ruleset.Ruleset, l *diag.List) []byte {
			return written(rs, nil, l, nft.JSON{Model: true}.Write)
		},
	}}
}

// compile gives the text of a view, and the ruleset that it says; nil for both where
// the list got errors, and no ruleset where the target is none.
func (t *target) compile(v *policy.View, reload bool, l *diag.List) ([]byte, *ruleset.Ruleset) {
	if t.view != nil {
		text, mistakes := t.view(v)
		l.All = append(l.All, mistakes...)
		return text, nil
	}
	rs := compiler.Compile(v, t.shape, l)
	return written(rs, nil, l, func(rs *ruleset.Ruleset) ([]byte, []*diag.Diagnostic) { return t.write(rs, reload) }), rs
}

func restore(f ruleset.Family) func(*ruleset.Ruleset, bool) ([]byte, []*diag.Diagnostic) {
	return func(rs *ruleset.Ruleset, reload bool) ([]byte, []*diag.Diagnostic) {
		return iptables.Restore{Family: f, Reload: reload}.Write(rs)
	}
}

func toIptables(f ruleset.Family) func(*ruleset.Ruleset, *diag.List) []byte {
	return func(rs *ruleset.Ruleset, l *diag.List) []byte {
		rs, mistakes := convert.ToIptables(rs, f)
		if rs != nil {
			rs.Header = append(slices.Clone(rs.Header), setLines(rs, f)...)
		}
		return written(rs, mistakes, l, iptables.Save{Family: f}.Write)
	}
}

// written is the text of a ruleset, or nil where there is none or it can't be
// said.
func written(rs *ruleset.Ruleset, mistakes []*diag.Diagnostic, l *diag.List, writer func(*ruleset.Ruleset) ([]byte, []*diag.Diagnostic)) []byte {
	l.All = append(l.All, mistakes...)
	if rs == nil {
		return nil
	}
	text, mistakes := writer(rs)
	l.All = append(l.All, mistakes...)
	return text
}

// shortHash tells names apart that look alike once they are made safe.
func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:3])
}
