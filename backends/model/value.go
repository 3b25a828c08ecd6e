package model

import (
	"fmt"
	"strconv"

	"github.com/loward/loward/compiler/ruleset"
)

func place(f ruleset.Field, of ruleset.Expr) any {
	if f != ruleset.NoField {
		return f.String()
	}
	return expr(of)
}

// fieldOf gives a field, or the expression, whose values are to be written.
func fieldOf(f ruleset.Field, of ruleset.Expr) ruleset.Expr {
	if f != ruleset.NoField {
		return f
	}
	return of
}

func exprs(all []ruleset.Expr) []any {
	var out []any
	for _, e := range all {
		out = append(out, expr(e))
	}
	return out
}

// expr is a field's name, a value, or an object whose only member names its kind.
func expr(e ruleset.Expr) any {
	switch e := e.(type) {
	case ruleset.Field:
		return e.String()
	case ruleset.Term:
		return object{"value": value(e, nil)}
	case *ruleset.Selector:
		o := object{"args": e.Args}
		add(o, "exists", e.Exists)
		return object{e.Kind.String(): o}
	case *ruleset.Binary:
		return object{e.Op.String(): []any{expr(e.Left), expr(e.Right)}}
	case *ruleset.Hash:
		o := object{"mod": e.Mod, "offset": e.Offset}
		add(o, "key", exprs(e.Key))
		if e.Seeded {
			o["seed"] = e.Seed
		}
		return object{"hash": o}
	case *ruleset.Numgen:
		return object{"numgen": object{"random": e.Random, "mod": e.Mod, "offset": e.Offset}}
	case *ruleset.MapExpr:
		o := object{"key": exprs(e.Key)}
		source(o, "map", e.Map, e.Elems, e.Key, e.Data)
		return object{"map": o}
	case ruleset.Concat:
		return object{"concat": exprs(e)}
	}
	return nil
}

// values of the fields of a key, one each.
func values(all []ruleset.Term, key []ruleset.Expr) []any {
	var out []any
	for i, t := range all {
		var e ruleset.Expr
		if i < len(key) {
			e = key[i]
		}
		out = append(out, value(t, e))
	}
	return out
}

// valuesOf one field.
func valuesOf(all []ruleset.Term, e ruleset.Expr) []any {
	out := make([]any, 0, len(all))
	for _, t := range all {
		out = append(out, value(t, e))
	}
	return out
}

// value of a field or an expression; e is nil where it is not known.
func value(t ruleset.Term, e ruleset.Expr) any {
	domain, width := ruleset.Number, 0
	if e != nil {
		domain, width = ruleset.DomainOf(e), ruleset.WidthOf(e)
	}
	switch {
	case t.Unknown:
		return object{"unknown": t.Text}
	case t.Text != "" && (domain == ruleset.Name || domain == ruleset.String):
		return t.Text
	case t.Text != "":
		return object{"name": t.Text}
	}
	if domain == ruleset.Addr4 || domain == ruleset.Addr6 {
		lo, hi := addrText(t.Lo, domain), addrText(t.Hi, domain)
		n, prefix := t.PrefixLen(width)
		switch {
		case t.Single():
			return lo
		case prefix:
			return lo + "/" + strconv.Itoa(n)
		}
		return lo + "-" + hi
	}
	if t.Single() {
		return text(t.Lo, domain)
	}
	return fmt.Sprint(text(t.Lo, domain)) + "-" + fmt.Sprint(text(t.Hi, domain))
}

func addrText(v ruleset.U128, d ruleset.Domain) string {
	if d == ruleset.Addr6 {
		return v.Addr6Of().String()
	}
	return v.Addr4Of().String()
}

// text of one number: as it is where JSON's numbers hold it.
func text(v ruleset.U128, d ruleset.Domain) any {
	switch {
	case d == ruleset.LinkAddr:
		return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", v.Lo>>40&255, v.Lo>>32&255, v.Lo>>24&255, v.Lo>>16&255, v.Lo>>8&255, v.Lo&255)
	case v.Hi != 0:
		return fmt.Sprintf("0x%x%016x", v.Hi, v.Lo)
	case v.Lo > 1<<53:
		return fmt.Sprintf("0x%x", v.Lo)
	}
	return v.Lo
}

// number of bits: an address's mask as an address, others as numbers.
func number(v ruleset.U128, f ruleset.Field) any {
	d := ruleset.Number
	if f != ruleset.NoField {
		d = f.Info().Domain
	}
	if d == ruleset.Addr4 || d == ruleset.Addr6 {
		return addrText(v, d)
	}
	return text(v, d)
}
