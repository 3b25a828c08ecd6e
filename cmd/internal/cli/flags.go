package cli

import (
	"strings"

	"github.com/loward/loward/backends/kind"
)

// parseKind is what --kind says: Unknown where it says nothing.
func parseKind(name string) (kind.Kind, error) {
	k, known := kind.Parse(name)
	if name != "" && !known {
		return k, usage("there is no kind %q: it is one of %s", name, strings.Join(kind.Names(), ", "))
	}
	return k, nil
}

// checkFormat refuses what --format can't say.
func checkFormat(name string) error {
	if name != "text" && name != "json" {
		return usage("there is no format %q: it is text or json", name)
	}
	return nil
}
