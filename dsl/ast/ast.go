package ast

import "github.com/loward/loward/dsl/diag"

// File is one policy file.
type File struct {
	Src  *diag.File
	Body Body
}

// Body is a sequence of statements: a file's, or a block's between { and }.
type Body struct {
	Stmts []Stmt
	// Dangling comments stand behind the last statement, or in an empty block.
	Dangling []Comment
	// Open and Close are the spans of the braces; zero for a file.
	Open, Close diag.Span
}

// Comment is one # comment, from the # to the end of the line (exclusive).
type Comment struct {
	Text string // with its #, trailing blanks removed
	Span diag.Span
	// BlankBefore: an empty line stands before it.
	BlankBefore bool
	// OwnLine, of a comment inside a statement: nothing but blanks stands before
	// it on its line.
	OwnLine bool
}

// Stmt is a statement. Every implementation embeds Meta.
type Stmt interface {
	Span() diag.Span
	Comments() *Meta
}

// Meta is what every statement carries.
type Meta struct {
	Pos diag.Span // from its keyword to its last token
	// Lead comments stand on lines of their own before the statement.
	Lead []Comment
	// Trail stands behind it on the same line (for a block: behind its {).
	Trail *Comment
	// End stands behind the closing brace of a block.
	End *Comment
	// Inner comments stand inside the statement, behind a comma or a brace after
	// which a list goes on on the next line; their spans say where.
	Inner []Comment
	// BlankBefore: an empty line stands before the statement (before its lead
	// comments, where it has some). Never before the first of a body.
	BlankBefore bool
	// BlankAfterLead: an empty line stands between the lead comments and the
	// statement, so they are not about it alone.
	BlankAfterLead bool
}

// Span of the statement.
func (m *Meta) Span() diag.Span { return m.Pos }

// Comments gives access to the embedded Meta.
func (m *Meta) Comments() *Meta { return m }

// Word is one value as it was written: a name, an address, a number.
type Word struct {
	Text   string // without quotes, escapes undone
	Quoted bool   // "…": always a literal name
	Span   diag.Span
}

// IsZero says whether the word is absent.
func (w Word) IsZero() bool { return w.Span.File == nil }

// List is a clause: a keyword and its words, or absent (nil).
type List struct {
	Keyword diag.Span
	Words   []Word
}

// Traffic is one traffic class: "tcp 80, 443", "ping", "icmp 3", "dns".
type Traffic struct {
	Kind   Word
	Args   []Word // ports, ICMP types or a protocol number
	Braced bool   // written with { }
	Span   diag.Span
}

// Limit is "limit 20/second burst 40 per source".
type Limit struct {
	Rate      Word // "20/second"
	Burst     Word // zero when left out
	PerSource bool
	Span      diag.Span
}

// Log is `log` or `log "TEXT"`.
type Log struct {
	Text Word // zero when left out
	Span diag.Span
}

// Bad is what could not be parsed; its diagnostic has been reported.
type Bad struct{ Meta }

// Include is `include "zones/*.low"`.
type Include struct {
	Meta
	Path Word
}

// Zone is `zone lan = eth0, ppp*`.
type Zone struct {
	Meta
	Name   Word
	Ifaces []Word
}

// Net is `net admins = 10.0.0.1, 10.1.0.0/16, 10.2.0.1-10.2.0.9, others`.
type Net struct {
	Meta
	Name  Word
	Items []Word
}

// Port is `port web = 80, 8000-8010, others`.
type Port struct {
	Meta
	Name  Word
	Items []Word
}

// Proto is `proto mon = tcp 9100, udp 8125`.
type Proto struct {
	Meta
	Name    Word
	Traffic []Traffic
}

// Option is `option NAME VALUE`.
type Option struct {
	Meta
	Name  Word
	Value Word
}

// Host is `host NAME { … }`.
type Host struct {
	Meta
	Name Word
	Body Body // Interface, Zone, Forwards, Masquerade, Source, RouteLocalnet, Block
}

