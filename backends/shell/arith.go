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
