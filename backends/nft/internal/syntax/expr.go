package syntax

import "github.com/loward/loward/dsl/diag"

// ExprKind says what an expression is, and what stands in its fields.
type ExprKind uint8

// The kinds. First values, then what is looked up in a packet.
const (
	// XSymbol is a bare word: a name, an address, a time, a variable's word.
	XSymbol ExprKind = iota
	// XString is a word in quotes; Text is without them.
	XString
	// XNumber is a decimal or hexadecimal number, as Text; it may begin with "-".
	// One that does not fit 64 bits is an XSymbol.
	XNumber
	// XRange: Args[0] - Args[1].
	XRange
	// XPrefix: Args[0] / Args[1].
	XPrefix
	// XList is a list with commas and no braces: flags, or several values.
	XList
	// XConcat: Args side by side, written with dots.
	XConcat
	// XSet is an anonymous set or map: each of Args is a key, or an XElem.
	XSet
	// XElem is an element with more than a key: Elem.
	XElem
	// XStar is *, any key.
	XStar
	// XSetRef is @Text.
	XSetRef
	// XRel compares Args[0] with Args[1] by Op.
	XRel
	// XBinary combines the bits of Args[0] and Args[1] by Op.
	XBinary
	// XMap is what the map Args[1] (an XSet or an XSetRef) holds for Args[0].
	XMap
	// XVMap likewise, a verdict.
	XVMap
	// XVerdict: Text is accept, drop, continue, return, jump, goto or queue;
	// Args[0] is the chain, or Rules are the chain's own.
	XVerdict

	// XPayload: Text is the header (ip, tcp, ether, vlan, arp, icmp …), Field the
	// field (saddr, dport …).
	XPayload
	// XRawPayload: Text is the base (ll, nh, th, ih), Nums the offset and the
	// length in bits.
	XRawPayload
	// XMeta: Field is the key (iifname, mark, l4proto …).
	XMeta
	// XCT: Field is the key (state, mark, saddr, "ip saddr", proto-src, zone,
	// packets, "count"), Dir "original", "reply" or "".
	XCT
	// XFib: Words are the flags in the order of the source (saddr, iif …), Field
	// the result (oif, oifname, type; also check, with newer versions).
	XFib
	// XRt: Field is the key (classid, nexthop, mtu, ipsec), Dir "ip", "ip6" or "".
	XRt
	// XSocket: Field is the key (transparent, mark, wildcard, cgroupv2); Nums[0]
	// the level of a cgroup.
	XSocket
	// XOsf: Field is name or version; Text is loose, skip or "".
	XOsf
	// XExtHdr: Text is the header (hbh, rt, rt0, rt2, srh, frag, dst, mh), Field the
	// field, "" where only the header's presence is asked; Nums[0] the index of a
	// rt0 addr or a srh sid.
	XExtHdr
	// XTCPOption: Text is the option, a name or a number, Field the field or "";
	// with Field "raw" (@number,offset,length) Nums are the offset and length.
	XTCPOption
	// XIPOption: Text is the option, Field the field or "".
	XIPOption
	// XSCTPChunk: Text is the chunk, Field the field or "".
	XSCTPChunk
	// XDCCPOption: Text is the number.
	XDCCPOption
	// XNumgen: Text is inc or random; Nums are the modulus and the offset.
	XNumgen
	// XJHash: Args[0] is hashed; Nums are the modulus, the seed and the offset.
	XJHash
	// XSymHash: Nums are the modulus and the offset.
	XSymHash
	// XIPsec: Dir is in or out, Nums[0] the spnum, Field the key (reqid, spi,
	// "ip saddr" …).
	XIPsec
	// XTunnel: Text is the tunnel (vxlan, geneve, gre, gretap); Args[0] is the
	// packet's field within, or Field the tunnel's own.
	XTunnel
	// XXT is a match or target of iptables as nft shows it: Text is its text.
	XXT
	numExprKinds
)

func (k ExprKind) String() string {
	return [...]string{"symbol", "string", "number", "range", "prefix", "list", "concatenation", "set", "element", "*", "set reference",
		"comparison", "binary", "map", "vmap", "verdict", "payload", "raw payload", "meta", "ct", "fib", "rt", "socket", "osf",
		"exthdr", "tcp option", "ip option", "sctp chunk", "dccp option", "numgen", "jhash", "symhash", "ipsec", "tunnel", "xt"}[k]
}

// Op is an operator.
type Op uint8

// The operators. Implicit is that of a value without one. Not is "!", which
// asks that none of some flags is set.
const (
	Implicit Op = iota
	Eq
	Neq
	Lt
	Gt
	Lte
	Gte
	Not
	And
	Or
	Xor
	Lshift
	Rshift
)

func (o Op) String() string {
	return [...]string{"", "==", "!=", "<", ">", "<=", ">=", "!", "&", "|", "^", "<<", ">>"}[o]
}

// Expr is an expression of any kind.
type Expr struct {
	Kind ExprKind
	Op   Op
	// Text may hold marks of the unknown where the source leaves something open.
	Text  string
	Field string
	Dir   string
	Args  []*Expr
	Words []string
	Nums  []Num
	Elem  *Elem   // of an XElem
	Rules []*Rule // of an XVerdict
	Span  diag.Span
}

// Elem is an element of a set or map with more than its key.
type Elem struct {
	Key *Expr
	// Data of a map: a value, an XVerdict, or the name of an object.
	Data             *Expr
	Timeout, Expires Num
	Stmts            []*Stmt
	Comment          string
}
