package parser_test

import (
	"os"
	"testing"

	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
	"github.com/loward/loward/dsl/parser"
)

// parse without expecting a mistake.
func parse(t *testing.T, src string) *ast.File {
	t.Helper()
	var l diag.List
	f := parser.Parse(diag.NewFile("t.low", []byte(src)), &l)
	for _, d := range l.All {
		t.Errorf("%s: %s: %s (%s)", d.Span, d.Code, d.Message, d.Help)
	}
	return f
}

func TestRouterExample(t *testing.T) {
	src, err := os.ReadFile("testdata/router.low")
	if err != nil {
		t.Fatal(err)
	}
	f := parse(t, string(src))
	if n := len(f.Body.Stmts); n != 17 {
		t.Errorf("%d statements, want 17", n)
	}
}
