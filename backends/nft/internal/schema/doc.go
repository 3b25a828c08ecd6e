// Package schema reads nft's JSON (libnftables-json(5)) as the same tree of
// commands that nft's text is read as: what nft -j list ruleset prints, and what
// nft -j -f takes.
//
// An object without a verb is added; its handle, which a list shows, is passed
// over. What the schema does not have becomes an extension of iptables (SXT,
// XXT) with its JSON as text: the reader of the tree keeps it as it is.
//
//	for c := range schema.Parse(file, schema.Options{CodeSyntax: "LW001"}, &list) {
//		fmt.Println(c.Verb, c.Kind, c.Table.Text)
//	}
package schema
