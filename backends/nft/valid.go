package nft

// ValidName says whether nft takes a word for the name of a table, a chain, a
// set or an object.
func ValidName(s string) bool { return badName(s) == "" }
