package dsl_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/loward/loward/dsl"
	"github.com/loward/loward/dsl/ast"
	"github.com/loward/loward/dsl/diag"
)

var update = flag.Bool("update", false, "write the golden files")

// bare takes the positions out of a tree, so that two can be compared. Files
// are compared by their content otherwise.
func bare(f *ast.File) *ast.File {
	f.Src = nil
	strip(reflect.ValueOf(&f.Body))
	return f
}

func strip(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			strip(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			strip(v.Index(i))
		}
	case reflect.Struct:
		if _, ok := v.Interface().(diag.Span); ok {
			v.SetZero()
			return
		}
		for i := range v.NumField() {
			strip(v.Field(i))
		}
	}
}

// roundTrip formats a policy, and checks that the result is stable and means
// the same.
func roundTrip(t *testing.T, src []byte) []byte {
	t.Helper()
	before, mistakes := dsl.Parse("t.low", src)
	if len(mistakes) > 0 {
		t.Fatalf("%s: %s", mistakes[0].Span, mistakes[0].Message)
	}
	once, _ := dsl.Format("t.low", src)
	after, mistakes := dsl.Parse("formatted.low", once)
	if len(mistakes) > 0 {
		t.Fatalf("the formatted text has a mistake: %s: %s\n%s", mistakes[0].Span, mistakes[0].Message, once)
	}
	if !reflect.DeepEqual(bare(before), bare(after)) {
		t.Fatalf("formatting changed the meaning of\n%s\n---- to\n%s", src, once)
	}
	twice, _ := dsl.Format("t.low", once)
	if !bytes.Equal(once, twice) {
		t.Fatalf("formatting twice differs:\n%s\n---- and\n%s", once, twice)
	}
	return once
}

func TestFormatGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/format/*.low")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := roundTrip(t, src)
			golden := strings.TrimSuffix(name, ".low") + ".golden"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// A byte order mark changes nothing but the file's first bytes.
func TestFormatBOM(t *testing.T) {
	text := "zone lan = eth0, # after\n   # own line\n   eth1\n"
	want, mistakes := dsl.Format("a.low", []byte(text))
	got, more := dsl.Format("a.low", []byte("\ufeff"+text))
	if len(mistakes)+len(more) > 0 || string(got) != string(want) {
		t.Errorf("with a byte order mark:\n%s\nwithout:\n%s", got, want)
	}
}
