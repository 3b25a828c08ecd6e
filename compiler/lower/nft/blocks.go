package nft

import (
	"slices"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
)

// blocks lowers inbound, forward and outbound at the filter hooks.
func (b *builder) blocks() {
	b.block(chainInput, "inbound", b.v.Inbound, ruleset.IIFName)
	b.block(chainForward, "forward", b.v.Forward, ruleset.IIFName)
	b.block(chainOutput, "outbound", b.v.Outbound, ruleset.OIFName)
}

func (b *builder) block(chain, name string, blk *policy.Block, on ruleset.Field) {
	chain = b.filterChain(chain)
	if blk.Idle() && (name == "outbound" || !b.labels()) {
		return
	}
	switch name {
	case "inbound":
		b.add(chain, "local delivery is decided in output", nowhere, onLo(ruleset.IIF), ruleset.Accept)
	case "outbound":
		b.add(chain, "local delivery is decided in chain local", nowhere, onLo(ruleset.OIF), ruleset.Accept)
	}
	if name != "outbound" {
		b.serviceAllowed(chain)
	}
	if blk.Idle() {
		return
	}
	rules := chain
	if perPacket := b.perPacketBlock(blk, on); len(perPacket) > 0 {
		rules = derived("", chain+"_rules")
		if name != "outbound" {
			b.knownClaims(chain)
		}
		for _, m := range perPacket {
			b.add(chain, "a limit that counts every packet", nowhere, append(m, ruleset.Goto(rules))...)
		}
	}
	b.add(chain, "", nowhere, ruleset.Any(ruleset.CTState, ruleset.StateEstablished|ruleset.StateRelated), ruleset.Accept)
	if rules != chain {
		b.add(chain, "", nowhere, ruleset.Goto(rules))
	}
	if blk.KeepsNeeds() {
		for _, f := range families {
			switch name {
			case "inbound":
				b.needsIn(rules, f, ruleset.Accept)
			case "outbound":
				b.needsOut(rules, f)
			}
		}
	}
	if blk.Closed() && b.p.Options.InvalidDrop {
		b.add(rules, "", nowhere, ruleset.Any(ruleset.CTState, ruleset.StateInvalid), ruleset.Drop)
	}
	b.blockRules(rules, name, blk, on)
}

func (b *builder) blockRules(chain, name string, blk *policy.Block, on ruleset.Field) {
	ref := policy.Refusal{Verdict: blk.Refuse, Log: blk.LogRefused}
	refuse := b.blockRefusal(name, blk, ref)
	b.ruleList(chain, name, blk.Rules, on, refuse, ruleset.Accept)
	if !blk.Closed() {
		// What exceeds a limit is refused, though the default would let it pass.
		for _, r := range blk.Rules {
			if r.Allow && r.Limit != nil {
				for _, x := range b.matches(r, on) {
					b.add(chain, "beyond its limit: "+b.comment(name, r), r.Span, append(x.m, refuse)...)
				}
			}
		}
		return
	}
	ref.Verdict = blk.Default
	if ref.Log != nil {
		b.add(chain, name+" default "+blk.Span.FileLine(), blk.Span, b.blockRefusal(name, blk, ref))
		return
	}
	b.refuse(chain, name+" default "+blk.Span.FileLine(), blk.Span, nil, blk.Default)
}

// blockRefusal is the verdict that refuses in a block.
func (b *builder) blockRefusal(name string, blk *policy.Block, ref policy.Refusal) *ruleset.Verdict {
	if ref.Log == nil {
		return b.refusal(ref)
	}
	chain := "refuse_" + name + "_" + ref.Verdict.String()
	if b.chains[chain] == nil {
		b.logRule(chain, "", blk.Span, nil, ref.Log)
		b.refuse(chain, name+" refused "+blk.Span.FileLine(), blk.Span, nil, ref.Verdict)
	}
	return ruleset.Goto(chain)
}

// serviceAllowed lets pass what a service has allowed in prerouting, whatever
// its destination has become. A packet without an entry in conntrack carries no
// label: the services are asked again.
func (b *builder) serviceAllowed(chain string) {
	if len(b.ownAddrs)+len(b.sharedAddrs)+len(b.host)+len(b.ifaceNames) == 0 {
		return
	}
	b.add(chain, "a service allowed it", nowhere, ruleset.In(ruleset.CTLabel, ruleset.Num(label)), ruleset.Accept)
	for _, f := range families {
		if b.claimsIn(f) {
			b.add(chain, "", nowhere, ruleset.Any(ruleset.CTState, b.entryless()), nfproto(f), ruleset.Jump(servicesChain(f)))
		}
	}
}

// knownClaims lets pass the known connections to what services claim, in front of a
// block that counts packets: they are none of its business, and bear no label yet
// where they are older than the ruleset.
func (b *builder) knownClaims(chain string) {
	for _, f := range families {
		if b.claimsIn(f) {
			b.add(chain, "", nowhere, ruleset.Any(ruleset.CTState, ruleset.StateEstablished),
				ruleset.In(ruleset.CTDirection, ruleset.Num(ruleset.DirOriginal)), nfproto(f), ruleset.Jump(b.letClaimed(f)))
		}
	}
}

// perPacketBlock are the matches of limited statements that count each packet.
func (b *builder) perPacketBlock(blk *policy.Block, on ruleset.Field) [][]ruleset.Stmt {
	var out [][]ruleset.Stmt
	for _, r := range blk.Rules {
		if r.Limit == nil || !r.Allow {
			continue
		}
		one := *r
		one.Traffic = nil
		known := []ruleset.Stmt{
			ruleset.Any(ruleset.CTState, ruleset.StateEstablished),
			ruleset.In(ruleset.CTDirection, ruleset.Num(ruleset.DirOriginal)),
		}
		for _, t := range r.Traffic {
			if t.Any {
				// All that has no ports: of what has, the first packets count.
				one.Traffic = []policy.Traffic{t}
				known = append(known, ruleset.NotIn(ruleset.L4Proto, ruleset.Num(policy.TCP), ruleset.Num(policy.UDP), ruleset.Num(policy.SCTP)))
				break
			}
			if !t.CountsConnections() {
				one.Traffic = append(one.Traffic, t)
			}
		}
		for _, x := range b.matches(&one, on) {
			out = append(out, slices.Concat(known, x.m))
		}
	}
	return out
}
