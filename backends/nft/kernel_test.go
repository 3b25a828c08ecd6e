package nft

import (
	"fmt"
	"strings"
	"testing"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/compiler/ruleset"
)

// load has nft load a text twice.
func load(t *testing.T, text []byte) {
	t.Helper()
	if _, err := kernel.Script(t, "nft -f x.nft\nnft -f x.nft", map[string][]byte{"x.nft": text}, "nft"); err != nil {
		t.Errorf("nft does not load it: %v\n%s", err, text)
	}
}

func write(t *testing.T, rs *ruleset.Ruleset) []byte {
	t.Helper()
	text, mistakes := Text{}.Write(rs)
	for _, m := range mistakes {
		t.Errorf("%s: %s", m.Span, m.Message)
	}
	return text
}

func tableOf(chains ...*ruleset.Chain) *ruleset.Ruleset {
	return &ruleset.Ruleset{Tables: []*ruleset.Table{{Name: "loward", Chains: chains}}}
}

// sample values of a field: one, another, and a range (or the first again).
func sample(f ruleset.Field) (a, b, r ruleset.Term) {
	switch i := f.Info(); i.Domain {
	case ruleset.Name:
		if f == ruleset.IIF || f == ruleset.OIF || f == ruleset.SDIF {
			return ruleset.Text("lo"), ruleset.Text("lo"), ruleset.Text("lo")
		}
		return ruleset.Text("eth0"), ruleset.Text("tun0"), ruleset.Text("ppp*")
	case ruleset.String:
		return ruleset.Text("ftp"), ruleset.Text("tftp"), ruleset.Text("ftp")
	case ruleset.User, ruleset.Group:
		return ruleset.Text("daemon"), ruleset.Num(65534), ruleset.Range(1000, 2000)
	case ruleset.Enum:
		return ruleset.Num(2), ruleset.Num(2), ruleset.Num(2)
	case ruleset.Bits:
		return ruleset.Num(2), ruleset.Num(8), ruleset.Num(2)
	case ruleset.Addr6:
		lo := ruleset.U128{Hi: 0xfd53 << 48, Lo: 1}
		hi := ruleset.U128{Hi: 0xfd53 << 48, Lo: 77}
		return ruleset.Term{Lo: lo, Hi: lo}, ruleset.Term{Lo: hi, Hi: hi}, ruleset.Term{Lo: lo, Hi: hi}
	}
	switch w := f.Info().Width; {
	case f == ruleset.CTDirection || f == ruleset.CTLabel || w == 1 || boolean(f):
		return ruleset.Num(1), ruleset.Num(0), ruleset.Num(1)
	case f == ruleset.MetaDay:
		return ruleset.Num(1), ruleset.Num(3), ruleset.Num(1)
	case f == ruleset.MetaTime:
		return ruleset.Num(6e9), ruleset.Num(17e9), ruleset.Range(6e9, 12e9)
	case w <= 2:
		return ruleset.Num(1), ruleset.Num(3), ruleset.Range(1, 2)
	case w <= 4:
		return ruleset.Num(6), ruleset.Num(3), ruleset.Range(4, 6)
	}
	return ruleset.Num(6), ruleset.Num(17), ruleset.Range(6, 12)
}

// boolean: the field is 0 or 1, although it is wider.
func boolean(f ruleset.Field) bool {
	switch f {
	case ruleset.SecPath, ruleset.RTIPsec, ruleset.SocketTransparent, ruleset.SocketWildcard:
		return true
	}
	return false
}

// alone: nft takes the field in no concatenation.
func alone(f ruleset.Field) bool {
	switch f {
	case ruleset.CTHelper, ruleset.IPDSCP, ruleset.IP6DSCP, ruleset.CompFlags:
		return true
	}
	return boolean(f) // nft 1.0.6 aborts there (set_expr_evaluate_concat)
}

// masked: nft takes the field under a mask.
func masked(f ruleset.Field) bool {
	switch f {
	case ruleset.CTLabel, ruleset.IPDSCP, ruleset.IP6DSCP, ruleset.MetaDay, ruleset.MetaTime:
		return false
	}
	switch i := f.Info(); i.Domain {
	case ruleset.Bits, ruleset.Addr4, ruleset.Addr6:
		return true
	case ruleset.Number:
		return i.Width > 2 && !boolean(f)
	}
	return false
}

// skipped says why a field can't be matched on with nft 1.0.6 and the kernels
// that the tests run on, or "".
func skipped(t *testing.T, f ruleset.Field) string {
	switch f {
	case ruleset.GREFlags, ruleset.GREVersion, ruleset.GREProtocol, ruleset.ICMPv6Taddr, ruleset.ICMPv6Daddr, ruleset.Broute:
		return "not in nft 1.0.6"
	case ruleset.SecMark, ruleset.CTSecMark:
		return "nft compares security marks with no constant"
	case ruleset.NFTrace, ruleset.CTEvent:
		return "can only be assigned to"
	case ruleset.IBRName, ruleset.OBRName, ruleset.IBRPVID, ruleset.IBRVProto:
		if !bridges(t) {
			return "the kernel has no module nft_meta_bridge"
		}
	case ruleset.AHNexthdr, ruleset.CompNexthdr:
		return "nft 1.0.6 aborts where it is compared (payload_expr_pctx_update)"
	}
	return ""
}

