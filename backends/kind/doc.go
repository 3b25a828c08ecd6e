// Package kind tells by its content what an input is: a policy, text of
// iptables-restore, of nft, a shell script. The name of the file only breaks a
// tie.
//
//	k := kind.Detect(f) // kind.Iptables for a file that begins with "*filter"
package kind
