package syntax

import "github.com/loward/loward/dsl/diag"

// Verb is what a command does.
type Verb uint8

// The verbs.
const (
	Add Verb = iota
	Create
	Insert
	Replace
	Delete
	Destroy
	Flush
	Rename
	// The others change no rule. Reset sets counters to zero.
	Reset
	Get
	List
	Import
	Export
	Monitor
	Describe
)

func (v Verb) String() string {
	return [...]string{"add", "create", "insert", "replace", "delete", "destroy", "flush", "rename",
		"reset", "get", "list", "import", "export", "monitor", "describe"}[v]
}

// Kind is what a command is about, or what an object is.
type Kind uint8

// The kinds.
const (
	NoKind Kind = iota
	Ruleset
	Table
	Chain
	RuleKind
	Set
	Map
	Meter
	Element
	Flowtable
	Counter
	Quota
	Limit
	CTHelper
	CTTimeout
	CTExpectation
	Secmark
	Synproxy
	Tunnel
	Hooks
)

func (k Kind) String() string {
	return [...]string{"", "ruleset", "table", "chain", "rule", "set", "map", "meter", "element", "flowtable",
		"counter", "quota", "limit", "ct helper", "ct timeout", "ct expectation", "secmark", "synproxy", "tunnel", "hooks"}[k]
}

// Name is a name and where it stands. Its text is "" where there is none, and
// may hold marks of the unknown.
type Name struct {
	Text string
	Span diag.Span
}

// Num is a number (of milliseconds, where it is a time) as it stands in the
// text. Where a piece of the text is unknown, so is Value.
type Num struct {
	Value uint64
	Text  string
	Given bool
	Span  diag.Span
}

// Cmd is a command.
type Cmd struct {
	Verb Verb
	Kind Kind
	// Plural: list and reset name all of a kind (counters), of the family or
	// table where one is said.
	Plural bool
	// Family is "" where none is said: ip, or all of them in a command about the
	// ruleset or in a list. Otherwise ip, ip6, inet, arp, bridge or netdev.
	Family string
	Table  Name
	// Chain of a rule.
	Chain Name
	// Name of what is no table and no rule; NewName of rename.
	Name, NewName Name
	// Handle names the thing itself (delete rule … handle 3), or with Position the
	// rule before (insert) or behind (add) which to go; Index counts rules from 0.
	Handle, Position, Index Num
	// Block: the command was written in block form.
	Block bool
	// More: these elements are a part of one list in the source, whose rest the
	// next command brings.
	More bool

	TableSpec *TableSpec // Table; nil where there is no block
	ChainSpec *ChainSpec // Chain; nil likewise
	Rule      *Rule      // RuleKind
	SetSpec   *SetSpec   // Set, Map
	// Elems of Element: each a key, or an XElem. A map's are XElems with Data.
	Elems     []*Expr
	Flowtable *FlowtableSpec
	Object    *ObjectSpec
	Expr      *Expr // of describe; of reset rule and such, nil

	Span diag.Span
}

// TableSpec is what stands in a table's block besides what is in the table.
type TableSpec struct {
	Flags   []Name // dormant, owner, persist
	Comment string
}

// ChainSpec is what stands in a chain's block besides its rules.
type ChainSpec struct {
	// Type, Hook and Priority of a base chain; Type.Text is "" in another.
	Type, Hook Name
	Priority   Priority
	// Devices are words, or strings.
	Devices []*Expr
	Policy  Name
	Flags   []Name // offload
	Comment string
}

// Priority is a named one, an offset from it, or only a number.
type Priority struct {
	Name   string // "", or a name with Offset behind it
	Offset int64
	// Text as written; it may hold marks of the unknown.
	Text  string
	Given bool
	Span  diag.Span
}

// SetSpec is the body of a set or a map. Its elements come as further commands.
type SetSpec struct {
	// Key is the name of a type, or with Typeof an expression; an XConcat of them.
	// nil where the body says neither.
	Key    *Expr
	Typeof bool
	// Data of a map: like Key; or the XSymbol "verdict"; or with Object the kind
	// of the objects that it names. DataInterval: its data are ranges.
	Data         *Expr
	Object       Kind
	DataInterval bool
	Flags        []Name // constant, dynamic, interval, timeout
	Timeout, GC  Num
	Size         Num
	Policy       Name // performance, memory
	AutoMerge    bool
	// Stmts that each element has of its own.
	Stmts   []*Stmt
	Comment string
	// HasElems: elements follow.
	HasElems bool
}

// FlowtableSpec is the body of a flowtable.
type FlowtableSpec struct {
	Hook     Name
	Priority Priority
	Devices  []*Expr
	Counter  bool
	Flags    []Name // offload
}

// ObjectSpec is the body of an object.
type ObjectSpec struct {
	// Stmt of a counter, a quota, a limit or a synproxy.
	Stmt *Stmt
	// Type is the helper's; L4Proto tcp or udp; L3Proto ip, ip6 or inet. Context is
	// a secmark's.
	Type, L4Proto, L3Proto, Context Name
	// DPort, Timeout and Size of an expectation.
	DPort         *Expr
	Timeout, Size Num
	// Policy of a timeout.
	Policy  []StateTimeout
	Comment string
	// Body of a tunnel, as text.
	Body string
}

// StateTimeout is how long a state of a protocol lasts, in milliseconds.
type StateTimeout struct {
	State Name
	Time  Num
}

// Rule is a list of statements.
type Rule struct {
	Stmts   []*Stmt
	Comment string
	Span    diag.Span
}
