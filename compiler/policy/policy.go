package policy

import (
	"net/netip"

	"github.com/loward/loward/dsl/diag"
)

// Options of a policy, with their defaults filled in.
type Options struct {
	Antispoof   bool   // on
	InvalidDrop bool   // on
	Counters    bool   // on
	Table       string // "loward"
	Priority    int    // 0; added to the filter hooks' chains
	// PrioritySpan is where the priority is set; zero where it is not.
	PrioritySpan diag.Span
}

// Policy is a whole policy, resolved.
type Policy struct {
	Options Options
	// Hosts in the order of their names. A policy without any host block has
	// one host with an empty Name.
	Hosts []*Host
	// Views, one for each host, in the same order.
	Views []*View
	// Expects in the order of the files.
	Expects []*Expect
	// Files that were read, in order.
	Files []*diag.File
}

// View of a host by name; nil where there is none.
func (p *Policy) View(host string) *View {
	for _, v := range p.Views {
		if v.Host.Name == host {
			return v
		}
	}
	return nil
}

// Host is the facts of a machine that the policy declares.
type Host struct {
	Name          string // "" for the unnamed machine
	Interfaces    []*Interface
	Forwards      bool
	RouteLocalnet bool
	Masquerades   []*Masquerade
	Sources       []*Source
	Span          diag.Span
}

// Interface of a host.
type Interface struct {
	Name string
	// Addrs as declared: the address and its network. Empty for dhcp and none.
	Addrs []netip.Prefix
	// DHCP: the addresses are known only at run time.
	DHCP bool
	Span diag.Span
}

// Masquerade: forwarded packets that leave by On, from From (nil: any), get
// the address of the interface by which they leave. Never the host's own.
type Masquerade struct {
	On   *Ifaces
	From *Nets
	Span diag.Span
}

// Source: the host uses Addr when it opens connections to To.
type Source struct {
	Addr netip.Addr
	To   netip.Prefix
	Span diag.Span
}

// View is what one host has to enforce.
type View struct {
	Policy *Policy
	Host   *Host

	// Services that live on this host or that it guards, in the order of their
	// names, each with the scopes it has here. A service without any scope here
	// is left out.
	Services []*Service

	// Own addresses of this host that some service claims whole, sorted: the
	// union of all ScopeOwn scopes whose service lives here (not of guards).
	// `address host` does not cover them.
	Own []netip.Addr

	// SharedOwn are addresses of this host that other homes have too (anycast),
	// sorted: packets from there with such a source are no spoofs.
	SharedOwn []netip.Addr

	// Elsewhere are the services' own addresses that live on other hosts of the
	// policy: what a router needs routes to.
	Elsewhere []*Elsewhere

	Local, Inbound, Outbound, Forward *Block
}

// Elsewhere is an address that lives on other hosts.
type Elsewhere struct {
	Addr    netip.Addr
	Service string
	// Homes in the order of preference.
	Homes []*Host
	Span  diag.Span
}

// ScopeKind says what a service claims and where it looks for it.
type ScopeKind uint8

const (
	// ScopeOwn: Addr is the service's own; everything sent to it is claimed.
	ScopeOwn ScopeKind = iota
	// ScopeShared: other things live on Addr too (127.0.0.1, ::1, an address
	// of an interface); only the traffic that the statements name is claimed.
	ScopeShared
	// ScopeHost: every unicast address that the host has at run time, except
	// 127/8, ::1 and View.Own; claimed by traffic.
	ScopeHost
	// ScopeIface: what arrives on Iface for an address local to it (an
	// interface with dhcp); claimed by traffic.
	ScopeIface
)

// Scope is one place at which a service listens, seen from a host.
type Scope struct {
	Kind  ScopeKind
	Addr  netip.Addr // ScopeOwn, ScopeShared
	Iface string     // ScopeIface
	// Guarded: the address lives on another host and this one enforces the
	// service for what it forwards. Such a scope takes no part in local
	// delivery, nor in publish.
	Guarded bool
	Span    diag.Span
}

// Family of the scope: of its address, else Both.
func (s *Scope) Family() Family {
	if s.Addr.IsValid() {
		return FamilyOf(s.Addr)
	}
	return Both
}

