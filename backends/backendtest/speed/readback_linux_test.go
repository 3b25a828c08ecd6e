package speed

import (
	"maps"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/nftables"
)

// What the kernel holds after loading a large ruleset is everything that was in
// it. It is read back over netlink, by other code than that which loaded it: a
// transaction that is cut somewhere reports no error.
func TestKernelHoldsEverything(t *testing.T) {
	tool(t, "nft")
	allowed(t)
	const services = 3_000
	text := compileTo(t, build(t), "nft", write(t, "bench.low", Policy(services, Plain)))
	n := newNode(t)
	n.load(t, text)
	once := held(t, n)
	want := declared(string(text))
	if !maps.Equal(once, want) {
		t.Errorf("the kernel holds %v, the ruleset says %v", once, want)
	}
	if e := once["elements"]; e < 6*services {
		t.Errorf("%d elements for %d services", e, services)
	}
	// Loading the same again leaves the same.
	n.load(t, text)
	if twice := held(t, n); !maps.Equal(twice, once) {
		t.Errorf("loaded twice the kernel holds %v, once %v", twice, once)
	}
}

// held counts what the namespace's nftables hold.
func held(t *testing.T, n *node) map[string]int {
	t.Helper()
	ns, err := os.Open("/proc/self/task/" + strconv.Itoa(n.tid) + "/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	c, err := nftables.New(nftables.WithNetNSFd(int(ns.Fd())))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	tables, err := c.ListTables()
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		got["tables"]++
		sets, err := c.GetSets(table)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sets {
			if s.Anonymous {
				continue
			}
			got["sets"]++
			elements, err := c.GetSetElements(s)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range elements {
				if !e.IntervalEnd {
					got["elements"]++
				}
			}
		}
	}
	chains, err := c.ListChains()
	if err != nil {
		t.Fatal(err)
	}
	for _, chain := range chains {
		got["chains"]++
		// GetRules leaves out expressions that it does not know, but no rule.
		rules, err := c.GetRules(chain.Table, chain)
		if err != nil {
			t.Fatal(err)
		}
		got["rules"] += len(rules)
	}
	return got
}

// declared counts what the text says, in the last of its table blocks.
func declared(text string) map[string]int {
	_, body, _ := strings.Cut(text, "\n}\n")
	body = body[strings.Index(body, "\ntable "):]
	n := map[string]int{"tables": 1}
	opensSet := regexp.MustCompile(`^(set|map) \S+ \{$`)
	inElements, inChain := false, false
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		switch {
		case opensSet.MatchString(line):
			n["sets"]++
		case strings.HasPrefix(line, "chain "):
			n["chains"]++
			inChain = true
		case line == "elements = {":
			inElements = true
		case line == "}":
			inElements, inChain = false, false
		case inElements && line != "":
			n["elements"]++
		case inChain && line != "" && !strings.HasPrefix(line, "type "):
			n["rules"]++
		}
	}
	return n
}
