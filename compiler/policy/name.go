package policy

import (
	"crypto/sha256"
	"encoding/hex"
)

// derivedHash is the length of what DerivedName appends: '-' and 6 hex digits.
const derivedHash = 7

// MinDerivedName is the least max that DerivedName can serve.
const MinDerivedName = derivedHash + 1

// DerivedName makes a name of at most max bytes out of [A-Za-z0-9_-] from any
// name, for places where the target sets a length or an alphabet: log
// prefixes, chains, sets. A name that fits is itself; any other is cleaned
// (other bytes become '_'), cut, and gets '-' and six hex digits of its SHA-256
// appended, so that different names stay different. max below MinDerivedName
// counts as MinDerivedName.
func DerivedName(name string, max int) string {
	if max < MinDerivedName {
		max = MinDerivedName
	}
	if len(name) <= max && plainName(name) {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	keep := min(len(name), max-derivedHash)
	b := make([]byte, keep, keep+derivedHash)
	for i := range b {
		b[i] = '_'
		if plainByte(name[i]) {
			b[i] = name[i]
		}
	}
	b = append(b, '-')
	return string(hex.AppendEncode(b, sum[:3]))
}

func plainName(s string) bool {
	for i := 0; i < len(s); i++ {
		if !plainByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func plainByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}
