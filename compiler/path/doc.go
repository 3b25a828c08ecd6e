// Package path walks a packet along the hooks of a host through a ruleset: what
// arrives, what the host sends, what it forwards, what it says to itself over lo,
// and the reply.
//
//	s := path.New(rs, h)
//	r := s.Send(path.Start{To: netip.MustParseAddrPort("203.0.113.5:22"), Proto: packet.TCP})
//	// r.Verdict, and in r.Legs each hook with the rules that matched
//
// What can't be known of a packet beforehand — a rate, the time, text that was not
// understood — is tried both ways; where the ways end differently, the verdict is
// Undecided, and the result says what it depends on.
package path
