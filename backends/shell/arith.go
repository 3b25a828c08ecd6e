package shell

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// decimals turns the hexadecimal and octal numbers of an expression into decimal
// ones, the only ones that package expand knows. What they were stands in the
// source.
func decimals(x syntax.ArithmExpr) {
	syntax.Walk(x, func(n syntax.Node) bool {
		if l, ok := n.(*syntax.Lit); ok && len(l.Value) > 1 && strings.HasPrefix(l.Value, "0") {
			if v, err := strconv.ParseInt(l.Value, 0, 64); err == nil {
				l.Value = strconv.FormatInt(v, 10)
			}
		}
		return true
	})
}

// target is the variable that an operator of an arithmetic expression assigns to,
// nil where it assigns nothing.
func target(n syntax.Node) *syntax.Word {
	var x syntax.ArithmExpr
	switch n := n.(type) {
	case *syntax.BinaryArithm:
		switch n.Op {
		case syntax.Assgn, syntax.AddAssgn, syntax.SubAssgn, syntax.MulAssgn, syntax.QuoAssgn, syntax.RemAssgn,
			syntax.AndAssgn, syntax.OrAssgn, syntax.XorAssgn, syntax.ShlAssgn, syntax.ShrAssgn:
			x = n.X
		}
	case *syntax.UnaryArithm:
		if n.Op == syntax.Inc || n.Op == syntax.Dec {
			x = n.X
		}
	}
	if w, ok := x.(*syntax.Word); ok && syntax.ValidName(w.Lit()) {
		return w
	}
	return nil
}