// bridges says whether the kernel can look at the bridge of a port.
func bridges(t *testing.T) bool {
	_, err := kernel.Script(t, "nft -f x.nft", map[string][]byte{"x.nft": []byte("table bridge t {\n\tchain c {\n\t\tmeta ibrname \"br0\"\n\t}\n}\n")}, "nft")
	return err == nil
}

// Every field of the model, in every way of matching and as the key of a set,
// is taken by nft.
func TestEveryField(t *testing.T) {
	for _, f := range ruleset.Fields() {
		t.Run(strings.ReplaceAll(f.String(), " ", "-"), func(t *testing.T) {
			t.Parallel()
			if why := skipped(t, f); why != "" {
				t.Skip(why)
			}
			a, b, r := sample(f)
			matches := []*ruleset.Match{
				{Field: f, Terms: []ruleset.Term{a}},
				{Field: f, Terms: []ruleset.Term{a}, Neg: true},
				{Field: f, Terms: []ruleset.Term{r}},
				{Field: f, Terms: []ruleset.Term{r}, Neg: true},
				{Field: f, Terms: []ruleset.Term{b, a}},
				{Field: f, Terms: []ruleset.Term{b, a, r}, Neg: true},
			}
			if d := f.Info().Domain; masked(f) {
				mask := ruleset.U128{Lo: 7}
				if d == ruleset.Addr6 {
					mask = ruleset.U128{Hi: ^uint64(0)}
				}
				for _, neg := range []bool{false, true} {
					matches = append(matches,
						&ruleset.Match{Field: f, Op: ruleset.OpMask, Mask: mask, Terms: []ruleset.Term{ruleset.Num(2)}, Neg: neg},
						&ruleset.Match{Field: f, Op: ruleset.OpMask, Mask: mask, Terms: []ruleset.Term{ruleset.Num(2), ruleset.Num(3)}, Neg: neg})
					if d == ruleset.Bits {
						matches = append(matches, &ruleset.Match{Field: f, Op: ruleset.OpAny, Terms: []ruleset.Term{ruleset.Num(6)}, Neg: neg},
							&ruleset.Match{Field: f, Terms: []ruleset.Term{ruleset.Num(6)}, Neg: neg})
					}
				}
			}
			c := &ruleset.Chain{Name: "c"}
			for i, m := range matches {
				c.Rules = append(c.Rules, &ruleset.Rule{Body: []ruleset.Stmt{m, ruleset.Accept}, Comment: fmt.Sprint("match ", i), Counted: true})
			}
			rs := tableOf(c)
			if own := f.Info().Family; own == ruleset.ARP || own == ruleset.Bridge {
				rs.Tables[0].Family = own
			}
			same(t, rs)
			if f.Info().Domain == ruleset.Bits { // nft lists sums in any order
				c.Rules = append(c.Rules, &ruleset.Rule{Body: []ruleset.Stmt{&ruleset.Match{Field: f, Terms: []ruleset.Term{ruleset.Num(6), ruleset.Num(2)}}}})
				load(t, write(t, rs))
				c.Rules = c.Rules[:len(c.Rules)-1]
			}
			if f == ruleset.CTLabel {
				return // nft has no sets of labels: see TestUnsupported
			}
			hash := &ruleset.Set{Name: "hash", Key: []ruleset.Expr{f}, Size: 10, Elems: []ruleset.Elem{{Key: []ruleset.Term{a}, Comment: "one"}}}
			ivl := &ruleset.Set{Name: "ivl", Key: []ruleset.Expr{ruleset.PktType, f}, Interval: true, Verdicts: true,
				Elems: []ruleset.Elem{{Key: []ruleset.Term{ruleset.Num(0), r}, Verdict: ruleset.Drop}}}
			if alone(f) {
				ivl.Key, ivl.Interval, ivl.Elems[0].Key = ivl.Key[1:], f != ruleset.CTHelper && !boolean(f), ivl.Elems[0].Key[1:]
			}
			rs.Tables[0].Sets = []*ruleset.Set{hash, ivl}
			c.Rules = append(c.Rules,
				&ruleset.Rule{Body: []ruleset.Stmt{&ruleset.Lookup{Key: hash.Key, Set: "hash", Neg: true}, &ruleset.VMap{Key: ivl.Key, Map: "ivl"}}},
				&ruleset.Rule{Body: []ruleset.Stmt{&ruleset.VMap{Key: hash.Key, Elems: []ruleset.Elem{{Key: []ruleset.Term{a}, Verdict: ruleset.Return}}}}})
			if p := newProgram(); p.datatypes(hash.Key) && f != ruleset.SocketMark { // JSON knows no socket in a map's key
				same(t, rs)
			} else { // JSON has no typeof: see TestUnsupported
				load(t, write(t, rs))
			}
		})
	}
}
