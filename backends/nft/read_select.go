package nft

import (
	"strconv"

	tree "github.com/loward/loward/backends/nft/internal/syntax"
	"github.com/loward/loward/compiler/ruleset"
)

// selector reads what is named with parameters.
func (s *State) selector(x *tree.Expr) ruleset.Expr {
	switch x.Kind {
	case tree.XRawPayload:
		if len(x.Nums) < 2 || x.Nums[1].Value == 0 || x.Nums[1].Value > 2048 {
			s.refuse(x.Span, "a piece of the packet has 1 to 2048 bits")
			return nil
		}
		return &ruleset.Selector{Kind: ruleset.RawPayload, Args: []string{x.Text, utoa(x.Nums[0].Value), utoa(x.Nums[1].Value)}, Width: int(x.Nums[1].Value)}
	case tree.XExtHdr:
		return s.extHdr(x)
	case tree.XTCPOption:
		return s.tcpOption(x)
	case tree.XIPOption:
		if !s.needNetwork(x.Span, "ip") {
			return nil
		}
		e := &ruleset.Selector{Kind: ruleset.IPOption, Args: []string{x.Text}, Width: 1, Exists: x.Field == ""}
		if x.Field != "" {
			e.Args, e.Width = append(e.Args, x.Field), 8
			switch {
			case x.Field == "addr":
				e.Width, e.Domain = 32, ruleset.Addr4
			case x.Field == "value":
				e.Width = 16
			}
		}
		return e
	case tree.XSCTPChunk:
		e := &ruleset.Selector{Kind: ruleset.SCTPChunk, Args: []string{x.Text}, Width: 1, Exists: x.Field == ""}
		if x.Field != "" {
			e.Args, e.Width = append(e.Args, x.Field), chunkWidth(x.Field)
		}
		return e
	case tree.XDCCPOption:
		return &ruleset.Selector{Kind: ruleset.DCCPOption, Args: []string{x.Text}, Width: 1, Exists: true}
	case tree.XOsf:
		e := &ruleset.Selector{Kind: ruleset.Osf, Args: []string{x.Field}, Width: 128, Domain: ruleset.String}
		if x.Text != "" {
			e.Args = append(e.Args, x.Text)
		}
		return e
	case tree.XIPsec:
		if num(x, 0) > 255 {
			s.refuse(x.Span, "value too large")
			return nil
		}
		e := &ruleset.Selector{Kind: ruleset.IPsec, Args: []string{x.Dir, utoa(uint64(num(x, 0))), x.Field}, Width: 32}
		switch x.Field {
		case "ip saddr", "ip daddr":
			e.Domain = ruleset.Addr4
		case "ip6 saddr", "ip6 daddr":
			e.Width, e.Domain = 128, ruleset.Addr6
		}
		return e
	case tree.XTunnel:
		return s.tunnel(x)
	case tree.XXT:
		s.notModelled(x.Span, x.Text)
		return nil
	}
	s.refuse(x.Span, "a %s can't stand here", x.Kind)
	return nil
}

func utoa(n uint64) string { return strconv.FormatUint(n, 10) }

func (s *State) extHdr(x *tree.Expr) ruleset.Expr {
	if !s.needNetwork(x.Span, "ip6") {
		return nil
	}
	e := &ruleset.Selector{Kind: ruleset.ExtHdr, Args: []string{x.Text}, Width: 1, Exists: x.Field == ""}
	if x.Field == "" {
		return e
	}
	e.Width = 8
	field := x.Field
	switch x.Text + " " + field {
	case "frag frag-off":
		e.Width = 13
	case "frag reserved2":
		e.Width = 2
	case "frag more-fragments":
		e.Width = 1
	case "frag id":
		e.Width = 32
	case "mh checksum", "srh tag":
		e.Width = 16
	case "rt0 addr", "rt2 addr", "srh sid":
		e.Width, e.Domain = 128, ruleset.Addr6
	case "frag nexthdr", "hbh nexthdr", "dst nexthdr", "rt nexthdr", "mh nexthdr":
		e.Domain = ruleset.InetProto
	}
	if len(x.Nums) > 0 {
		field += "[" + utoa(uint64(num(x, 0))) + "]"
	}
	e.Args = append(e.Args, field)
	return e
}

