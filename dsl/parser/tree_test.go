package parser_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

var update = flag.Bool("update", false, "write the golden files")

// dump writes a tree as lines of field names and values, leaving out what is
// zero; every word shows the text of its span, so that a wrong span is seen.
func dump(b *strings.Builder, name string, v reflect.Value, depth int) {
	in := strings.Repeat("  ", depth)
	switch x := v.Interface().(type) {
	case ast.Word:
		switch {
		case x.IsZero():
		case x.Quoted || x.Text != x.Span.Text():
			fmt.Fprintf(b, "%s%s %q from %s\n", in, name, x.Text, x.Span.Text())
		default:
			fmt.Fprintf(b, "%s%s %s\n", in, name, x.Text)
		}
		return
	case diag.Span:
		if !x.IsZero() && (name == "Pos" || name == "Span") && !strings.Contains(x.Text(), "\n") {
			fmt.Fprintf(b, "%s%s <%s>\n", in, name, x.Text())
		}
		return
	case ast.Comment:
		fmt.Fprintf(b, "%s%s %s blank=%t own=%t\n", in, name, x.Text, x.BlankBefore, x.OwnLine)
		return
	case fmt.Stringer:
		fmt.Fprintf(b, "%s%s %s\n", in, name, x)
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			dump(b, name, v.Elem(), depth)
		}
	case reflect.Slice:
		for i := range v.Len() {
			dump(b, name, v.Index(i), depth)
		}
	case reflect.Struct:
		fmt.Fprintf(b, "%s%s %s\n", in, name, v.Type().Name())
		for i := range v.NumField() {
			dump(b, v.Type().Field(i).Name, v.Field(i), depth+1)
		}
	default:
		if !v.IsZero() {
			fmt.Fprintf(b, "%s%s %v\n", in, name, v)
		}
	}
}

func TestTrees(t *testing.T) {
	files, err := filepath.Glob("testdata/*.low")
	if err != nil || len(files) == 0 {
		t.Fatal("no policies", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			dump(&b, "Body", reflect.ValueOf(parse(t, string(src)).Body), 0)
			golden := strings.TrimSuffix(name, ".low") + ".tree"
			if *update {
				if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				t.Errorf("the tree of %s differs from %s; it is now\n%s", name, golden, b.String())
			}
		})
	}
}
