package backendtest

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/loward/loward/backends/backendtest/random"
	"github.com/loward/loward/compiler/resolve"
)

// TestOrder: statements and declarations in another order compile to the same
// rulesets, byte for byte, but for the lines that comments name.
func TestOrder(t *testing.T) {
	asked := 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		text := random.Policy(r)
		want, ok := compileText(t, text)
		if !ok {
			continue
		}
		asked++
		for range 3 {
			shuffled := shuffle(r, text)
			got, ok := compileText(t, shuffled)
			if !ok {
				t.Fatalf("seed %d: refused after shuffling:\n%s", seed, shuffled)
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("seed %d: target %d differs\n--- as written\n%s\n--- shuffled\n%s\n--- becomes\n%s\n--- and\n%s", seed, i, text, shuffled, want[i], got[i])
				}
			}
		}
	}
	if asked < 20 {
		t.Errorf("only %d policies could be asked about", asked)
	}
}

var place = regexp.MustCompile(`order\.low:\d+`)

// compileText gives the rulesets of every target, without lines in comments.
func compileText(t *testing.T, text string) ([]string, bool) {
	t.Helper()
	p, l, err := resolve.LoadText("order.low", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if l.Errors() > 0 {
		return nil, false
	}
	c, ok := inProcess(t, p.Views[0])
	if !ok {
		return nil, false
	}
	out := []string{c.nft, c.four, c.six}
	for i, s := range out {
		out[i] = place.ReplaceAllString(s, "order.low")
	}
	return out, true
}

// shuffle the statements of each block, and the declarations. Policies made at
// random have a statement a line and no block within another.
func shuffle(r *rand.Rand, text string) string {
	var decls []string
	var block []string
	for line := range strings.Lines(text) {
		switch {
		case strings.HasSuffix(line, "{\n"):
			block = []string{line}
		case line == "}\n":
			body := block[1:]
			r.Shuffle(len(body), func(i, j int) { body[i], body[j] = body[j], body[i] })
			decls = append(decls, fmt.Sprintf("%s%s", strings.Join(block, ""), line))
			block = nil
		case block != nil:
			block = append(block, line)
		default:
			decls = append(decls, line)
		}
	}
	r.Shuffle(len(decls), func(i, j int) { decls[i], decls[j] = decls[j], decls[i] })
	return strings.Join(decls, "")
}
