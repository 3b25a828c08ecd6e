package nft

import (
	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/compiler/ruleset"
)

func (w *textWriter) limit(l *ruleset.Limit) {
	w.add("limit rate ")
	w.rate(l)
}

// rate of a limit.
func (w *textWriter) rate(l *ruleset.Limit) {
	if l.Over {
		w.add("over ")
	}
	w.b = emit.Int(w.b, l.Rate)
	unit := " packets"
	if l.Bytes {
		unit = " bytes"
		w.add(unit)
	}
	w.add("/", l.Unit)
	if l.Burst > 0 {
		w.add(" burst ")
		w.b = emit.Int(w.b, l.Burst)
		w.add(unit)
	}
}

func (w *textWriter) log(l *ruleset.Log) {
	w.add("log")
	if l.Prefix != "" {
		if w.plain && !w.quotable(l.Prefix) {
			w.refuse("the log prefix %q", l.Prefix)
		}
		w.add(" prefix \"", l.Prefix, "\"")
	}
	if l.Nflog {
		w.add(" group ")
		w.b = emit.Int(w.b, l.Group)
	}
	if l.Nflog && l.Snaplen > 0 {
		w.add(" snaplen ")
		w.b = emit.Int(w.b, l.Snaplen)
	}
	if l.Threshold > 0 {
		w.add(" queue-threshold ")
		w.b = emit.Int(w.b, l.Threshold)
	}
	if l.Level != "" {
		w.add(" level ", l.Level)
	}
	for _, f := range l.Flags {
		w.add(" flags ", f)
	}
}
