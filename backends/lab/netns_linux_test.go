package lab

import (
	"context"
	"strings"
	"testing"
)

// Nothing is loaded on a thread that is in another namespace than the one that was
// made.
func TestNamespaceIsOurs(t *testing.T) {
	if err := Available(); err != nil {
		t.Skipf("SKIPPED, no kernel test: %v", err)
	}
	l, err := Build(context.Background(), &Plan{Topology: Topology{Nodes: []NodeSpec{{Name: "server"}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := l.nodes["server"].space
	s.inode++
	defer func() { s.inode-- }()
	if err := l.LoadNFT(context.Background(), "self", "table inet x { }\n"); err == nil || !strings.Contains(err.Error(), "namespace") {
		t.Errorf("loaded into a namespace that is not ours: %v", err)
	}
}
