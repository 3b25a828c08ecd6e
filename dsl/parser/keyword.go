package parser

import "strings"

// place is where statements stand, as a bit.
type place uint8

const (
	inFile place = 1 << iota
	inHost
	inService
	inBlock // local, inbound, outbound, forward
)

func (p place) String() string {
	var names []string
	for _, n := range []struct {
		place place
		name  string
	}{
		{inFile, "at the top level of the file"},
		{inHost, `in a "host" block`},
		{inService, `in a "service" block`},
		{inBlock, `in a "local", "inbound", "outbound" or "forward" block`},
	} {
		if p&n.place != 0 {
			names = append(names, n.name)
		}
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// keyword that begins a statement.
type keyword uint8

const (
	kwNone keyword = iota
	kwInclude
	kwZone
	kwNet
	kwPort
	kwProto
	kwOption
	kwHost
	kwService
	kwLocal
	kwInbound
	kwOutbound
	kwForward
	kwExpect
	kwInterface
	kwForwards
	kwMasquerade
	kwSource
	kwRouteLocalnet
	kwHome
	kwGuard
	kwAddress
	kwAllow
	kwDeny
	kwAllowLocal
	kwDenyLocal
	kwPublish
	kwRefuse
	kwLog
	kwDefault
)

// statement says how a statement is written and where it stands.
type statement struct {
	name   string
	places place
	form   string
}

// statements by keyword.
var statements = [...]statement{
	kwNone:          {},
	kwInclude:       {"include", inFile, `include "zones/*.low"`},
	kwZone:          {"zone", inFile | inHost, "zone NAME = IFACE, …"},
	kwNet:           {"net", inFile, "net NAME = ADDR, PREFIX, FROM-TO, …"},
	kwPort:          {"port", inFile, "port NAME = PORT, FROM-TO, …"},
	kwProto:         {"proto", inFile, "proto NAME = TRAFFIC, …"},
	kwOption:        {"option", inFile, "option NAME VALUE"},
	kwHost:          {"host", inFile, "host NAME { … }"},
	kwService:       {"service", inFile, "service NAME { … }"},
	kwLocal:         {"local", inFile | inHost, "local { … }"},
	kwInbound:       {"inbound", inFile | inHost, "inbound { … }"},
	kwOutbound:      {"outbound", inFile | inHost, "outbound { … }"},
	kwForward:       {"forward", inFile | inHost, "forward { … }"},
	kwExpect:        {"expect", inFile, "expect accept|drop|reject PROTO from ADDR[:PORT]|self|any [on IFACE] to ADDR[:PORT] [at HOST]"},
	kwInterface:     {"interface", inHost, "interface NAME = ADDR/LEN, …|dhcp|none"},
	kwForwards:      {"forwards", inHost, "forwards"},
	kwMasquerade:    {"masquerade", inHost, "masquerade on ZONE, … [from NET, …]"},
	kwSource:        {"source", inHost, "source ADDR to PREFIX"},
	kwRouteLocalnet: {"route-localnet", inHost, "route-localnet"},
	kwHome:          {"home", inService, "home HOST, …"},
	kwGuard:         {"guard", inService, "guard HOST, …"},
	kwAddress:       {"address", inService, "address ADDR, …|host|interface NAME"},
	kwAllow:         {"allow", inService | inBlock, "allow TRAFFIC, … [from NET, …] [on ZONE, …] [limit RATE] [log]"},
	kwDeny:          {"deny", inService | inBlock, "deny TRAFFIC, … [from NET, …] [on ZONE, …] [log]"},
	kwAllowLocal:    {"allow-local", inService, "allow-local TRAFFIC, … [user NAME, …] [group NAME, …]"},
	kwDenyLocal:     {"deny-local", inService, "deny-local TRAFFIC, … [user NAME, …] [group NAME, …]"},
	kwPublish:       {"publish", inService, "publish TRAFFIC to ADDR:PORT, …"},
	kwRefuse:        {"refuse", inService | inBlock, "refuse drop|reject"},
	kwLog:           {"log", inService | inBlock, "log refused [limit RATE]"},
	kwDefault:       {"default", inBlock, "default accept|drop|reject"},
}

// lookup finds the keyword that a word is, or kwNone.
func lookup(w string) keyword {
	switch w {
	case "include":
		return kwInclude
	case "zone":
		return kwZone
	case "net":
		return kwNet
	case "port":
		return kwPort
	case "proto":
		return kwProto
	case "option":
		return kwOption
	case "host":
		return kwHost
	case "service":
		return kwService
	case "local":
		return kwLocal
	case "inbound":
		return kwInbound
	case "outbound":
		return kwOutbound
	case "forward":
		return kwForward
	case "expect":
		return kwExpect
	case "interface":
		return kwInterface
	case "forwards":
		return kwForwards
	case "masquerade":
		return kwMasquerade
	case "source":
		return kwSource
	case "route-localnet":
		return kwRouteLocalnet
	case "home":
		return kwHome
	case "guard":
		return kwGuard
	case "address":
		return kwAddress
	case "allow":
		return kwAllow
	case "deny":
		return kwDeny
	case "allow-local":
		return kwAllowLocal
	case "deny-local":
		return kwDenyLocal
	case "publish":
		return kwPublish
	case "refuse":
		return kwRefuse
	case "log":
		return kwLog
	case "default":
		return kwDefault
	}
	return kwNone
}

// namesIn lists the keywords of a place, in the order of the table.
func namesIn(p place) []string {
	var names []string
	for _, s := range statements {
		if s.places&p != 0 {
			names = append(names, s.name)
		}
	}
	return names
}

// clause of a rule.
type clause uint8

const (
	clNone clause = iota
	clFrom
	clOn
	clTo
	clOut
	clUser
	clGroup
	clLimit
	clLog
)

// clauses by number, for hints.
var clauses = [...]string{"", "from", "on", "to", "out", "user", "group", "limit", "log"}

// lookupClause finds the clause that a word begins, or clNone.
func lookupClause(w string) clause {
	switch w {
	case "from":
		return clFrom
	case "on":
		return clOn
	case "to":
		return clTo
	case "out":
		return clOut
	case "user":
		return clUser
	case "group":
		return clGroup
	case "limit":
		return clLimit
	case "log":
		return clLog
	}
	return clNone
}
