package ruleset

// Field is something of a packet, of its connection or of its way through the
// host that a match can look at. Each is one row of the table below.
type Field uint16

// Domain says what values a field has and how they are written.
type Domain uint8

// The domains.
const (
	Number    Domain = iota // an integer
	Name                    // an interface name; a trailing * is a wildcard
	Addr4                   // an IPv4 address
	Addr6                   // an IPv6 address
	LinkAddr                // a MAC address
	InetProto               // an IP protocol number
	PortNum                 // a port
	User                    // a user, by number or by name (Text)
	Group                   // a group, by number or by name (Text)
	Bits                    // a set of named bits: never to be merged into exact sets
	Enum                    // named values, see the constants below
	String                  // free text
)

// FieldInfo is a row of the table.
type FieldInfo struct {
	Field  Field
	Name   string // as nft writes it
	Width  int    // bits
	Family Family // Inet: of both families; IP or IP6: only of that one
	Domain Domain
	Doc    string
}

// Info of a field. It panics for a Field that is none, which is a mistake of
// the program, never of its input.
func (f Field) Info() FieldInfo {
	i := fields[f]
	if i.Field != f || f == NoField {
		panic("ruleset: no such field")
	}
	return i
}

func (f Field) String() string {
	if f == NoField || f >= numFields {
		return "(none)"
	}
	return fields[f].Name
}

// Fields returns all of them, in order: what an exhaustive test walks over.
func Fields() []Field {
	all := make([]Field, 0, numFields-1)
	for f := NoField + 1; f < numFields; f++ {
		all = append(all, f)
	}
	return all
}
