package syntax

// kindOf reads what a command is about.
func (p *Parser) kindOf() (Kind, bool) {
	if p.kind != tWord {
		return NoKind, false
	}
	k, plural := NoKind, false
	switch p.text {
	case "table":
		k = Table
	case "tables":
		k, plural = Table, true
	case "chain":
		k = Chain
	case "chains":
		k, plural = Chain, true
	case "rule":
		k = RuleKind
	case "rules":
		k, plural = RuleKind, true
	case "set":
		k = Set
	case "sets":
		k, plural = Set, true
	case "map":
		k = Map
	case "maps":
		k, plural = Map, true
	case "meter":
		k = Meter
	case "meters":
		k, plural = Meter, true
	case "element":
		k = Element
	case "flowtable":
		k = Flowtable
	case "flowtables":
		k, plural = Flowtable, true
	case "counter":
		k = Counter
	case "counters":
		k, plural = Counter, true
	case "quota":
		k = Quota
	case "quotas":
		k, plural = Quota, true
	case "limit":
		k = Limit
	case "limits":
		k, plural = Limit, true
	case "secmark":
		k = Secmark
	case "secmarks":
		k, plural = Secmark, true
	case "synproxy":
		k = Synproxy
	case "synproxys":
		k, plural = Synproxy, true
	case "tunnel":
		k = Tunnel
	case "tunnels":
		k, plural = Tunnel, true
	case "ruleset":
		k = Ruleset
	case "hooks":
		k, plural = Hooks, true
	case "ct":
		return p.ctKind()
	}
	if k != NoKind {
		p.next()
	}
	return k, plural
}

func (p *Parser) ctKind() (Kind, bool) {
	p.next()
	k, plural := NoKind, false
	switch {
	case p.is("helper"):
		k = CTHelper
	case p.is("helpers"):
		k, plural = CTHelper, true
	case p.is("timeout"):
		k = CTTimeout
	case p.is("timeouts"):
		k, plural = CTTimeout, true
	case p.is("expectation"):
		k = CTExpectation
	case p.is("expectations"):
		k, plural = CTExpectation, true
	default:
		p.unexpected("helper, timeout or expectation")
		return k, plural
	}
	p.next()
	return k, plural
}
