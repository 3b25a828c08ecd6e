//go:build !linux

package backendtest

import (
	"testing"

	"github.com/loward/loward/backends/lab"
)

// TestExamples says why nothing is asked here.
func TestExamples(t *testing.T) {
	t.Skipf("SKIPPED, NOTHING WAS ASKED OF THE KERNEL: %v", lab.Available())
}
