package cli

import (
	"crypto/sha256"
	"encoding/hex"

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
	// compile gives the text, or nil where the list got errors.
	compile func(v *policy.View, reload bool, l *diag.List) []byte
	// translate does so with a ruleset that somebody else wrote. It is nil where
	// the target is none for rulesets.
	translate func(rs *ruleset.Ruleset, l *diag.List) []byte
}

// targets lists them in the order in which help shows them.
func targets() []target {
	return []target{
		{"nft", "nftables, for nft -f", func(v *policy.View, _ bool, l *diag.List) []byte {
			return write(v, compiler.Nft, l, nft.Text{}.Write)
		}, func(rs *ruleset.Ruleset, l *diag.List) []byte {
			rs, mistakes := convert.ToNft(rs, nft.ValidName)
			return written(rs, mistakes, l, nft.Text{Plain: true}.Write)
		}},
		{"iptables", "for iptables-restore --noflush", func(v *policy.View, reload bool, l *diag.List) []byte {
			return write(v, compiler.IPTables, l, iptables.Restore{Family: ruleset.IP, Reload: reload}.Write)
		}, toIptables(ruleset.IP)},
		{"ip6tables", "for ip6tables-restore --noflush", func(v *policy.View, reload bool, l *diag.List) []byte {
			return write(v, compiler.IP6Tables, l, iptables.Restore{Family: ruleset.IP6, Reload: reload}.Write)
		}, toIptables(ruleset.IP6)},
		{"iproute", "addresses and routes, for ip -batch", func(v *policy.View, _ bool, l *diag.List) []byte {
			text, mistakes := iproute.Write(v)
			l.All = append(l.All, mistakes...)
			return text
		}, nil},
		{"json", "of a policy, the nft ruleset for nft -j -f; of a ruleset, what was understood", func(v *policy.View, _ bool, l *diag.List) []byte {
			return write(v, compiler.Nft, l, nft.JSON{}.Write)
		}, func(rs *ruleset.Ruleset, l *diag.List) []byte {
			return written(rs, nil, l, nft.JSON{Model: true}.Write)
		}},
	}
}

func toIptables(f ruleset.Family) func(*ruleset.Ruleset, *diag.List) []byte {
	return func(rs *ruleset.Ruleset, l *diag.List) []byte {
		rs, mistakes := convert.ToIptables(rs, f)
		return written(rs, mistakes, l, iptables.Save{Family: f}.Write)
	}
}

// write compiles to a ruleset and writes that as text.
func write(v *policy.View, t compiler.Target, l *diag.List, writer func(*ruleset.Ruleset) ([]byte, []*diag.Diagnostic)) []byte {
	return written(compiler.Compile(v, t, l), nil, l, writer)
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
