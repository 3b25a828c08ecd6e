package probes

import (
	"os"
	"strings"
	"testing"
)

// TestDoc holds the documentation to the code: its example is the one that the
// parser's test reads, and every host, device and address is listed.
func TestDoc(t *testing.T) {
	data, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	doc := strings.ReplaceAll(string(data), "//\t", "")
	if !strings.Contains(doc, docExample) {
		t.Error("the example of doc.go is not docExample")
	}
	words := map[string]bool{}
	for _, w := range strings.FieldsFunc(doc, func(r rune) bool { return strings.ContainsRune(" \n,()", r) }) {
		words[w] = true
	}
	for _, name := range TopologyNames() {
		top, ok := Lookup(name)
		if !ok || top.Name != name {
			t.Fatalf("Lookup(%q) is %q", name, top.Name)
		}
		for _, n := range top.Nodes {
			if !words[n.Name] {
				t.Errorf("%s: node %s is not documented", name, n.Name)
			}
			for _, d := range n.Devs {
				if !words[d.Name] {
					t.Errorf("%s: device %s of %s is not documented", name, d.Name, n.Name)
				}
				for _, a := range d.Addrs {
					if !words[a.String()] && !words[a.Addr().String()] {
						t.Errorf("%s: address %s of %s is not documented", name, a, n.Name)
					}
				}
			}
		}
	}
}
