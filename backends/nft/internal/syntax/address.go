package syntax

import (
	"net/netip"
	"strconv"
	"strings"
)

// The marks of ruleset.MarkUnknown.
const (
	markOpen  = "\uE000"
	markClose = "\uE001"
	markByte  = 0xEE // the first byte of both
)

// maxAddr is the length of the longest address that can be written.
const maxAddr = 45

// addrAt is the length of the address (or class, 1:ff) at i: the longest of all
// that could be meant.
func addrAt(src string, i int) int {
	best := ip4At(src, i)
	j, colons, double := i, 0, false
	for j < len(src) && j-i < maxAddr && (class[src[j]]&cHex != 0 || src[j] == ':' || src[j] == '.') {
		if src[j] == ':' {
			colons++
			double = double || j > i && src[j-1] == ':'
		}
		j++
	}
	if colons == 0 {
		return best
	}
	if n := macAt(src, i); n > best {
		best = n
	}
	if n := classAt(src, i); n > best {
		best = n
	}
	if double || colons >= 7 || colons >= 6 && strings.IndexByte(src[i:j], '.') >= 0 {
		for ; j > i+best && j > i+1; j-- {
			if a, err := netip.ParseAddr(src[i:j]); err == nil && a.Is6() {
				return j - i
			}
		}
	}
	return best
}

// ip4At takes four numbers of up to three digits, as nft's scanner does.
func ip4At(src string, i int) int {
	j := i
	for part := range 4 {
		if part > 0 {
			if j >= len(src) || src[j] != '.' {
				return 0
			}
			j++
		}
		n := 0
		for j < len(src) && n < 3 && class[src[j]]&cDigit != 0 {
			j++
			n++
		}
		if n == 0 {
			return 0
		}
	}
	return j - i
}

func hexRun(src string, i, most int) int {
	n := 0
	for n < most && i+n < len(src) && class[src[i+n]]&cHex != 0 {
		n++
	}
	return n
}

func macAt(src string, i int) int {
	j := i
	for part := range 6 {
		if part > 0 {
			if j >= len(src) || src[j] != ':' {
				return 0
			}
			j++
		}
		n := hexRun(src, j, 2)
		if n == 0 {
			return 0
		}
		j += n
	}
	return j - i
}

func classAt(src string, i int) int {
	n := hexRun(src, i, 4)
	if n == 0 || i+n >= len(src) || src[i+n] != ':' {
		return 0
	}
	m := hexRun(src, i+n+1, 4)
	j := i + n + 1 + m
	if m == 0 || j >= len(src) {
		return 0
	}
	switch src[j] { // what has to stand behind it
	case ' ', '\t', '\n', ':', '-', '}', ',':
		return j - i
	}
	return 0
}

func hexAt(src string, i int) int {
	if i+2 >= len(src) || src[i] != '0' || src[i+1]|0x20 != 'x' {
		return 0
	}
	n := hexRun(src, i+2, len(src))
	if n == 0 {
		return 0
	}
	return n + 2
}

// units of a time, in the order in which they may stand.
var units = [...]struct {
	name string
	ms   uint64
}{{"d", 24 * 3600 * 1000}, {"h", 3600 * 1000}, {"m", 60 * 1000}, {"s", 1000}, {"ms", 1}}

// timeAt is the length of the time at i: 1d2h3m4s5ms.
func timeAt(src string, i int) int {
	_, n := timeOf(src[i:])
	return n
}

// timeOf reads a time in milliseconds, and how much of the text it is.
func timeOf(text string) (ms uint64, n int) {
	u := 0
	for n < len(text) {
		j := n
		for j < len(text) && j-n < 20 && class[text[j]]&cDigit != 0 {
			j++
		}
		if j == n || j >= len(text) {
			break
		}
		found := false
		for ; u < len(units); u++ {
			name := units[u].name
			if !strings.HasPrefix(text[j:], name) || name == "m" && strings.HasPrefix(text[j:], "ms") {
				continue
			}
			v, err := strconv.ParseUint(text[n:j], 10, 32)
			if err == nil {
				ms += v * units[u].ms
			}
			n, found = j+len(name), true
			u++
			break
		}
		if !found {
			break
		}
	}
	return ms, n
}

// ParseTime reads a time as nft writes it, 1d2h3m4s5ms, in milliseconds.
func ParseTime(text string) (ms uint64, ok bool) {
	ms, n := timeOf(text)
	return ms, n > 0 && n == len(text)
}
