package trial

import (
	"net/netip"

	"github.com/loward/loward/backends/lab"
	"github.com/loward/loward/compiler/host"
	"github.com/loward/loward/compiler/path"
)

// Case is a packet on its way to, from or through a host.
type Case struct {
	Start path.Start
	// Host is what is known of the host; it is laid out so.
	Host *host.Host
	// Rules are loaded there.
	Rules Rules
	// Targets are where published ports lead.
	Targets []netip.AddrPort
	// Model is what the packet's fate is said to be. A kernel that says otherwise is
	// asked once more, with rules that no other packet has used.
	Model path.Verdict
	// Ends is the address at which the packet arrives in the end, if it does; an invalid
	// one is not known.
	Ends netip.Addr
}

// Rules are the texts of a ruleset; "" is nothing to load.
type Rules struct {
	NFT string // for nft -f
	// For iptables-restore --noflush and ip6tables-restore --noflush.
	IPTables, IP6Tables string
}

// Answer is what the kernel did with a case's packet.
type Answer struct {
	// Untried says why it was not sent; "" where it was.
	Untried string
	Verdict path.Verdict
	// Astray: it arrived, but at another machine than the one that it should.
	Astray bool
	// Seen is what was observed, in words; it may be "".
	Seen string
}

// Command is the name of the hidden command that Run starts, and that has to call
// Serve.
const Command = "trial"

// rounds in which packets are sent again that fared otherwise than the model says.
// In each the limits are fresh; those that go on to differ are left as they are.
const rounds = 100

// job is a host to be laid out and what is asked of it. The probes have the number of
// their case as their line.
type job struct {
	Plan  lab.Plan
	Rules Rules
	Model map[int]path.Verdict

	user string // whose the process has to be; "" is root
}

// order is all that the process in the namespaces is told.
type order struct {
	// Outside are the network namespaces in which nothing may be done.
	Outside []uint64
	Jobs    []job
}

// reply is all that it says.
type reply struct {
	Answers map[int]Answer // by case
	Error   string
}
