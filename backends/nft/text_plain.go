package nft

import (
	"time"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

// block is a table with everything in it, as nft lists it.
func (w *textWriter) block(t *ruleset.Table) {
	w.add("table ", t.Family.String(), " ", t.Name, " {\n")
	if t.Comment != "" {
		w.add("\t")
		w.comment(t.Comment)
		w.add("\n")
	}
	sep := "\tflags "
	for _, f := range tableFlags(t) {
		w.add(sep, f)
		sep = ", "
	}
	if sep == ", " {
		w.add("\n")
	}
	blank := false
	next := func() {
		if blank {
			w.add("\n")
		}
		blank = true
	}
	for _, o := range t.Objects {
		next()
		w.at = o.Origin
		w.add("\t", o.Kind.String(), " ", o.Name, " {")
		w.state(o)
		if o.Comment != "" {
			w.add("\n\t\t")
			w.comment(o.Comment)
		}
		w.add("\n\t}\n")
	}
	for _, f := range t.Flowtables {
		next()
		w.at = f.Origin
		w.flowtable(f)
	}
	for _, s := range t.Sets {
		next()
		w.set(s)
	}
	for _, c := range t.Chains {
		next()
		w.chain(c)
	}
	w.add("}\n")
}

// tableFlags in nft's words.
func tableFlags(t *ruleset.Table) (flags []string) {
	if t.Dormant {
		flags = append(flags, "dormant")
	}
	if t.Owner {
		flags = append(flags, "owner")
	}
	if t.Persist {
		flags = append(flags, "persist")
	}
	return flags
}

// set with its elements.
func (w *textWriter) set(s *ruleset.Set) {
	w.at = s.Origin
	w.add("\t", kindOf(s), " ", s.Name, " {\n\t\t")
	w.definition(s, "\n\t\t")
	w.b = w.b[:len(w.b)-1]
	if len(s.Elems) > 0 {
		w.add("\telements = {\n")
		w.elements(s)
		w.add("\t\t}\n\t")
	}
	w.add("}\n")
}

// chain with its rules.
func (w *textWriter) chain(c *ruleset.Chain) {
	w.at = c.Origin
	w.add("\tchain ", c.Name, " {\n")
	if c.Comment != "" {
		w.add("\t\t")
		w.comment(c.Comment)
		w.add("\n")
	}
	if c.Base != nil {
		w.add("\t\t")
		w.base(c.Base)
		w.add("\n")
	}
	for _, r := range c.Rules {
		w.add("\t\t")
		w.rule(r)
		w.add("\n")
	}
	w.add("\t}\n")
}

// state of an object, each of its lines behind a line end.
func (w *textWriter) state(o *ruleset.Object) {
	const line = "\n\t\t"
	l3 := func() {
		if o.L3 == ruleset.IP || o.L3 == ruleset.IP6 {
			w.add(line, "l3proto ", o.L3.String())
		}
	}
	switch o.Kind {
	case ruleset.ObjHelper:
		w.add(line, "type ")
		w.quoted(o.Helper)
		w.add(" protocol ", w.transportName(o.Proto), ";")
		l3()
	case ruleset.ObjSecmark:
		w.add(line)
		w.quoted(o.Context)
	case ruleset.ObjTimeout:
		w.add(line, "protocol ", w.transportName(o.Proto), ";")
		l3()
		w.add(line, "policy = { ")
		for i, p := range o.Policy {
			if i > 0 {
				w.add(", ")
			}
			w.add(p.State, " : ")
			w.b = emit.Int(w.b, int(p.Timeout/time.Second)) // nft 1.0.6 takes no unit here
		}
		w.add(" }")
	case ruleset.ObjExpectation:
		w.add(line, "protocol ", w.transportName(o.Proto), line, "dport ")
		w.b = emit.Uint(w.b, uint64(o.Dport))
		w.add(line, "timeout ")
		w.time(o.Timeout)
		w.add(line, "size ")
		w.b = emit.Int(w.b, o.Size)
		l3()
	default:
		w.held(o.State)
	}
}

// held is the state that rules share by an object.
func (w *textWriter) held(s ruleset.Stmt) {
	const line = "\n\t\t"
	switch s := s.(type) {
	case *ruleset.Counter:
		w.add(line)
		w.counted(s)
	case *ruleset.Quota:
		w.add(line)
		w.quota(s)
	case *ruleset.Limit:
		w.add(line, "rate ")
		w.rate(s)
	case *ruleset.Synproxy:
		w.synproxy(s, line)
	default:
		w.refuse("an object without a state")
	}
}

// transportName is tcp or udp: the protocols of conntrack's objects.
func (p *program) transportName(proto uint8) string {
	if proto != 6 && proto != 17 {
		p.refuse("an object of protocol %d: they are of tcp or udp", proto)
	}
	return protocolName(uint64(proto))
}

func (w *textWriter) flowtable(f *ruleset.Flowtable) {
	w.add("\tflowtable ", f.Name, " {\n\t\thook ", f.Hook.String(), " priority ")
	w.b = emit.Int(w.b, f.Priority)
	w.add("\n")
	if len(f.Devices) > 0 {
		w.add("\t\tdevices = { ")
		for i, d := range f.Devices {
			if i > 0 {
				w.add(", ")
			}
			w.quoted(d)
		}
		w.add(" }\n")
	}
	if f.Counted {
		w.add("\t\tcounter\n")
	}
	if f.Offload {
		w.add("\t\tflags offload\n")
	}
	w.add("\t}\n")
}