// Interface is `interface eth0 = 10.0.0.1/24, fd00::1/64`, `= dhcp`, `= none`.
type Interface struct {
	Meta
	Name  Word
	Addrs []Word
}

// Forwards is `forwards`.
type Forwards struct{ Meta }

// RouteLocalnet is `route-localnet`.
type RouteLocalnet struct{ Meta }

// Masquerade is `masquerade on wan from 10.0.0.0/8`.
type Masquerade struct {
	Meta
	On   *List
	From *List
}

// Source is `source ADDR to PREFIX`.
type Source struct {
	Meta
	Addr Word
	To   Word
}

// Service is `service NAME { … }`.
type Service struct {
	Meta
	Name Word
	Body Body // Home, Guard, Address, Rule, Publish, Refuse, LogRefused
}

// Home is `home a, b`.
type Home struct {
	Meta
	Hosts []Word
}

// Guard is `guard a, b`.
type Guard struct {
	Meta
	Hosts []Word
}

// Address is `address …`.
type Address struct {
	Meta
	Items []AddressItem
}

// AddressItem is one item of `address`: an address, `host`, or `interface NAME`.
type AddressItem struct {
	// Keyword is the word host or interface; zero for an address.
	Keyword Word
	// Value is the address, or the interface's name; zero for host.
	Value Word
}

// Span of the item.
func (a AddressItem) Span() diag.Span { return a.Keyword.Span.Join(a.Value.Span) }

// Action of a rule statement.
type Action uint8

// The four keywords that begin a rule.
const (
	Allow Action = iota
	Deny
	AllowLocal
	DenyLocal
)

func (a Action) String() string {
	return [...]string{"allow", "deny", "allow-local", "deny-local"}[a]
}

// Rule is an allow or deny statement, of a service or of a block. The parser
// takes every clause in every place; compiler/resolve says which do not belong.
type Rule struct {
	Meta
	Action  Action
	Keyword diag.Span
	Traffic []Traffic
	From    *List
	On      *List
	To      *List
	Out     *List
	User    *List
	Group   *List
	Limit   *Limit
	Log     *Log
}

// Endpoint is ADDR, ADDR:PORT or [ADDR6]:PORT as one word.
type Endpoint = Word

// Publish is `publish tcp 80 to 172.17.0.2:2368, [fd00::2]:2368`.
type Publish struct {
	Meta
	Traffic []Traffic
	To      []Endpoint
}

// Refuse is `refuse drop` or `refuse reject`.
type Refuse struct {
	Meta
	How Word
}

// LogRefused is `log refused [limit RATE]`.
type LogRefused struct {
	Meta
	Limit *Limit
}

// BlockKind is the keyword of a block.
type BlockKind uint8

// The four blocks.
const (
	Local BlockKind = iota
	Inbound
	Outbound
	Forward
)

func (k BlockKind) String() string {
	return [...]string{"local", "inbound", "outbound", "forward"}[k]
}

// Block is `inbound { … }` and its siblings.
type Block struct {
	Meta
	Kind BlockKind
	Body Body // Default, Rule, Refuse, LogRefused
}

// Default is `default drop`.
type Default struct {
	Meta
	Verdict Word
}

// Expect is `expect accept tcp from 10.0.0.7 on eth0 to 10.53.53.53:53 at router`.
type Expect struct {
	Meta
	Verdict Word // accept, drop or reject
	Packet  Packet
	At      Word // a host; zero when left out
}

// Packet is a packet phrase.
type Packet struct {
	Traffic Traffic // Args empty for tcp, udp, sctp: the ports stand in From and To
	// Self: "from self"; Any: "from any". Otherwise From is an endpoint. With
	// Self, From is the address, or zero.
	Self, Any bool
	From      Endpoint
	User      Word
	On        Word
	To        Endpoint
	Span      diag.Span
}
