package fate

import (
	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/ruleset"
)

// symKind says what is known of a value.
type symKind uint8

const (
	symAbsent symKind = iota
	symVar            // what the packet had when it set out
	symConst
	symUnknown // text says what it is
)

// sym is a value that all packets of a state have in common: a constant, or what
// each had for a variable when it set out.
type sym struct {
	kind symKind
	v    int
	num  ruleset.U128
	text string
	// less is by how much it is less than the variable: the hops that a packet has
	// made.
	less uint8
}

func variable(v int) sym           { return sym{kind: symVar, v: v} }
func number(n uint64) sym          { return sym{kind: symConst, num: ruleset.U128{Lo: n}} }
func constant(n ruleset.U128) sym  { return sym{kind: symConst, num: n} }
func name(s string) sym            { return sym{kind: symConst, num: nameValue(s), text: s} }
func unknown(what string) sym      { return sym{kind: symUnknown, text: what} }
func (s sym) isName(n string) bool { return s.kind == symConst && s.text == n }
func fromValue(v packet.Value) sym {
	switch v.Presence {
	case packet.Absent:
		return sym{}
	case packet.Known:
		return sym{kind: symConst, num: v.Num, text: v.Text}
	}
	return unknown(v.Text)
}

// What translation makes of an address where only the running host can tell.
const (
	ownOfIIF = "the address of the arriving interface"
	ownOfOIF = "the address of the leaving interface"
)

// tuple is one direction of a connection.
type tuple struct{ src, dst, sport, dport sym }

func (t tuple) reverse() tuple { return tuple{t.dst, t.src, t.dport, t.sport} }

// state is where packets are on their way, and what has been changed of them: the
// same for all that are in it.
type state struct {
	iif, oif sym
	at       tuple // as the packet is now
	owner    bool  // it may have an owner
	mark     sym
	hop      bool // it is forwarded, and lives a hop less
	link     bool // pkttype is what the destination says, else host
	// The connection.
	conn, untracked bool
	ct              uint32 // its state
	replying        bool
	status          uint32
	ctmark          sym
	helper          string
	labels          [2]uint64
	orig, reply     tuple
	dstDone         bool
	srcDone         bool
	// other assigned fields, by their number in Map.others.
	other int
	// dstChanged: translated since the way was looked for.
	rerouted bool
}

// assigned is a list of fields with values that rules gave them.
type assigned struct {
	field ruleset.Field
	value sym
	next  int
}

// Conn is what connection a packet belongs to.
type Conn uint8

// The kinds.
const (
	// First packets of connections, and those that belong to none.
	First Conn = iota
	// Original and Reply are packets of a known connection in each direction. It is
	// not translated.
	Original
	Reply
	// Related packets begin a connection that a known one announced, or are ICMP
	// errors of it.
	Related
	// Invalid packets are those that conntrack can't make sense of.
	Invalid
)

func (c Conn) String() string {
	return [...]string{"new", "established", "reply", "related", "invalid"}[c]
}

// Journey of a packet.
type Journey uint8

// The journeys.
const (
	// Local delivery: the host to its own addresses, over lo.
	Local Journey = iota
	// Outbound: the host to others.
	Outbound
	// Arriving from others: for the host, or for others.
	Arriving
	numJourneys
)

func (j Journey) String() string { return [...]string{"local", "outbound", "arriving"}[j] }

// Journeys are all of them.
func Journeys() []Journey { return []Journey{Local, Outbound, Arriving} }

// setOut is the state in which packets begin a journey.
func setOut(j Journey) state {
	st := state{
		at:   tuple{variable(varSrc), variable(varDst), variable(varSport), variable(varDport)},
		mark: number(0), ctmark: number(0),
	}
	switch j {
	case Local:
		st.iif, st.oif, st.owner = name(""), name("lo"), true
	case Outbound:
		st.iif, st.oif, st.owner = name(""), variable(varOIF), true
	default:
		st.iif, st.oif, st.link = variable(varIIF), name(""), true
	}
	return st
}

// track begins the connection of a first packet, or joins the known one.
func (st state) track(c Conn) state {
	st.conn = true
	st.orig, st.reply = st.at, st.at.reverse()
	st.ct = ruleset.StateNew
	switch c {
	case Original, Reply:
		st.ct, st.status = ruleset.StateEstablished, ruleset.StatusSeenReply|ruleset.StatusConfirmed
	case Related:
		st.ct = ruleset.StateRelated
	}
	if c == Reply {
		st.replying = true
		st.orig, st.reply = st.reply, st.orig
	}
	return st
}
