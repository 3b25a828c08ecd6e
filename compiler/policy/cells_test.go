package policy

import (
	"net/netip"
	"slices"
	"testing"
)

func portTraffic(proto uint8, rs ...PortRange) Traffic {
	return Traffic{Proto: proto, Ports: rs, Families: Both}
}

// What only local users may reach is claimed, so closed to the outside.
func TestClaims(t *testing.T) {
	s := &Service{
		Rules:      []*Rule{{Allow: true, Traffic: []Traffic{portTraffic(TCP, PortRange{22, 22})}}},
		LocalRules: []*Rule{{Allow: true, Traffic: []Traffic{portTraffic(TCP, PortRange{8080, 8080})}}},
		Publishes:  []*Publish{{Traffic: []Traffic{portTraffic(TCP, PortRange{80, 80})}}},
	}
	var got []uint16
	for _, c := range s.Claims(V4) {
		got = append(got, c.Ports[0].Lo)
	}
	slices.Sort(got)
	if !slices.Equal(got, []uint16{22, 80, 8080}) {
		t.Errorf("claimed are %v, want 22, 80 and 8080", got)
	}
}

// Each port is refused as those want who claim it: the one with an opinion.
func TestCells(t *testing.T) {
	silent := &Service{Name: "a", Rules: []*Rule{{Traffic: []Traffic{portTraffic(TCP, PortRange{20, 30}), {Any: true, Families: Both}}}}}
	rejects := &Service{Name: "b", Refuse: Reject, RefuseSet: true, Rules: []*Rule{{Allow: true, Traffic: []Traffic{portTraffic(TCP, PortRange{25, 40})}}}}
	logs := &Service{Name: "c", LogRefused: &Log{Prefix: "c refused "}, Rules: []*Rule{{Allow: true, Traffic: []Traffic{portTraffic(TCP)}}}}
	cells := Cells([]*Service{silent, rejects, logs}, V4)
	find := func(p Packet) *Cell {
		for i := range cells {
			if cells[i].Traffic.matches(p) {
				return &cells[i]
			}
		}
		return nil
	}
	for _, c := range []struct {
		proto uint8
		port  uint16
		want  Verdict
		log   bool
	}{
		{TCP, 20, Drop, true}, {TCP, 24, Drop, true}, {TCP, 25, Reject, true}, {TCP, 30, Reject, true},
		{TCP, 40, Reject, true}, {TCP, 41, Drop, true}, {UDP, 25, Drop, false},
	} {
		p := Packet{Dst: netip.IPv4Unspecified(), Proto: c.proto, Dport: c.port}
		got := find(p)
		if got == nil || got.Refusal.Verdict != c.want || (got.Refusal.Log != nil) != c.log {
			t.Errorf("protocol %d port %d: %+v, want %s, logged %t", c.proto, c.port, got, c.want, c.log)
		}
	}
}
