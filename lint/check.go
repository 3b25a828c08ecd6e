package lint

import "strings"

// Check is one thing that is looked for.
type Check struct {
	// Code is stable: LWnnn. Name says it in a few words.
	Code, Name string
	// Title is a sentence; Doc is the page about it: why it happens, how to see it, how
	// to mend it, where that stands.
	Title, Doc string
	look       func(*subject)
}

// Checks are all of them, by code.
func Checks() []*Check {
	return []*Check{selfTraffic(), loopback(), closedInside(), repliesDropped(), icmpErrors(), neighbourDiscovery(), shadowed(), neverMatches()}
}

// Find the check of a code or a name; nil if there is none.
func Find(name string) *Check {
	for _, c := range Checks() {
		if strings.EqualFold(c.Code, name) || strings.EqualFold(c.Name, name) {
			return c
		}
	}
	return nil
}
