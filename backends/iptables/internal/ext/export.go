package ext

// Number reads a number as the tool does: decimal, or in C's ways hexadecimal
// and octal.
func Number(s string) (n uint64, ok bool) { return number(s) }

// HostName says whether a word may be the name of a host, which only the machine
// can resolve.
func HostName(s string) bool { return hostName(s) }

// Picky: the kernel takes the extension in some builtin chains alone, and in
// chains that only those lead to.
func (e *Extension) Picky() bool { return e.chains != 0 }

// Forbids says whether it is not taken in a builtin chain.
func (e *Extension) Forbids(chain string) bool { return without(uint8(e.chains), chainNames(), chain) }

// Chains in which it is taken, for messages.
func (e *Extension) Chains() string { return names(uint8(e.chains), chainNames()) }
