package referee

import (
	"context"
	"testing"
	"time"

	"github.com/loward/loward/backends/lab"
	"github.com/loward/loward/compiler/path"
)

// And they are so: the kernel does what the facts say, hook by hook as the model.
func TestFactsInTheKernel(t *testing.T) {
	if err := lab.Available(); err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for _, f := range facts() {
		w := factWorld(&f)
		c, err := convene(ctx, w)
		if err != nil {
			t.Fatal(err)
		}
		rs := read(t, f.text())
		if _, err := c.host.Run(ctx, f.text(), "nft", "-f", "-"); err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
		b := c.book(t, rs)
		tr := newTrial(path.New(rs, w.Host), w.Host, f.sent(1), false, func() uint32 { return 2 })
		heard := c.told(t, b, []*trial{tr}, 0)
		got := heard[1] != nil && heard[1].arrived
		if tr.group(0) {
			got = heard[1].at[1].through // INPUT
		}
		if same, kernel, model := tr.compare(b, 0, heard); !same || got != f.want {
			t.Errorf("%s: %s\nkernel %s\n model %s", f.name, f.packet, kernel, model)
		}
		c.close()
	}
}