// Service as a host sees it.
type Service struct {
	Name   string
	Scopes []*Scope
	// Rules: allow and deny (from other machines); LocalRules: allow-local and
	// deny-local. Each sorted canonically (by meaning, not by place), so that
	// the order of statements in the file has no effect.
	Rules      []*Rule
	LocalRules []*Rule
	Publishes  []*Publish
	// Refuse is how refused traffic is answered: Drop or Reject. RefuseSet is
	// false where the service has no opinion (then Refuse is Drop). Services
	// that claim a common packet never contradict each other: of those who
	// claim it, the one with an opinion decides.
	Refuse    Verdict
	RefuseSet bool
	// LogRefused, or nil: no opinion.
	LogRefused *Log
	Span       diag.Span
}

// HasLocalAllow says whether the service takes part in closing local delivery.
func (s *Service) HasLocalAllow() bool {
	for _, r := range s.LocalRules {
		if r.Allow {
			return true
		}
	}
	return false
}

// Rule is one allow or deny statement.
type Rule struct {
	Allow   bool
	Traffic []Traffic
	From    *Nets   // nil: any
	On      *Ifaces // outbound: leaving by; else arriving on; nil: any
	Out     *Ifaces // forward only
	To      *Dest   // blocks only; nil: any
	// Users and Groups: names as written; a rule with either matches the first
	// packet of a connection whose socket belongs to one of Users or Groups.
	// With both, one of Users AND one of Groups.
	Users, Groups []string
	Limit         *Limit
	Log           *Log
	// Families in which the rule can match at all.
	Families Family
	// Text is the statement in canonical form on one line, for comments. It
	// holds no double quote, backslash or control character.
	Text string
	Span diag.Span
}

// Dest is what `to` names: addresses, and run-time addresses of this host.
type Dest struct {
	// Nets or nil.
	Nets *Nets
	// Host: every own address as ScopeHost has it.
	Host bool
	// Ifaces: addresses local to these dhcp interfaces.
	Ifaces []string
	// Name of the service or net, or "".
	Name string
}

// Publish translates what is sent to the service's scopes.
type Publish struct {
	Traffic []Traffic // tcp, udp, sctp; with Ports
	// To4 and To6 are the targets; an invalid address means that the family
	// has none and is refused. A port of 0 keeps the port.
	To4, To6 netip.AddrPort
	// Net4 and Net6 are the declared networks in which the targets live: whoever
	// comes from there needs the hairpin masquerade. Invalid where no interface
	// of the host has such a network; then only the target itself is known.
	Net4, Net6 netip.Prefix
	Text       string
	Span       diag.Span
}

// Target in a family; invalid where there is none.
func (p *Publish) Target(f Family) netip.AddrPort {
	if f == V4 {
		return p.To4
	}
	return p.To6
}

// Block is one of local, inbound, outbound and forward, united over the global
// one and the host's. It is never nil: a block nobody wrote accepts.
type Block struct {
	// Default: Accept unless told otherwise. In Local never Drop.
	Default Verdict
	// Rules, sorted canonically.
	Rules []*Rule
	// Refuse: how a deny answers: Drop, or Reject. Where the block says nothing:
	// as its default if that is Drop or Reject, else Drop; in Local always
	// Reject.
	Refuse Verdict
	// LogRefused, or nil.
	LogRefused *Log
	Span       diag.Span
}

// Closed says whether the block refuses what no rule allows.
func (b *Block) Closed() bool { return b.Default != Accept }

// KeepsNeeds says whether what IP itself needs is let through in front of the
// block's rules: where its default is closed, and where a deny of any would
// close it all the same. A deny that names a protocol means that protocol.
func (b *Block) KeepsNeeds() bool {
	if b.Closed() {
		return true
	}
	for _, r := range b.Rules {
		for _, t := range r.Traffic {
			if !r.Allow && t.Any {
				return true
			}
		}
	}
	return false
}

// Idle says whether the block refuses nothing at all.
func (b *Block) Idle() bool {
	if b.Closed() {
		return false
	}
	for _, r := range b.Rules {
		if !r.Allow || r.Log != nil || r.Limit != nil {
			return false
		}
	}
	return true
}

// Expect is a test: every packet of the phrase has this fate at the host. A
// class of several protocols makes an Expect of each. The port of the
// destination stands in To, and Traffic.Ports is nil; only a class of several
// ports has them in Traffic.Ports, and To has port 0.
type Expect struct {
	Verdict Verdict
	Host    string // the name of the host at which it is judged: "" for the unnamed machine
	Traffic Traffic
	Self    bool
	Any     bool
	From    netip.AddrPort // port 0: any; invalid address: none given
	User    string
	On      *Ifaces // nil: not given
	To      netip.AddrPort
	Span    diag.Span
}
