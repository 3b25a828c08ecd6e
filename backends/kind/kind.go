package kind

// Kind of an input.
type Kind uint8

// The kinds.
const (
	Unknown   Kind = iota // nothing tells
	Low                   // a policy
	Iptables              // iptables-save, iptables-restore
	Ip6tables             // ip6tables-save, ip6tables-restore
	Nft                   // nft -f
	NftJSON               // nft -j list ruleset, nft -j -f
	Shell                 // a shell script that runs iptables, ip6tables, ipset or nft
)

func (k Kind) String() string {
	return [...]string{"unknown", "low", "iptables", "ip6tables", "nft", "nft-json", "shell"}[k]
}

// Kinds are all of them but Unknown.
func Kinds() []Kind { return []Kind{Low, Iptables, Ip6tables, Nft, NftJSON, Shell} }

// Names of all kinds, as --kind has them.
func Names() []string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, k.String())
	}
	return names
}

// Parse a name.
func Parse(name string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.String() == name {
			return k, true
		}
	}
	return Unknown, false
}
