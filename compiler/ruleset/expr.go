package ruleset

// Expr is a value that a rule computes from a packet and its surroundings: a
// Field, a Term (a constant), or one of the pointers below.
type Expr interface{ expr() }

// SelectorKind is a family of places that are named with parameters.
type SelectorKind uint8

// The selectors, with what stands in Args.
const (
	// RawPayload reads bits of the packet: base (ll, nh, th, ih), offset and
	// length in bits.
	RawPayload SelectorKind = iota
	// ExtHdr is a field of an IPv6 extension header: header (hbh, rt, rt0, rt2,
	// srh, frag, dst, mh) and field; only the header where its presence is asked.
	ExtHdr
	// TCPOption: option and field; only the option where its presence is asked.
	// An option by number has the number for a name; "raw" offset and length read
	// bits of it: {"@2", "8", "16"}.
	TCPOption
	// IPOption: option (lsrr, ra, rr, ssrr) and field, or only the option.
	IPOption
	// SCTPChunk: chunk and field, or only the chunk.
	SCTPChunk
	// DCCPOption: the option's number.
	DCCPOption
	// Fib is a routing lookup that has no Field of its own: the flags (saddr,
	// daddr, mark, iif, oif) in nft's order, and last the result (oif, oifname,
	// type, or exists).
	Fib
	// Osf is passive OS fingerprinting: key (name or version) and, where it is not
	// strict, how the TTL is taken (loose, skip).
	Osf
	// SocketCgroup is a socket's control group at a level: the level.
	SocketCgroup
	// IPsec is a transformation: direction (in, out), spnum and key (reqid, spi,
	// "ip saddr" …).
	IPsec
	// Tunnelled is a field of the packet within a tunnel: the tunnel (vxlan,
	// geneve, gre, gretap), the inner protocol and its field; or the tunnel and
	// its own field.
	Tunnelled
)

func (k SelectorKind) String() string {
	return [...]string{"payload", "exthdr", "tcp option", "ip option", "sctp chunk", "dccp option", "fib", "osf", "socket cgroupv2", "ipsec", "tunnel"}[k]
}

// Selector is a place that is named with parameters, of which there are too
// many to be Fields.
type Selector struct {
	Kind   SelectorKind
	Args   []string
	Width  int // bits; 1 where presence is asked
	Domain Domain
	// Exists: the value is 1 where the thing is there and 0 where it is not.
	Exists bool
}

// BinaryOp is an operation on bits.
type BinaryOp uint8

// The operations.
const (
	And BinaryOp = iota
	Or
	Xor
	Lshift
	Rshift
)

func (o BinaryOp) String() string { return [...]string{"&", "|", "^", "<<", ">>"}[o] }

// Binary combines bits: of a value and a constant, or (with newer kernels) of
// two values.
type Binary struct {
	Op          BinaryOp
	Left, Right Expr
}

// Numgen counts up or draws a number from 0 to Mod-1, to which Offset is added.
// What it yields is not known beforehand.
type Numgen struct {
	Random      bool
	Mod, Offset uint32
}

// Hash is nft's jhash of some values, or (Key is nil) symhash: a number from 0
// to Mod-1, to which Offset is added.
type Hash struct {
	Key         []Expr
	Mod, Offset uint32
	Seed        uint32
	Seeded      bool // the seed is given; the kernel draws one otherwise
}

// MapExpr is what a map holds for a key; where it holds nothing, the rule does
// not match. Either Map names one, or Elems are the elements of an anonymous one
// whose data have the types of Data.
type MapExpr struct {
	Key   []Expr
	Map   string
	Elems []Elem
	Data  []Expr
}

// Concat is several values side by side.
type Concat []Expr

func (Field) expr()     {}
func (Term) expr()      {}
func (*Selector) expr() {}
func (*Binary) expr()   {}
func (*Numgen) expr()   {}
func (*Hash) expr()     {}
func (*MapExpr) expr()  {}
func (Concat) expr()    {}

// Keys makes a key of fields.
func Keys(fields ...Field) []Expr {
	key := make([]Expr, len(fields))
	for i, f := range fields {
		key[i] = f
	}
	return key
}

// WidthOf an expression in bits; 0 where it is not known here (a map's data).
func WidthOf(e Expr) int {
	switch e := e.(type) {
	case Field:
		return e.Info().Width
	case *Selector:
		return e.Width
	case *Binary:
		return WidthOf(e.Left)
	case *Numgen, *Hash:
		return 32
	case *MapExpr:
		if len(e.Data) == 1 {
			return WidthOf(e.Data[0])
		}
	}
	return 0
}

// DomainOf an expression.
func DomainOf(e Expr) Domain {
	switch e := e.(type) {
	case Field:
		return e.Info().Domain
	case *Selector:
		return e.Domain
	case *Binary:
		return DomainOf(e.Left)
	case *MapExpr:
		if len(e.Data) == 1 {
			return DomainOf(e.Data[0])
		}
	}
	return Number
}

// FieldOf is the field that an expression is, or NoField.
func FieldOf(e Expr) Field {
	f, _ := e.(Field)
	return f
}
