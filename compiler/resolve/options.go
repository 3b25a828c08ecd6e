package resolve

import (
	"slices"
	"strconv"
	"strings"

	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

// maxPriority bounds `option priority`: the filter hooks' chains must stay
// between the translation of destinations (-100) and of sources (100).
const maxPriority = 99

func defaultOptions() policy.Options {
	return policy.Options{Antispoof: true, InvalidDrop: true, Counters: true, Table: "loward"}
}

func (r *resolver) resolveOptions() {
	set := map[string]*ast.Option{}
	for _, o := range r.options {
		if old := set[o.Name.Text]; old != nil && old.Value.Text != o.Value.Text {
			r.errorf(codeContradict, o.Span(), "option %s is set twice", o.Name.Text).
				Helpf("keep one of them").See(old.Span(), "the other one")
			continue
		}
		set[o.Name.Text] = o
		r.option(&r.pol.Options, o)
	}
}

func (r *resolver) option(out *policy.Options, o *ast.Option) {
	v := o.Value
	switch o.Name.Text {
	case "antispoof":
		r.choice(&out.Antispoof, v, "on", "off")
	case "counters":
		r.choice(&out.Counters, v, "on", "off")
	case "invalid":
		r.choice(&out.InvalidDrop, v, "drop", "accept")
	case "table":
		if m := judgeTable(v.Text); m != nil {
			r.errorf(codeOption, v.Span, "the table can't be called %s: %s", strconv.Quote(v.Text), m.what).Help = m.help
			return
		}
		out.Table = v.Text
	case "priority":
		n, ok := parseNumber(strings.TrimPrefix(v.Text, "-"), maxPriority)
		if !ok {
			r.errorf(codeOption, v.Span, "%s is not a priority for this option", strconv.Quote(v.Text)).
				Helpf("it is -%d to %d: the chains stay between the translation of destinations (-100) and of sources (100)", maxPriority, maxPriority)
			return
		}
		if strings.HasPrefix(v.Text, "-") {
			n = -n
		}
		out.Priority, out.PrioritySpan = n, o.Span()
	default:
		d := r.errorf(codeOption, o.Name.Span, "there is no option %s", o.Name.Text).
			Helpf("the options are antispoof, counters, invalid, priority and table")
		if n := diag.Nearest(o.Name.Text, []string{"antispoof", "counters", "invalid", "priority", "table"}); n != "" {
			d.Helpf("did you mean %s?", n)
		}
	}
}

func (r *resolver) choice(out *bool, v ast.Word, yes, no string) {
	switch v.Text {
	case yes:
		*out = true
	case no:
		*out = false
	default:
		r.errorf(codeOption, v.Span, "this option can't be %s", strconv.Quote(v.Text)).Helpf("write %s or %s", yes, no)
	}
}

// judgeTable: the name stands bare in nft text, where it can't be quoted, and
// begins the names of iptables chains.
func judgeTable(s string) *mistake {
	const help = "at most 12 letters, digits and _, beginning with a letter"
	if s == "" || len(s) > 12 || s[0] >= '0' && s[0] <= '9' || s[0] == '_' {
		return &mistake{"it must begin with a letter and have at most 12 bytes", help}
	}
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_') {
			return &mistake{"it may hold letters, digits and _ alone", help}
		}
	}
	if slices.Contains(nftWords(), s) {
		return &mistake{"nft would read it as a word of its own language", "choose another name"}
	}
	return nil
}
