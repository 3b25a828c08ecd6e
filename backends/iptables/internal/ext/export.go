package ext

// Number reads a number as the tool does: decimal, or in C's ways hexadecimal
// and octal.
func Number(s string) (n uint64, ok bool) { return number(s) }

// HostName says whether a word may be the name of a host, which only the machine
// can resolve.
func HostName(s string) bool { return hostName(s) }
