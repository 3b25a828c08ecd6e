package probes

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// TestForeign: the rules of others do what they do in earnest, ours beside them
// change nothing, and every harm to them is noticed.
func TestForeign(t *testing.T) {
	for style, loader := range loaders() {
		t.Run(loader, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			l, s := mustBuild(t, `lab container
addr self lo 10.32.16.8/32
docker tcp 10.32.16.8:80 to 172.17.0.2:2368
docker tcp [2001:db8:1::1]:8080 to [fd17::2]:2368
probe wan tcp to 203.0.113.1:18080 at=ctr as=203.0.113.9 -> accept
probe wan tcp to [2001:db8:1::1]:18080 at=ctr -> accept
probe wan tcp to [2001:db8:1::1]:8080 at=ctr -> accept
probe wan tcp to 10.32.16.8:80 at=ctr -> accept
probe self tcp to 10.32.16.8:80 at=ctr -> accept
probe ctr tcp to 198.51.100.7:443 at=wan as=203.0.113.1 -> accept
probe wan tcp to 203.0.113.1:22 at=server -> accept
probe wan tcp from 203.0.113.66 to 203.0.113.1:22 -> reject
probe wan tcp from 2001:db8:1::66 to [2001:db8:1::1]:22 -> reject
probe wan tcp to 203.0.113.1:65001 -> drop
`)
			if err := LoadForeign(ctx, l, s, "self", Style(style)); err != nil {
				t.Fatal(err)
			}
			demand(t, l, s)
			if bad := BannedReach(ctx, l); len(bad) > 0 {
				t.Error(bad)
			}
			before, err := TakeSnapshot(ctx, l, "self", Style(style))
			if err != nil {
				t.Fatal(err)
			}
			ours := func(chain string) bool { return strings.HasPrefix(chain, "own") }
			mine := rules{
				nft:  "table inet own { chain input { type filter hook input priority 0; tcp dport 101 drop; }; }\n",
				four: "*filter\n:own-input - [0:0]\n-I INPUT -j own-input\n-A own-input -p tcp --dport 101 -j DROP\nCOMMIT\n",
			}
			mine.six = mine.four
			mine.load(t, l, "self", loader)
			after, err := TakeSnapshot(ctx, l, "self", Style(style))
			if err != nil {
				t.Fatal(err)
			}
			if bad := Changed(before, after, ours); len(bad) > 0 {
				t.Error(strings.Join(bad, "\n"))
			}
			// Each kind of harm is noticed: a table gone, a rule gone, a rule more.
			for _, harm := range []string{
				"nft delete table inet monitoring",
				fmt.Sprintf("iptables-%s -D DOCKER-USER -j RETURN", Style(style).variant()),
				fmt.Sprintf("ip6tables-%s -I FORWARD -j ACCEPT", Style(style).variant()),
			} {
				// The table is put back afterwards, so that the snapshot can be taken.
				if _, err := l.Run(ctx, "self", "", strings.Fields(harm)...); err != nil {
					t.Fatal(err)
				}
				if strings.HasPrefix(harm, "nft") {
					if err := l.LoadNFT(ctx, "self", "table inet monitoring { }\n"); err != nil {
						t.Fatal(err)
					}
				}
				after, err := TakeSnapshot(ctx, l, "self", Style(style))
				if err != nil {
					t.Fatal(err)
				}
				if bad := Changed(before, after, ours); len(bad) == 0 {
					t.Errorf("%s: not noticed", harm)
				}
				before = after
			}
			// A ban that is lost is noticed.
			flush := []string{"nft", "flush", "table", "inet", "f2b-table"}
			if Style(style) != StyleNFT {
				flush = []string{"iptables-" + string(Style(style).variant()), "-F", "f2b-sshd"}
			}
			if _, err := l.Run(ctx, "self", "", flush...); err != nil {
				t.Fatal(err)
			}
			if bad := BannedReach(ctx, l); len(bad) == 0 {
				t.Error("nobody noticed that the ban is gone")
			}
		})
	}
}
