package lab

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"sync"
)

// marker begins what a probe carries; eight bytes of its number follow.
const (
	marker = "lwrd" // a request
	answer = "lwrR" // the answer to one
)

// sighting is the arrival of a probe's packet at a socket of a node.
type sighting struct {
	node  string
	from  netip.Addr
	proto uint8  // of the socket: 17, 1, 58, …
	kind  uint8  // ICMP: the type
	seq   uint32 // TCP: the sequence number
}

// flow names a TCP handshake by the client's port, which the lab gives out only
// once, and by direction.
type flow struct {
	client uint16
	ack    bool // the SYN ACK, not the SYN
}

// sightings is what the sockets of a lab have received.
type sightings struct {
	mu      sync.Mutex
	numbers map[uint64][]sighting
	flows   map[flow][]sighting
}

func newSightings() *sightings {
	return &sightings{numbers: map[uint64][]sighting{}, flows: map[flow][]sighting{}}
}

func (s *sightings) number(n uint64, at sighting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.numbers[n] = append(s.numbers[n], at)
}

func (s *sightings) flow(f flow, at sighting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flows[f] = append(s.flows[f], at)
}

// ofNumber returns the arrivals of a probe at sockets of its protocol. Answers
// and errors carry the same number (they quote what they are about), so an ICMP
// message counts only if it has the type that was sent.
func (s *sightings) ofNumber(n uint64, proto, kind uint8) []sighting {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []sighting
	for _, at := range s.numbers[n] {
		if at.proto == proto && at.kind == kind {
			out = append(out, at)
		}
	}
	return out
}

func (s *sightings) ofFlow(f flow) []sighting {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.flows[f])
}

// forget what was seen of a client's port, which is about to be used again.
func (s *sightings) forget(client uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.flows, flow{client: client})
	delete(s.flows, flow{client: client, ack: true})
}

// carry returns the bytes that identify a probe.
func carry(n uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte(marker), n)
}
