// Package model writes a ruleset as JSON as loward understands it: every table of
// both dialects, chain by chain and rule by rule, with each statement's meaning,
// what is not understood or not known, and where it stands.
//
//	text, mistakes := model.JSON{}.Write(rs)
//
// The document is an object with "version" (1), "tables" and "ipsets". Each
// statement is an object with one member, which names its kind:
//
//	{"match": {"field": "ip saddr", "in": ["10.0.0.0/8"]}}
//	{"module": {"name": "tcp", "args": ["--dport", "22"], "means": [ … ]}}
//	{"verdict": {"kind": "jump", "chain": "office"}}
//
// A value is a number, an address or a prefix, a name; a range is "from-to";
// {"name": …} is a name that only the machine can resolve, and {"unknown": …} a
// piece of a script that can't be known.
package model
