package dsl_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/loward/loward/dsl"
)

func BenchmarkFormat(b *testing.B) {
	piece, err := os.ReadFile("testdata/format/router.low")
	if err != nil {
		b.Fatal(err)
	}
	src := bytes.Repeat(piece, 500)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if text, mistakes := dsl.Format("bench.low", src); len(mistakes) > 0 || len(text) == 0 {
			b.Fatal(mistakes)
		}
	}
}
