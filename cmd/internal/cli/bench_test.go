package cli

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/loward/loward/backends/backendtest/speed"
)

// BenchmarkCompile is the pipeline without the process around it, for profiles:
//
//	go test -run '^$' -bench Compile/nft/10000 -cpuprofile cpu.prof ./cmd/internal/cli
func BenchmarkCompile(b *testing.B) {
	for _, target := range targetNames() {
		for _, n := range []int{1_000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", target, n), func(b *testing.B) {
				policy := speed.Policy(n, speed.Plain)
				b.SetBytes(int64(len(policy)))
				b.ReportAllocs()
				for b.Loop() {
					env := Env{Stdin: bytes.NewReader(policy), Stdout: io.Discard, Stderr: io.Discard}
					if code := Main(env, []string{"compile", "-t", target, "-"}); code != exitDone {
						b.Fatalf("exit code %d", code)
					}
				}
			})
		}
	}
}