func (s *State) tcpOption(x *tree.Expr) ruleset.Expr {
	name := x.Text
	switch name {
	case "mss":
		name = "maxseg"
	case "noop":
		name = "nop"
	case "sack-permitted":
		name = "sack-perm"
	}
	if n, err := strconv.Atoi(name); err == nil {
		if n > 255 {
			s.refuse(x.Span, "value too large")
			return nil
		}
		if known := tcpOptionNames()[n]; known != "" {
			name = known
		}
	}
	if !optionHas(name, x.Field) {
		s.l.Errorf(x.Span, "unexpected %s: the TCP option %s has no such field", x.Field, name).WithCode(ruleset.CodeSyntax)
		return nil
	}
	if name == "sack0" {
		name = "sack"
	}
	e := &ruleset.Selector{Kind: ruleset.TCPOption, Args: []string{name}, Width: 1, Exists: x.Field == ""}
	switch x.Field {
	case "":
		return e
	case "raw":
		e.Args, e.Width = []string{"@" + name, utoa(uint64(num(x, 0))), utoa(uint64(num(x, 1)))}, int(num(x, 1))
		return e
	case "size":
		e.Width = 16
	case "left", "right", "tsval", "tsecr":
		e.Width = 32
	case "subtype":
		e.Width = 4
	default:
		e.Width = 8
	}
	e.Args = append(e.Args, x.Field)
	return e
}

// tcpOptionNames are nft's names of TCP options, by their numbers (RFC 9293 and
// IANA's table of option kinds).
func tcpOptionNames() map[int]string {
	return map[int]string{0: "eol", 1: "nop", 2: "maxseg", 3: "window", 4: "sack-perm", 5: "sack", 8: "timestamp",
		19: "md5sig", 30: "mptcp", 34: "fastopen"}
}

// optionHas says whether a TCP option has a field.
func optionHas(option, field string) bool {
	switch field {
	case "left", "right":
		return option == "sack" || option == "sack0" || option == "sack1" || option == "sack2" || option == "sack3"
	case "tsval", "tsecr":
		return option == "timestamp"
	case "size":
		return option == "maxseg"
	case "count":
		return option == "window"
	case "subtype":
		return option == "mptcp"
	case "length":
		return option != "eol" && option != "nop"
	}
	return true
}

func chunkWidth(field string) int {
	switch field {
	case "type", "flags":
		return 8
	case "length", "stream", "ssn", "num-outbound-streams", "num-inbound-streams", "num-gap-ack-blocks", "num-dup-tsns":
		return 16
	}
	return 32
}

// tunnel is a field of a tunnel's header, or of the packet in it.
func (s *State) tunnel(x *tree.Expr) ruleset.Expr {
	if !s.needHeader(x.Span, x.Text) {
		return nil
	}
	if len(x.Args) == 0 {
		if f := s.field(x.Text, x.Field); f != ruleset.NoField {
			return f
		}
		width := map[string]int{"vni": 24, "flags": 8, "type": 16}[x.Field]
		return &ruleset.Selector{Kind: ruleset.Tunnelled, Args: []string{x.Text, x.Field}, Width: width}
	}
	in := x.Args[0]
	if in.Kind != tree.XPayload {
		s.refuse(in.Span, "within a tunnel only headers are looked at")
		return nil
	}
	e := &ruleset.Selector{Kind: ruleset.Tunnelled, Args: []string{x.Text, in.Text, in.Field}}
	f := s.field(in.Text, in.Field)
	if in.Field == "sport" || in.Field == "dport" {
		f = ruleset.Dport
	}
	if f != ruleset.NoField {
		e.Width, e.Domain = f.Info().Width, f.Info().Domain
	}
	return e
}
