package backends

import (
	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/backends/kind"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/backends/shell"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Reader makes a ruleset of a text that somebody else wrote.
type Reader interface {
	// Kind of the texts that it reads.
	Kind() kind.Kind
	// Read a text. Mistakes in it go to the list, all of them: errors where the
	// tool itself would refuse the text, warnings where something is kept without
	// being understood. There is always a ruleset, of what could be read.
	Read(f *diag.File, l *diag.List) *ruleset.Ruleset
}

// Include gives the files that an include of nft names; see nft.Options.
type Include func(pattern string) []*diag.File

// Readers are all of them. include may be nil: then nothing that is included is
// read.
func Readers(include Include) []Reader {
	return []Reader{
		reader{kind.Iptables, func(f *diag.File, l *diag.List) *ruleset.Ruleset { return iptables.Read(f, ruleset.IP, l) }},
		reader{kind.Ip6tables, func(f *diag.File, l *diag.List) *ruleset.Ruleset { return iptables.Read(f, ruleset.IP6, l) }},
		reader{kind.Nft, func(f *diag.File, l *diag.List) *ruleset.Ruleset {
			return nft.Read(f, nft.Options{Include: include}, l)
		}},
		reader{kind.NftJSON, func(f *diag.File, l *diag.List) *ruleset.Ruleset {
			return nft.ReadJSON(f, nft.Options{Include: include}, l)
		}},
		reader{kind.Shell, func(f *diag.File, l *diag.List) *ruleset.Ruleset { return shell.Read(f, l).Final }},
	}
}

type reader struct {
	kind kind.Kind
	read func(*diag.File, *diag.List) *ruleset.Ruleset
}

func (r reader) Kind() kind.Kind { return r.kind }

func (r reader) Read(f *diag.File, l *diag.List) *ruleset.Ruleset { return r.read(f, l) }

// Read a text of a kind. It is nil where there is no reader for it.
func Read(f *diag.File, k kind.Kind, include Include, l *diag.List) *ruleset.Ruleset {
	for _, r := range Readers(include) {
		if r.Kind() == k {
			return r.Read(f, l)
		}
	}
	return nil
}
