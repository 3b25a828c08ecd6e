package backendtest

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/loward/loward/backends/backendtest/probes"
	"github.com/loward/loward/backends/lab"
)

// examplesDir holds NAME.low and NAME.probes.
const examplesDir = "../../testdata/examples"

// compiled is a policy for one host in every target.
type compiled struct {
	host                probes.Host
	nft, four, six, ip  string
	fourAgain, sixAgain string          // with --reload
	chains              map[string]bool // ours, in iptables
}

// buildTool builds the command once for all tests.
func buildTool(t *testing.T) string {
	t.Helper()
	tool := filepath.Join(t.TempDir(), "loward")
	cmd := exec.Command("go", "build", "-o", tool, "github.com/loward/loward/cmd/loward")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build ./cmd/loward: %v\n%s", err, out)
	}
	return tool
}

// compileFor a host; the policy must compile without a mistake for every target.
func compileFor(t *testing.T, tool, policy string, host probes.Host) compiled {
	t.Helper()
	run := func(target string, more ...string) string {
		args := append([]string{"compile", "-t", target}, more...)
		if host.Name != "" {
			args = append(args, "--host", host.Name)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, tool, append(args, policy)...)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			t.Fatalf("loward %s: %v\n%s", strings.Join(append(args, policy), " "), err, errs.String())
		}
		return out.String()
	}
	c := compiled{
		host: host, nft: run("nft"), ip: run("iproute"),
		four: run("iptables"), six: run("ip6tables"),
		fourAgain: run("iptables", "--reload"), sixAgain: run("ip6tables", "--reload"),
		chains: map[string]bool{},
	}
	for _, line := range strings.Split(c.four+c.six, "\n") {
		if words := strings.Fields(line); len(words) > 1 && strings.HasPrefix(line, ":") && words[1] == "-" {
			c.chains[words[0][1:]] = true
		}
	}
	if len(c.chains) == 0 {
		t.Fatalf("%s: the iptables text declares no chain of its own:\n%s", policy, c.four)
	}
	return c
}

// loader is one of the three ways into the kernel.
type loader struct {
	name    string
	style   probes.Style
	variant lab.Variant // "" : nft
}

func loaders() []loader {
	return []loader{
		{"nft", probes.StyleNFT, ""},
		{"iptables-nft", probes.StyleIPTablesNFT, lab.NFT},
		{"iptables-legacy", probes.StyleLegacy, lab.Legacy},
	}
}

// load for the first time, as the header of the text says.
func (ld loader) load(ctx context.Context, l *lab.Lab, c compiled) error {
	if ld.variant == "" {
		return l.LoadNFT(ctx, c.host.Node, c.nft)
	}
	return l.LoadIPTables(ctx, c.host.Node, ld.variant, c.four, c.six)
}

// again loads once more: restore text with --reload, then (doubled jumps must
// keep the meaning) as for the first time.
func (ld loader) again(ctx context.Context, l *lab.Lab, c compiled) error {
	if ld.variant == "" {
		return l.LoadNFT(ctx, c.host.Node, c.nft)
	}
	if err := l.LoadIPTables(ctx, c.host.Node, ld.variant, c.fourAgain, c.sixAgain); err != nil {
		return fmt.Errorf("--reload: %w", err)
	}
	return l.LoadIPTables(ctx, c.host.Node, ld.variant, c.four, c.six)
}
